import { z } from 'zod';
import { SourceError } from './source-error.js';

/** The longest number, in characters, that is read from an answer; no source writes one of a tenth of this. */
export const MAX_NUMBER_LENGTH = 200;

/** A number of a JSON answer, kept as the text that stood on the wire: `87123.450` stays `87123.450`. */
export class WireNumber {
  constructor(readonly text: string) {}
}

/** Schema of a JSON number, which arrives as a {@link WireNumber}. */
export const wireNumber = z.custom<WireNumber>(
  (value) => value instanceof WireNumber && value.text.length <= MAX_NUMBER_LENGTH,
  'expected a number',
);

/** Schema of a price or amount that is written as text, such as `"0.0000113"`; what stands in it is checked later. */
export const wireText = z.string().max(MAX_NUMBER_LENGTH, 'expected a short text');

/** Schema of a JSON object whose members are read one by one. */
export const wireObject = z.record(z.string(), z.unknown());

/**
 * Reads a body as JSON. Every number becomes a {@link WireNumber}, because a float would lose digits: the reviver's
 * third argument holds a number's source text (proposal-json-parse-with-source, in Node since 21).
 * @throws SourceError `malformed` when the body is no JSON: empty, cut off, a page of HTML.
 */
export function readJson(source: string, body: string): unknown {
  const value = tryReadJson(body);
  if (value === undefined) throw new SourceError('malformed', source, describeNoJson(body));
  return value;
}

/** The same as {@link readJson} for an answer that need not be JSON; undefined when it is none. */
export function tryReadJson(body: string): unknown {
  try {
    return JSON.parse(body, keepNumberText);
  } catch {
    // A SyntaxError, or a RangeError when it is nested deeper than the stack: no JSON that any source sends.
    return undefined;
  }
}

/** The member of an object that is its own, never one that every object inherits such as `constructor`. */
export function ownMember(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** A source's own words for a message or a log line: one line, at most 200 characters. */
export function oneLine(text: string): string {
  return text
    .replace(/[\s\p{C}]+/gu, ' ')
    .trim()
    .slice(0, 200);
}

// TypeScript's library does not know the reviver's third argument yet.
function keepNumberText(this: unknown, _name: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' ? new WireNumber(context?.source ?? String(value)) : value;
}

function describeNoJson(body: string): string {
  const start = body.trimStart();
  if (start === '') return 'empty body';
  if (start.startsWith('<')) return 'a page of HTML instead of JSON';
  return `the body is no JSON, or is cut off (${body.length} characters)`;
}
