import { CANDLE_SECONDS, candleBucketOf } from './candle.js';

describe('candle buckets', () => {
  test('an hour is one bucket, from its first second to its last', () => {
    const hour = Date.UTC(2026, 10, 20, 17) / 1000;
    expect(candleBucketOf(hour)).toBe(hour);
    expect(candleBucketOf(hour + CANDLE_SECONDS - 1)).toBe(hour);
    expect(candleBucketOf(hour + CANDLE_SECONDS)).toBe(hour + CANDLE_SECONDS);
    expect(candleBucketOf(hour - 1)).toBe(hour - CANDLE_SECONDS);
  });
});
