import fc from 'fast-check';
import {
  countSlots,
  deadlineOf,
  GRACE_AFTER_WINDOW_SECONDS,
  graceEndOf,
  MAX_WINDOW_SECONDS,
  slotAt,
  slotAtOrAfter,
  windowSeconds,
} from './slot.js';

const interval = fc.oneof(fc.constantFrom(1, 2, 5, 7, 15, 60, 3600, 86_400), fc.integer({ min: 1, max: 400 }));
const second = fc.integer({ min: -5_000, max: 2_000_000_000 });

/** Every slot in a range, found by looking at each second. */
function slotsByLooking(fromSeconds: number, toSeconds: number, intervalSeconds: number): number[] {
  const slots: number[] = [];
  for (let at = Math.ceil(fromSeconds); at < toSeconds; at += 1) if (at % intervalSeconds === 0) slots.push(at);
  return slots;
}

describe('slots', () => {
  test('the slot of an instant is the last multiple of the interval that has begun', () => {
    fc.assert(
      fc.property(second, fc.integer({ min: 0, max: 999 }), interval, (at, ms, intervalSeconds) => {
        const slot = slotAt(at * 1000 + ms, intervalSeconds);
        expect(Math.abs(slot % intervalSeconds)).toBe(0);
        expect(slot).toBeLessThanOrEqual(at);
        expect(slot + intervalSeconds).toBeGreaterThan(at);
      }),
    );
  });

  test('the last millisecond of an interval belongs to its slot and the next one does not', () => {
    expect(slotAt(119_999, 60)).toBe(60);
    expect(slotAt(119_999.999, 60)).toBe(60);
    expect(slotAt(120_000, 60)).toBe(120);
    expect(slotAt(-1, 60)).toBe(-60);
  });

  test('a slot falls on UTC midnight for a day, and for weeks counts from 1970', () => {
    expect(slotAt(Date.UTC(2026, 2, 29, 12), 86_400)).toBe(Date.UTC(2026, 2, 29) / 1000);
    expect(slotAt(Date.UTC(2024, 1, 29, 23, 59, 59, 999), 86_400)).toBe(Date.UTC(2024, 1, 29) / 1000);
  });

  test('the first slot at or after a second is the nearest multiple that does not lie before it', () => {
    fc.assert(
      fc.property(second, fc.integer({ min: 0, max: 999 }), interval, (at, ms, intervalSeconds) => {
        const from = at + ms / 1000;
        const slot = slotAtOrAfter(from, intervalSeconds);
        expect(Math.abs(slot % intervalSeconds)).toBe(0);
        expect(slot).toBeGreaterThanOrEqual(from);
        expect(slot - intervalSeconds).toBeLessThan(from);
      }),
    );
  });

  test('a slot is its own slot, and the first one at or after itself', () => {
    fc.assert(
      fc.property(second, interval, (at, intervalSeconds) => {
        const slot = slotAt(at * 1000, intervalSeconds);
        expect(slotAt(slot * 1000, intervalSeconds)).toBe(slot);
        expect(slotAtOrAfter(slot, intervalSeconds)).toBe(slot);
      }),
    );
  });

  test('counts as many slots as looking at every second finds', () => {
    // In seconds, as clocks tell it.
    const milliseconds = fc.integer({ min: -20_000, max: 900_000 }).map((ms) => ms / 1000);
    fc.assert(
      fc.property(second, milliseconds, interval, (from, length, intervalSeconds) => {
        const expected = slotsByLooking(from, from + length, intervalSeconds).length;
        expect(countSlots(from, from + length, intervalSeconds)).toBe(expected);
      }),
    );
  });

  test('counting adds up: no slot is lost or doubled where two ranges meet', () => {
    fc.assert(
      fc.property(second, fc.nat(500), fc.nat(500), interval, (from, first, second_, intervalSeconds) => {
        const [middle, end] = [from + first, from + first + second_];
        expect(countSlots(from, middle, intervalSeconds) + countSlots(middle, end, intervalSeconds)).toBe(
          countSlots(from, end, intervalSeconds),
        );
      }),
    );
  });

  test('a range that ends before it begins holds no slot', () => {
    expect(countSlots(120, 60, 60)).toBe(0);
    expect(countSlots(60, 60, 60)).toBe(0);
    expect(countSlots(60, 61, 60)).toBe(1);
  });
});

describe('windows', () => {
  test.each([
    [1, 1],
    [5, 5],
    [14, 14],
    [15, 15],
    [16, 15],
    [60, 15],
    [86_400, 15],
  ])('an interval of %i s has a window of %i s', (intervalSeconds, expected) => {
    expect(windowSeconds(intervalSeconds)).toBe(expected);
  });

  test('the window ends within the interval, so that no observation counts for two slots', () => {
    fc.assert(
      fc.property(second, interval, (at, intervalSeconds) => {
        const slot = slotAt(at * 1000, intervalSeconds);
        expect(deadlineOf(slot, intervalSeconds)).toBeLessThanOrEqual(slot + intervalSeconds);
        expect(deadlineOf(slot, intervalSeconds)).toBeLessThanOrEqual(slot + MAX_WINDOW_SECONDS);
        expect(deadlineOf(slot, intervalSeconds)).toBeGreaterThan(slot);
      }),
    );
  });

  test('grace is ten seconds after the window', () => {
    expect(GRACE_AFTER_WINDOW_SECONDS).toBe(10);
    expect(graceEndOf(600, 60)).toBe(625);
    expect(graceEndOf(600, 1)).toBe(611);
  });
});
