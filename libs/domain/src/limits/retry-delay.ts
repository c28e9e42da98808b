/** The longest wait before the second attempt, in milliseconds; twice as long before each further one. */
const FIRST_WAIT_MS = 2_000;

/**
 * How long a fetch waits before its next attempt, in milliseconds: anything from nothing to the full wait, so that the calls
 * which failed together do not come back together.
 * @param attempt the one that failed, from 1.
 * @param random 0 to 1.
 */
export function retryDelayMs(attempt: number, random: number): number {
  return Math.round(random * FIRST_WAIT_MS * 2 ** Math.min(attempt - 1, 4));
}
