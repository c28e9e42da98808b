import { z } from 'zod';
import { wireNumber } from './read-json.js';

/** 2010-01-01: before any of the sources existed. */
const EARLIEST_SECONDS = 1_262_304_000;
/** 2100-01-01. */
const LATEST_SECONDS = 4_102_444_800;

/**
 * Schema of a time in UNIX seconds, written as a JSON number. Milliseconds and microseconds are far outside the window
 * between 2010 and 2100, so that a vendor who changes the unit is noticed by the magnitude.
 */
export const wireSeconds = wireNumber.transform((number, context) => {
  const seconds = /^\d{10}$/.test(number.text) ? Number(number.text) : undefined;
  if (seconds === undefined || seconds < EARLIEST_SECONDS || seconds > LATEST_SECONDS) {
    context.addIssue({ code: 'custom', message: 'expected UNIX seconds between 2010 and 2100' });
    return z.NEVER;
  }
  return new Date(seconds * 1000);
});
