import { setTimeout as pause } from 'node:timers/promises';

/** How long to wait for something, and how often to look. */
export interface WaitOptions {
  readonly limitMs: number;
  /** Default 20 ms. */
  readonly everyMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks until there is an answer other than undefined or false.
 * Returns undefined when the time is up or the signal was given.
 */
export async function waitUntil<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { limitMs, everyMs = 20, signal }: WaitOptions,
): Promise<T | undefined> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const answer = await look();
    if (answer !== undefined && answer !== false) return answer;
    if (signal?.aborted === true || performance.now() >= deadline) return undefined;
    await pause(everyMs);
  }
}
