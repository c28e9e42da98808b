import { z } from 'zod';
import { contradiction, countNames, markMissing } from './scan-json.js';
import { SourceError } from './source-error.js';

/** The longest number, in characters, that is read from an answer; no source writes one of a tenth of this. */
export const MAX_NUMBER_LENGTH = 200;

/** A number of a JSON answer, kept as the text that stood on the wire: `87123.450` stays `87123.450`. */
export class WireNumber {
  constructor(readonly text: string) {}
}

/**
 * What stands where JSON has a value and is none: `NaN`, `Infinity` and the like, or nothing at all, as careless writers put it where they
 * have no number. It is no number for any schema, so that what needs it cannot be read, and all the rest can.
 */
export class NoNumber extends WireNumber {}

/** Schema of a JSON number, which arrives as a {@link WireNumber}. */
export const wireNumber = z.custom<WireNumber>(
  (value) => value instanceof WireNumber && !(value instanceof NoNumber) && value.text.length <= MAX_NUMBER_LENGTH,
  'expected a number',
);

/** Schema of a price or amount that is written as text, such as `"0.0000113"`; what stands in it is checked later. */
export const wireText = z.string().max(MAX_NUMBER_LENGTH, 'expected a short text');

/** Schema of a JSON object whose members are read one by one. */
export const wireObject = z.record(z.string(), z.unknown());

/**
 * Reads a body as JSON. Every number becomes a {@link WireNumber}, because a float would lose digits: the reviver's
 * third argument holds a number's source text (proposal-json-parse-with-source, in Node since 21). A value that is missing or no number
 * becomes a {@link NoNumber}; everything else has to be JSON to the last character.
 * @throws SourceError `malformed` when the body is no JSON: empty, cut off, a page of HTML; or when an object has two values of one name
 * that differ, of which nobody knows which one is meant.
 */
export function readJson(source: string, body: string): unknown {
  const read = readText(body);
  if ('fault' in read) throw new SourceError('malformed', source, read.fault);
  return read.value;
}

/** The same as {@link readJson} for an answer that need not be JSON; undefined when it is none. */
export function tryReadJson(body: string): unknown {
  const read = readText(body);
  return 'fault' in read ? undefined : read.value;
}

/** The member of an object that is its own, never one that every object inherits such as `constructor`. */
export function ownMember(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** The last character of a text that was cut off. Whoever hides secrets looks for the beginning of one before it. */
export const CUT_OFF = '…';

/** A text of at most so many characters, the last of which is {@link CUT_OFF} when something was cut off. */
export function shortened(text: string, length: number): string {
  return text.length <= length ? text : text.slice(0, length - 1) + CUT_OFF;
}

/** A source's own words for a message or a log line: one line, at most 200 characters. */
export function oneLine(text: string): string {
  return shortened(text.replace(/[\s\p{C}]+/gu, ' ').trim(), 200);
}

/** What begins a text that stands in the place of a {@link NoNumber}, until it is parsed. */
const MARK = 'tidemark-no-number:';

function readText(body: string): { readonly value: unknown } | { readonly fault: string } {
  // A byte order mark, which a body has that was read from a file.
  const text = body.startsWith('\uFEFF') ? body.slice(1) : body;
  const read = parseText(text) ?? parseText(markMissing(text, MARK));
  if (read === undefined) return { fault: describeNoJson(text) };
  // Of two members of one name the parser keeps the last: what it keeps must be as many as there are in the text.
  const twice = countNames(text) === read.members ? undefined : contradiction(text);
  if (twice === undefined) return { value: read.value };
  return { fault: `an object has two values of the name ${oneLine(twice)}, and they differ` };
}

/** Parses a text, and counts the members of its objects. @returns undefined when it is no JSON. */
function parseText(text: string | undefined): { readonly value: unknown; readonly members: number } | undefined {
  if (text === undefined) return undefined;
  let members = 0;
  // TypeScript's library does not know the reviver's third argument yet.
  function keepNumberText(this: unknown, _name: string, value: unknown, context?: { source?: string }): unknown {
    if (!Array.isArray(this)) members += 1;
    if (typeof value === 'number') return new WireNumber(context?.source ?? String(value));
    return typeof value === 'string' && value.startsWith(MARK) ? new NoNumber(value.slice(MARK.length)) : value;
  }
  try {
    const value: unknown = JSON.parse(text, keepNumberText);
    // The value itself is handed over as the one member of an object around it.
    return { value, members: members - 1 };
  } catch {
    // A SyntaxError, or a RangeError when it is nested deeper than the stack: no JSON that any source sends.
    return undefined;
  }
}

function describeNoJson(body: string): string {
  const start = body.trimStart();
  if (start === '') return 'empty body';
  if (start.startsWith('<')) return 'a page of HTML instead of JSON';
  return `the body is no JSON, or is cut off (${body.length} characters)`;
}
