import fc from 'fast-check';
import { isAffordable, monthOf, outlookOf, secondsLeftInMonth } from './credit-budget.js';

const at = (text: string): number => Date.parse(text);

describe('the month of an instant', () => {
  it.each([
    ['2026-11-01T00:00:00Z', '2026-11-01', 30 * 86_400],
    ['2026-11-30T23:59:59Z', '2026-11-01', 1],
    ['2026-12-31T23:00:00Z', '2026-12-01', 3_600],
    ['2028-02-28T00:00:00Z', '2028-02-01', 2 * 86_400],
    ['2026-11-01T01:30:00+02:00', '2026-10-01', 1_800],
  ])('%s belongs to %s and has %i s left, in UTC', (instant, month, seconds) => {
    expect(monthOf(at(instant))).toBe(month);
    expect(secondsLeftInMonth(at(instant))).toBe(seconds);
  });
});

describe('the outlook of a month', () => {
  const begin = at('2026-11-01T00:00:00Z');
  const everyMinute = 1 / 60;

  it.each([
    ['what lasts is not slowed', 43_200, 0, 1],
    ['more than enough is not slowed', 1_000_000, 500, 1],
    ['half of what is needed gives nearly half', 21_600, 0, 0.495],
    ['what is used counts', 43_200, 21_600, 0.495],
    ['a spent month gives nothing', 20_000, 20_000, 0],
    ['an overspent month gives nothing', 20_000, 20_007, 0],
    ['one call in three hundred', 144, 0, 0.0033],
  ])('%s', (_what, credits, used, share) => {
    expect(outlookOf({ credits, used, demandPerSecond: everyMinute, nowMs: begin }).share).toBeCloseTo(share, 9);
  });

  it('says what is left and what would be needed', () => {
    expect(
      outlookOf({ credits: 20_000, used: 5_000, demandPerSecond: everyMinute, nowMs: at('2026-11-16T00:00:00Z') }),
    ).toMatchObject({ left: 15_000, needed: 21_600, secondsLeft: 15 * 86_400 });
  });

  it('a catalogue that asks for nothing needs nothing', () => {
    expect(outlookOf({ credits: 0, used: 0, demandPerSecond: 0, nowMs: begin }).share).toBe(1);
  });

  it('never lets a month be spent before its end, and spends most of it', () => {
    const months = fc.record({
      credits: fc.integer({ min: 10, max: 50_000 }),
      intervalSeconds: fc.constantFrom(60, 120, 300, 600),
      startDay: fc.integer({ min: 1, max: 25 }),
    });
    fc.assert(
      fc.property(months, ({ credits, intervalSeconds, startDay }) => {
        const fromMs = Date.UTC(2026, 10, startDay);
        let used = 0;
        let slots = 0;
        let outlook = outlookOf({ credits, used, demandPerSecond: 1 / intervalSeconds, nowMs: fromMs });
        for (let nowMs = fromMs; nowMs < Date.UTC(2026, 11, 1); nowMs += intervalSeconds * 1000) {
          if (slots % 10 === 0) outlook = outlookOf({ credits, used, demandPerSecond: 1 / intervalSeconds, nowMs });
          if (isAffordable(nowMs / 1000 / intervalSeconds, outlook.share)) used += 1;
          slots += 1;
        }
        expect(used).toBeLessThanOrEqual(credits);
        expect(used).toBeGreaterThanOrEqual(Math.floor(0.9 * Math.min(credits, slots)) - 1);
      }),
      { numRuns: 25 },
    );
  });
});

describe('the slots that can be afforded', () => {
  it('are evenly spread: of any range the share, give or take one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1_000 }),
        fc.integer({ min: 0, max: 2_000_000_000 }),
        fc.integer({ min: 1, max: 300 }),
        (thousandths, first, length) => {
          const share = thousandths / 1_000;
          let kept = 0;
          for (let number = first; number < first + length; number += 1) kept += isAffordable(number, share) ? 1 : 0;
          expect(Math.abs(kept - share * length)).toBeLessThanOrEqual(1.000_001);
        },
      ),
    );
  });

  it.each([
    [1, [true, true, true, true]],
    [0, [false, false, false, false]],
    [0.5, [false, true, false, true]],
  ])('with a share of %f are %j', (share, kept) => {
    expect([10, 11, 12, 13].map((number) => isAffordable(number, share))).toEqual(kept);
  });
});
