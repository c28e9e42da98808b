/** The calls for one batch of a source: at each slot of any of these intervals one call. */
export interface BatchLoad {
  /** In seconds. */
  readonly intervals: readonly number[];
  /** What a call counts against limit and month. */
  readonly cost: number;
}

/**
 * The share of a published limit that is used. A token bucket lets up to twice its share through a window as long as its period; a
 * little below half leaves room for calls that were held up on their way.
 */
export const LIMIT_SHARE = 0.45;

/** The longest month, in seconds. */
export const MONTH_SECONDS = 31 * 86_400;

/**
 * What the batches of a source count in so many seconds on the average. Where the intervals of one batch are no multiples of
 * each other, a slot that they share counts twice: a little too much rather than too little.
 */
export function loadIn(seconds: number, batches: readonly BatchLoad[]): number {
  return batches.reduce((sum, batch) => sum + batch.cost * seconds * rateOf(batch.intervals), 0);
}

/** What they count at a slot in which all of them are due: the most that comes at once. */
export function loadAtOnce(batches: readonly BatchLoad[]): number {
  return batches.reduce((sum, { cost }) => sum + cost, 0);
}

/** Calls a second for one batch. */
function rateOf(intervals: readonly number[]): number {
  const distinct = [...new Set(intervals)];
  const own = distinct.filter((interval) => !distinct.some((other) => other < interval && interval % other === 0));
  return own.reduce((sum, interval) => sum + 1 / interval, 0);
}
