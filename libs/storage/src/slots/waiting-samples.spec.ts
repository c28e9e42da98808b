import { inParts } from './waiting-samples.js';

describe('slots to be decided', () => {
  it('are cut into parts of 500 tickers, none left out and none doubled', () => {
    const tickerIds = Array.from({ length: 1_201 }, (_, index) => index + 1);
    const parts = inParts([
      { slot: 60, tickerIds },
      { slot: 120, tickerIds: [7] },
      { slot: 180, tickerIds: [] },
    ]);
    expect(parts.map(({ slot, tickerIds: part }) => [slot, part.length])).toEqual([
      [60, 500],
      [60, 500],
      [60, 201],
      [120, 1],
    ]);
    expect(parts.slice(0, 3).flatMap((part) => part.tickerIds)).toEqual(tickerIds);
  });
});
