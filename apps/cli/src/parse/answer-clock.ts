import { isQuote, type SourceReading } from '@app/sources';

/** How far a time in an answer may be ahead of this machine's clock and still set the clock, in milliseconds. */
const MAX_LEAD_MS = 60_000;

/** The time that an answer's `Date` names; undefined when it names none. */
export function headerClock(headers: Readonly<Record<string, string>>): number | undefined {
  const date = headers['date'] === undefined ? NaN : Date.parse(headers['date']);
  return Number.isNaN(date) ? undefined : date;
}

/**
 * When a stored answer is taken to have arrived: at its `Date`, else at the newest time among its prices, else now. A price whose
 * time is still to come does not set the clock, or it could never be found out.
 */
export function answerClock(
  headers: Readonly<Record<string, string>>,
  readings: readonly SourceReading[],
  nowMs: number,
): number {
  const named = headerClock(headers);
  if (named !== undefined) return named;
  const times = readings
    .flatMap((reading) => (isQuote(reading) && reading.sourceTime !== undefined ? [reading.sourceTime.getTime()] : []))
    .filter((time) => time <= nowMs + MAX_LEAD_MS);
  return times.length === 0 ? nowMs : Math.max(...times);
}
