import { WireNumber } from './read-json.js';

/** A number whose exponent has more digits is no amount of anything, and no database has room for it. */
const MAX_EXPONENT_DIGITS = 3;

/** Longer numbers are none; Postgres has room for 131,072 digits. */
const MAX_NUMBER_LENGTH = 1_000;

/**
 * A part of an answer as JSON again, every number with the digits that stood on the wire. What JSON can carry and Postgres cannot, the
 * character NUL and halves of a character, becomes U+FFFD; a number without bounds becomes a text.
 */
export function wireJson(value: unknown): string {
  if (value instanceof WireNumber) return numberText(value.text);
  if (typeof value === 'string') return JSON.stringify(value.toWellFormed().replaceAll('\0', '\uFFFD'));
  if (Array.isArray(value)) return `[${value.map(wireJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  return `{${Object.entries(value)
    .map(([name, member]) => `${wireJson(name)}:${wireJson(member)}`)
    .join(',')}}`;
}

function numberText(text: string): string {
  const [, exponent = ''] = /^-?\d+(?:\.\d+)?(?:e[+-]?(\d+))?$/i.exec(text) ?? [undefined, 'none'];
  const isNumber = text.length <= MAX_NUMBER_LENGTH && exponent.length <= MAX_EXPONENT_DIGITS && exponent !== 'none';
  return isNumber ? text : JSON.stringify(text);
}
