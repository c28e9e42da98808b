import { z } from 'zod';

/** The last instant that can be asked for: ten digits, in the year 2286. */
export const MAX_UNIX_SECONDS = 9_999_999_999;

/** How an instant was understood, or why it was not: the rest of a sentence that begins with the name of the parameter. */
export type ReadInstant =
  { readonly seconds: number; readonly fault?: undefined } | { readonly seconds?: undefined; readonly fault: string };

/** To which whole second an instant between two of them belongs. */
export type Rounding = 'up' | 'down';

/** Both ways to write an instant, for messages. */
export const INSTANT_EXAMPLES = '1766000000 or 2025-12-17T19:33:20Z';

/**
 * Reads an instant: whole UNIX seconds, or a date or date-time of ISO 8601. A date is its midnight in UTC, and so is a time without a zone
 * in UTC.
 * @param rounding what becomes of a fraction of a second, which stands in times of ISO 8601 only.
 */
export function readInstant(text: string, rounding: Rounding): ReadInstant {
  return /^\d{4,}-\d/.test(text) ? readIsoTime(text, rounding) : readUnixSeconds(text);
}

function readUnixSeconds(text: string): ReadInstant {
  if (/^-\d+(\.\d+)?$/.test(text)) return { fault: `is negative: give UNIX seconds or a time, ${INSTANT_EXAMPLES}` };
  if (/^\d+\.\d+$/.test(text)) return { fault: 'must be whole UNIX seconds, without a fraction' };
  if (!/^\d+$/.test(text)) return { fault: `is neither UNIX seconds nor a time: write ${INSTANT_EXAMPLES}` };
  const [, year, month = '01', day = '01'] = YEAR_OR_DAY.exec(text) ?? [];
  if (year !== undefined) return { fault: `looks like a date: write ${year}-${month}-${day}, or UNIX seconds` };
  const digits = text.replace(/^0+(?=\d)/, '');
  if (digits.length === 13) return { fault: `has 13 digits. Milliseconds? Divide by 1000: ${digits.slice(0, -3)}` };
  if (digits.length === 16) return { fault: `has 16 digits. Microseconds? Divide by 1000000: ${digits.slice(0, -6)}` };
  if (digits.length === 19)
    return { fault: `has 19 digits. Nanoseconds? Divide by 1000000000: ${digits.slice(0, -9)}` };
  return inRange(Number(digits));
}

/** A year or a day without its hyphens: as UNIX seconds a moment of 1970 before there was a price of anything here. */
const YEAR_OR_DAY = /^((?:19|20|21)\d\d)(?:(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01]))?$/;

const isoDate = z.iso.date();
const isoTime = z.iso.datetime({ offset: true, local: true });

function readIsoTime(text: string, rounding: Rounding): ReadInstant {
  const written = mended(text);
  const isDate = isoDate.safeParse(written).success;
  if (!isDate && !isoTime.safeParse(written).success) {
    return { fault: 'is no time that there is: write 2025-12-17, 2025-12-17T19:33:20Z or 2025-12-17T20:33:20+01:00' };
  }
  // The fraction is read here: a date of JavaScript ends at milliseconds.
  const fraction = /\.(\d+)/.exec(written);
  const time = written.replace(/\.\d+/, '');
  const seconds = Date.parse(isDate || /(Z|[+-]\d\d:\d\d)$/.test(time) ? time : `${time}Z`) / 1000;
  return inRange(rounding === 'up' && /[1-9]/.test(fraction?.[1] ?? '') ? seconds + 1 : seconds);
}

/**
 * In full: a space between date and time is a T, one before an offset the plus sign, which in a query is read as a space; an offset may
 * leave its colon out, and a time its seconds. A fraction of a minute is not mended, and so refused.
 */
function mended(text: string): string {
  return text
    .replace(/^([\d-]+)[ t](?=\d\d:)/, '$1T')
    .replace(/^(.*T.*) (\d\d:?\d\d)$/, '$1+$2')
    .replace(/^(.*T.*[+-]\d\d)(\d\d)$/, '$1:$2')
    .replace(/T\d\d:\d\d(?![:\d.])/, '$&:00')
    .replace(/z$/, 'Z');
}

function inRange(seconds: number): ReadInstant {
  if (seconds < 0) return { fault: 'is before 1970, where no price can be' };
  if (seconds > MAX_UNIX_SECONDS) {
    return { fault: `must be at most ${MAX_UNIX_SECONDS}, in the year 2286: give UNIX seconds or a time` };
  }
  return { seconds };
}
