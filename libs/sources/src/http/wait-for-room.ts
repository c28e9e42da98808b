import { setTimeout as sleep } from 'node:timers/promises';
import type { BudgetAnswer } from '@app/domain';
import { SourceError, type Source } from '../contract/index.js';

/** How somebody waits for room under a limit. */
export interface RoomWait {
  /** Asks the budget for the call, at a time in milliseconds since 1970. */
  readonly take: (nowMs: number) => Promise<BudgetAnswer>;
  /** The clock, milliseconds since 1970. */
  readonly now: () => number;
  /** For how long to wait in all, in milliseconds. */
  readonly maxWaitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Called before each wait, with how long it will last in milliseconds. */
  readonly onWait?: ((afterMs: number) => void) | undefined;
}

/**
 * Asks a budget for a call to a source until the limit has room for it.
 * @returns false when the month has no credits left, and the call must not be made.
 * @throws SourceError `rate_limited` when there will be no room within `maxWaitMs`.
 */
export async function waitForRoom(
  source: Source,
  { take, now, maxWaitMs, signal, onWait }: RoomWait,
): Promise<boolean> {
  let nowMs = now();
  const giveUpAtMs = nowMs + maxWaitMs;
  for (;;) {
    const answer = await take(nowMs);
    if (answer.kind !== 'later') return answer.kind === 'granted';
    if (nowMs + answer.afterMs > giveUpAtMs)
      throw new SourceError('rate_limited', source.name, 'its limit is used up by other calls');
    onWait?.(answer.afterMs);
    await sleep(answer.afterMs, undefined, { signal });
    // A timer may fire a millisecond early, and would then be asked to wait once more.
    nowMs = Math.max(now(), nowMs + answer.afterMs);
  }
}
