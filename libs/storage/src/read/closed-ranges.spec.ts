import { graceEndOf } from '@app/domain';
import fc from 'fast-check';
import { closedRangesOf, rangesFrom, type ScheduleVersion } from './closed-ranges.js';

const version = (fromSlot: number, toSlot: number | null, intervalSeconds: number): ScheduleVersion => ({
  id: 1,
  fromSlot,
  toSlot,
  intervalSeconds,
});

describe('closedRangesOf', () => {
  it('expects a slot from the second on at which its grace has ended and the closer has looked', () => {
    expect(closedRangesOf([version(0, null, 60)], 0, 1_000, graceEndOf(60, 60) + 7).expected).toBe(1);
    expect(closedRangesOf([version(0, null, 60)], 0, 1_000, graceEndOf(60, 60) + 8).expected).toBe(2);
  });

  it('tells up to where everything is closed', () => {
    expect(closedRangesOf([version(0, null, 1)], 0, 1_000, 500).decidedTo).toBe(482);
    expect(closedRangesOf([version(0, null, 1)], 0, 100, 500).decidedTo).toBe(100);
    expect(closedRangesOf([version(0, 50, 1)], 0, 1_000, 500).decidedTo).toBe(500);
    expect(closedRangesOf([], 0, 1_000, 500).decidedTo).toBe(500);
  });

  it('has nothing open because of a version that ended before its first slot', () => {
    for (const slot of [470, 495, 500, 540]) {
      expect(closedRangesOf([version(slot, slot, 60)], 0, 1_000, 500)).toEqual({
        ranges: [],
        expected: 0,
        decidedTo: 500,
      });
    }
  });

  it('agrees with counting every second by itself', () => {
    const range = fc.tuple(fc.nat(200), fc.nat(200)).map(([from, length]) => ({ from, to: from + length }));
    const cuts = fc.array(
      fc.record({ length: fc.integer({ min: 1, max: 90 }), interval: fc.integer({ min: 1, max: 20 }) }),
      {
        maxLength: 4,
      },
    );
    fc.assert(
      fc.property(range, cuts, fc.nat(400), fc.boolean(), ({ from, to }, lengths, now, open) => {
        let start = 10;
        const versions = lengths.map(({ length, interval }, index) => {
          const end = open && index === lengths.length - 1 ? null : start + length;
          const made = version(start, end, interval);
          start += length;
          return made;
        });
        const expected = versions.flatMap(({ fromSlot, toSlot, intervalSeconds }) =>
          Array.from({ length: to - from }, (_, index) => from + index).filter(
            (second) =>
              second >= fromSlot &&
              second < (toSlot ?? Infinity) &&
              second % intervalSeconds === 0 &&
              graceEndOf(second, intervalSeconds) + 8 <= now,
          ),
        );
        const closed = closedRangesOf(versions, from, to, now);
        expect(closed.expected).toBe(expected.length);
        expect(
          expected.every((second) => closed.ranges.some((range) => second >= range.fromSlot && second < range.toSlot)),
        ).toBe(true);
      }),
    );
  });

  it('gives the rest of ranges after an instant', () => {
    const ranges = closedRangesOf([version(0, 50, 5), version(50, 100, 1)], 0, 100, 1_000).ranges;
    expect(rangesFrom(ranges, 50)).toHaveLength(1);
    expect(rangesFrom(ranges, 20)[0]).toMatchObject({ fromSlot: 20, toSlot: 50 });
    expect(rangesFrom(ranges, 100)).toEqual([]);
  });
});
