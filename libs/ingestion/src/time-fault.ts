/** 2009-01-03, the day of the first block: no price of a crypto asset is older. */
const EARLIEST_MS = Date.UTC(2009, 0, 3);

/** A day: files may hold dates of a zone that is ahead. */
const MOST_AHEAD_MS = 86_400_000;

/**
 * What is wrong with the time of a record; undefined when nothing is. One from far ahead would keep every later record of its asset out, and each
 * month makes a table.
 */
export function timeFault(at: Date, nowMs: number): string | undefined {
  const time = at.toISOString();
  if (at.getTime() < EARLIEST_MS) return `${time} is before 2009-01-03, when there were no prices`;
  return at.getTime() > nowMs + MOST_AHEAD_MS ? `${time} is in the future` : undefined;
}
