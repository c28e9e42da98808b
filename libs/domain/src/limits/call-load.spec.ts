import { loadAtOnce, loadIn, MONTH_SECONDS, type BatchLoad } from './call-load.js';

const batch = (cost: number, ...intervals: number[]): BatchLoad => ({ intervals, cost });

describe('the load that a catalogue puts on a source', () => {
  it.each([
    ['no batch', [], 0],
    ['one batch every minute', [batch(1, 60)], 44_640],
    ['three of them', [batch(1, 60), batch(1, 60), batch(1, 60)], 133_920],
    ['a call that counts as four', [batch(4, 60)], 178_560],
    ['tickers of one batch at the same interval', [batch(1, 60, 60)], 44_640],
    ['tickers of one batch at a multiple of it', [batch(1, 60, 300)], 44_640],
    ['tickers of one batch at intervals that do not fit: what they share counts twice', [batch(1, 20, 30)], 223_200],
  ])('in a month of 31 days: %s', (_which, batches, calls) => {
    expect(loadIn(MONTH_SECONDS, batches)).toBeCloseTo(calls, 6);
  });

  it('at a slot that all batches share is the sum of what they count', () => {
    expect(loadAtOnce([])).toBe(0);
    expect(loadAtOnce([batch(2, 60), batch(5, 3_600)])).toBe(7);
  });
});
