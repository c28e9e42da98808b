import { errorWordsOf } from './error-words.js';
import { WireNumber } from './read-json.js';
import { unixTime } from './source-time.js';

/** The longest time, in seconds, that is taken for one: a week. How long a source is really left alone is decided elsewhere. */
export const MAX_RETRY_AFTER_SECONDS = 604_800;

/** How deep in an answer a wait is looked for, and in how many members of an object. */
const SEARCHED = { depth: 3, members: 50 };

/** The date form of RFC 9110; `Date.parse` alone would also read `-5` and other rubbish as a date. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const ISO_DATE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** `retry_after`, `retryAfter`, `Retry-After`, `retry_in_seconds`, `retry_after_ms`, written as one word in lower case. */
const WAIT_NAME = /^retry(?:after|in)(s|secs?|seconds?|ms|millis|milliseconds)?$/;

/**
 * "Expected available in 25 seconds", "try again in 1 minute", "retry after 500ms", "wait 30". A number without a unit is in seconds when no
 * word follows it; part of a date or a time of day (`2026-12-01`, `12:30`), or the number of an error, it is no wait.
 */
const WAIT_WORDS =
  /\b(?:retry|retrying|again|wait|available|expires?|resets?)\b(?:(?!\b(?:error|code|status|id)\b)[^\d.;]){0,24}(\d{1,9}(?:\.\d{1,9})?)(?![\d.]*[-:/])(?:\s?(milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|h)\b|(?=\s*(?:$|[.,;!?)\]}"'](?!\d))))/i;

/** "IP banned until 1767265260000": UNIX seconds or milliseconds. */
const UNTIL_WORDS = /\buntil\b\D{0,24}(\d{13}|\d{10})\b/i;

/**
 * Reads a `Retry-After` header: seconds, or a date.
 * @returns seconds from now, from 0 to {@link MAX_RETRY_AFTER_SECONDS}; undefined when it is absent or neither.
 */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text), MAX_RETRY_AFTER_SECONDS);
  if (!HTTP_DATE.test(text)) return undefined;
  const seconds = Math.ceil((Date.parse(text) - nowMs) / 1000);
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), MAX_RETRY_AFTER_SECONDS);
}

/**
 * Reads the wait that the body of a refusal asks for: a member such as `retry_after` (seconds, or the time until which it lasts), here
 * or some levels below, or the words of its error, "try again in 30 seconds".
 * @param json the body; undefined when it is no JSON.
 * @returns seconds from now, from 0 to {@link MAX_RETRY_AFTER_SECONDS}: the longest one that is named; undefined when none is.
 */
export function waitIn(json: unknown, body: string, nowMs: number): number | undefined {
  return longestWait(...waitsOfMembers(json, nowMs), waitInWords(errorWordsOf(json, body), nowMs));
}

/**
 * How long the words of a limit ask to wait: "try again in 30 seconds", "banned until 1767265260".
 * @returns seconds from now, at most {@link MAX_RETRY_AFTER_SECONDS}; undefined when they name no time, or one that is over.
 */
export function waitInWords(words: string, nowMs: number): number | undefined {
  const [, until] = UNTIL_WORDS.exec(words) ?? [];
  const [, amount, unit = 's'] = WAIT_WORDS.exec(words) ?? [];
  const perUnit = /^(ms|milli)/i.test(unit) ? 0.001 : /^s/i.test(unit) ? 1 : /^m/i.test(unit) ? 60 : 3600;
  const seconds = until === undefined ? Number(amount) * perUnit : (Number(until.padEnd(13, '0')) - nowMs) / 1000;
  return seconds > 0 ? bounded(seconds) : undefined;
}

/**
 * Which of several waits counts: the longest, since whoever calls earlier is refused again. One of a week or more is no honest one
 * beside a shorter one. A header of 0, or of a date that has passed, takes nothing from what the body says.
 * @returns seconds; undefined when none is named.
 */
export function longestWait(...waits: readonly (number | undefined)[]): number | undefined {
  const given = waits.filter((wait) => wait !== undefined);
  if (given.length === 0) return undefined;
  const honest = given.filter((seconds) => seconds < MAX_RETRY_AFTER_SECONDS);
  return honest.length === 0 ? MAX_RETRY_AFTER_SECONDS : Math.max(...honest);
}

function waitsOfMembers(value: unknown, nowMs: number, depth = SEARCHED.depth): (number | undefined)[] {
  if (typeof value !== 'object' || value === null || value instanceof WireNumber || depth === 0) return [];
  return Object.entries(value)
    .slice(0, SEARCHED.members)
    .flatMap(([name, member]) => {
      const unit = WAIT_NAME.exec(name.toLowerCase().replace(/[_\-\s]/g, ''));
      if (unit === null) return waitsOfMembers(member, nowMs, depth - 1);
      return [secondsOf(member, (unit[1] ?? '').startsWith('m') ? 0.001 : 1, nowMs)];
    });
}

function secondsOf(value: unknown, perUnit: number, nowMs: number): number | undefined {
  const text = value instanceof WireNumber ? value.text : typeof value === 'string' ? value.trim() : '';
  const until =
    HTTP_DATE.test(text) || ISO_DATE.test(text) ? new Date(text) : (unixTime(text, 1) ?? unixTime(text, 1000));
  if (until !== undefined) return bounded((until.getTime() - nowMs) / 1000);
  return /^\d{1,15}(\.\d{1,15})?$/.test(text) ? bounded(Number(text) * perUnit) : undefined;
}

function bounded(seconds: number): number | undefined {
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(Math.ceil(seconds), 0), MAX_RETRY_AFTER_SECONDS);
}
