import { z } from 'zod';
import { wireNumber, wireText } from './read-json.js';

/** 2010-01-01: before any of the sources existed. */
const EARLIEST_SECONDS = 1_262_304_000;
/** 2100-01-01. */
const LATEST_SECONDS = 4_102_444_800;

/**
 * Schema of a time in UNIX seconds, written as a JSON number. Milliseconds and microseconds are far outside the window
 * between 2010 and 2100, so that a vendor who changes the unit is noticed by the magnitude.
 */
export const wireSeconds = wireNumber.transform((number, context) => {
  const time = unixTime(number.text, 1);
  if (time !== undefined) return time;
  context.addIssue({ code: 'custom', message: 'expected UNIX seconds between 2010 and 2100' });
  return z.NEVER;
});

/** Schema of a time in UNIX milliseconds, written as a JSON number. */
export const wireMilliseconds = wireNumber.transform((number, context) => {
  const time = unixTime(number.text, 1000);
  if (time !== undefined) return time;
  context.addIssue({ code: 'custom', message: 'expected UNIX milliseconds between 2010 and 2100' });
  return z.NEVER;
});

/** Schema of a time in UNIX seconds, written as a text of digits. */
export const wireSecondsText = wireText.transform((text, context) => {
  const time = unixTime(text, 1);
  if (time !== undefined) return time;
  context.addIssue({ code: 'custom', message: 'expected UNIX seconds between 2010 and 2100 as text' });
  return z.NEVER;
});

/** Schema of a time in UNIX milliseconds, written as a text of digits. */
export const wireMillisecondsText = wireText.transform((text, context) => {
  const time = unixTime(text, 1000);
  if (time !== undefined) return time;
  context.addIssue({ code: 'custom', message: 'expected UNIX milliseconds between 2010 and 2100 as text' });
  return z.NEVER;
});

/** Schema of an ISO 8601 time in UTC with up to nine digits after the second, such as `2026-09-19T18:58:13.123456789Z`. */
export const wireIsoTime = wireText.transform((text, context) => {
  const match = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d{1,9})?(Z|\+00:00)$/.exec(text);
  const milliseconds = match === null ? NaN : Date.parse(`${match[1]}${(match[2] ?? '').slice(0, 4)}Z`);
  if (milliseconds >= EARLIEST_SECONDS * 1000 && milliseconds <= LATEST_SECONDS * 1000) return new Date(milliseconds);
  context.addIssue({ code: 'custom', message: 'expected an ISO time in UTC between 2010 and 2100' });
  return z.NEVER;
});

/** Reads a number of whole seconds, or of as many parts of one; undefined outside of the window. */
export function unixTime(text: string, unitsPerSecond: number): Date | undefined {
  return /^\d{10,16}$/.test(text) ? unixTimeWithFraction(text, unitsPerSecond) : undefined;
}

/**
 * Reads a number of seconds, or of as many parts of one, that may have decimals: `1767265201.25`. What is below a millisecond is cut off.
 * @param unitsPerSecond 1, 1e3, 1e6 or 1e9.
 * @returns undefined outside of the window.
 */
export function unixTimeWithFraction(text: string, unitsPerSecond: number): Date | undefined {
  const [, whole, fraction = ''] = /^(\d{10,20})(?:\.(\d{1,30}))?$/.exec(text) ?? [];
  if (whole === undefined) return undefined;
  // By whole numbers: a float of nanoseconds, and a quotient of milliseconds, may lie a millisecond off.
  const milliseconds = BigInt(whole + fraction.padEnd(3, '0').slice(0, 3)) / BigInt(unitsPerSecond);
  return plausibleTime(Number(milliseconds));
}

/** The time of these UNIX milliseconds; undefined outside of the window. */
export function plausibleTime(milliseconds: number): Date | undefined {
  const isPlausible = milliseconds >= EARLIEST_SECONDS * 1000 && milliseconds <= LATEST_SECONDS * 1000;
  return isPlausible ? new Date(milliseconds) : undefined;
}
