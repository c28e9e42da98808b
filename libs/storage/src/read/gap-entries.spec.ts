import { mergeNeighbours, pageOf, UNEXPLAINED, type GapEntry } from './gap-entries.js';

const timeout = [{ source: 'deribit', outcome: 'failed', reason: 'timeout' }];
const late = [{ source: 'deribit', outcome: 'missed', reason: 'late' }];
const entry = (from: number, to: number): GapEntry => ({ from, to, slots: to - from, reason: 'late', sources: [] });

describe('mergeNeighbours', () => {
  it('makes one entry of neighbours with the same outcomes', () => {
    const slots = [0, 5, 10].map((slot) => ({ slot, endSlot: slot + 5, sources: timeout }));
    expect(mergeNeighbours(slots)).toEqual([{ from: 0, to: 15, slots: 3, reason: 'timeout', sources: timeout }]);
  });

  it('keeps apart what differs or does not touch', () => {
    const slots = [
      { slot: 0, endSlot: 5, sources: timeout },
      { slot: 5, endSlot: 10, sources: late },
      { slot: 15, endSlot: 20, sources: late },
    ];
    expect(mergeNeighbours(slots).map(({ from, slots: count, reason }) => [from, count, reason])).toEqual([
      [0, 1, 'timeout'],
      [5, 1, 'late'],
      [15, 1, 'late'],
    ]);
  });

  it('takes the reason of the first source that has one', () => {
    const sources = [{ source: 'deribit', outcome: 'accepted', reason: null }, ...late];
    expect(mergeNeighbours([{ slot: 0, endSlot: 1, sources }])[0]?.reason).toBe('late');
    expect(mergeNeighbours([{ slot: 0, endSlot: 1, sources: [] }])[0]?.reason).toBe(UNEXPLAINED);
  });
});

describe('pageOf', () => {
  it('puts entries of all kinds in order and goes on where the limit cut', () => {
    const found = [
      { entries: [entry(0, 5), entry(20, 25)], horizon: undefined },
      { entries: [entry(10, 15)], horizon: undefined },
    ];
    expect(pageOf(found, 2)).toEqual({ entries: [entry(0, 5), entry(10, 15)], next: 20 });
    expect(pageOf(found, 3).next).toBeUndefined();
  });

  it('gives nothing beyond what every kind was looked for', () => {
    const found = [
      { entries: [entry(0, 5), entry(5, 8)], horizon: 8 },
      { entries: [entry(30, 35)], horizon: undefined },
    ];
    expect(pageOf(found, 10)).toEqual({ entries: [entry(0, 5), entry(5, 8)], next: 8 });
  });
});
