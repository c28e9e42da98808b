import { retryDelayMs } from './retry-delay.js';

describe('the wait before another attempt', () => {
  it.each([
    [1, 0, 0],
    [1, 0.5, 1_000],
    [1, 1, 2_000],
    [2, 1, 4_000],
    [3, 0.25, 2_000],
    [99, 1, 32_000],
  ])('after attempt %i with the draw %f is %i ms', (attempt, random, ms) => {
    expect(retryDelayMs(attempt, random)).toBe(ms);
  });
});
