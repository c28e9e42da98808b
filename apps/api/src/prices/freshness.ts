/** How old a price is, and whether that is too old for how often it is sampled. */
export interface Freshness {
  /** Seconds since it was received, to the millisecond; 0 when the clocks disagree and it comes from the future. */
  readonly ageSeconds: number;
  /** Older than twice its interval: at least one whole slot was missed. */
  readonly stale: boolean;
}

/** Judges a price by the time of its receipt. */
export function freshnessOf(observedAt: number, intervalSeconds: number, nowMs: number): Freshness {
  const ageMs = Math.max(0, nowMs - Math.round(observedAt * 1000));
  return { ageSeconds: ageMs / 1000, stale: ageMs > 2 * intervalSeconds * 1000 };
}
