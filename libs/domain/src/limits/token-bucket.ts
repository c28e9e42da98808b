/**
 * What of a source's limit is used, as a token bucket: up to `share` at once, refilled evenly over `perSeconds`. No window as long as
 * the period ever holds more than twice the share, or 2.2 times where one call takes most of it: that is to stay below what the source
 * publishes.
 */
export interface CallLimit {
  /** In calls, or in weight where calls weigh differently. */
  readonly share: number;
  readonly perSeconds: number;
}

/** Whether a call may be made now: `granted` has been counted; `later` is worth asking again after `afterMs`. */
export type BudgetAnswer =
  { readonly kind: 'granted' } | { readonly kind: 'later'; readonly afterMs: number } | { readonly kind: 'no_credits' };

/** A bucket as one call meets it, in milliseconds of refilling. */
export interface CallBucket {
  /** How long it takes to refill what the call takes. */
  readonly costMs: number;
  /** How long the refilling of what was taken before may still last when the call comes. */
  readonly roomMs: number;
  /** What lasts longer was taken by a process whose clock was wrong, and does not count. */
  readonly furthestMs: number;
}

/** A call may come so much of its own time before the bucket has room for it. */
const SLACK = 0.2;

/** What lies further ahead than the calls themselves explain, by so much, was taken by a process whose clock was wrong. */
const WRONG_CLOCK_MS = 60_000;

/**
 * The bucket of a limit for a call that takes `cost` of it.
 * @param keptFree from 0 to 1: the part of the share that the call leaves to calls that matter more; default: nothing. Where that is
 * more than it can leave, the call comes when the bucket is next to full.
 *
 * A call that is heavier than the share comes when the bucket is next to
 * full, and is refilled whole before the next but one.
 */
export function bucketFor({ share, perSeconds }: CallLimit, cost: number, keptFree = 0): CallBucket {
  const periodMs = perSeconds * 1000;
  // In whole microseconds, as Postgres keeps a time: sums are exact, and the last call of a share is not lost to what was rounded.
  const costMs = Math.floor((cost / share) * periodMs * 1000) / 1000;
  return {
    costMs,
    // Never nothing: the queue hands out jobs at the same pace, and one that came a moment early would wait there once more.
    roomMs: Math.max(periodMs * (1 - keptFree) - costMs, costMs * SLACK),
    furthestMs: Math.max(periodMs, costMs) * 2 + WRONG_CLOCK_MS,
  };
}

/**
 * Takes a call from a bucket that is kept in memory.
 * @param fullAtMs when the bucket will be full again; undefined: nothing was ever taken.
 * @returns when it will be full again with this call, or in how many milliseconds the call is worth asking for again.
 */
export function takeFromBucket(
  fullAtMs: number | undefined,
  nowMs: number,
  { costMs, roomMs, furthestMs }: CallBucket,
): { readonly fullAtMs: number } | { readonly afterMs: number } {
  const takenMs = Math.max(0, (fullAtMs ?? nowMs) - nowMs);
  const usedMs = takenMs > furthestMs ? 0 : takenMs;
  return usedMs <= roomMs ? { fullAtMs: nowMs + usedMs + costMs } : { afterMs: roomAfterMs(usedMs, roomMs) };
}

/** In how many milliseconds there is room for a call. */
export function roomAfterMs(usedMs: number, roomMs: number): number {
  return Math.max(1, Math.ceil(usedMs - roomMs));
}
