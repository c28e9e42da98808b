/** The longest time, in seconds, that is taken for one: a week. How long a source is really left alone is decided elsewhere. */
export const MAX_RETRY_AFTER_SECONDS = 604_800;

/** The date form of RFC 9110; `Date.parse` alone would also read `-5` and other rubbish as a date. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

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
