/** Length of a stored candle: prices are aggregated by the hour, longer buckets are made from hours. */
export const CANDLE_SECONDS = 3600;

/** Start of the hour that a slot falls into, UNIX seconds. */
export function candleBucketOf(slot: number): number {
  return Math.floor(slot / CANDLE_SECONDS) * CANDLE_SECONDS;
}
