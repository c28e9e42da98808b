import { freshnessOf } from './freshness.js';

describe('freshnessOf', () => {
  it('calls a price stale when it is older than twice its interval', () => {
    expect(freshnessOf(1_000.5, 60, 1_120_500)).toEqual({ ageSeconds: 120, stale: false });
    expect(freshnessOf(1_000.5, 60, 1_120_501)).toEqual({ ageSeconds: 120.001, stale: true });
  });

  it('gives a price from the future the age 0', () => {
    expect(freshnessOf(1_000.2, 60, 1_000_000)).toEqual({ ageSeconds: 0, stale: false });
  });
});
