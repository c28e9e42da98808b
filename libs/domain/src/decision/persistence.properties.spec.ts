import fc from 'fast-check';
import { PlayedTicker, type PlayedReport } from '../../../../test/builders/played-ticker.js';

const SLOT = 1_600_000_020;

describe('a ticker with one source', () => {
  /** Where a market begins: 1, or 80,000, or a billionth. */
  const start = fc.constantFrom<number[]>(0.000000001, 0.7, 1, 80_000, 123_456_789);
  /** The usual intervals, and any other up to a day. */
  const interval = fc.oneof(
    fc.constantFrom(1, 2, 5, 7, 30, 60, 61, 300, 400, 900, 1_800, 3_600, 86_400),
    fc.integer({ min: 1, max: 86_400 }),
  );
  /** The usual memory of a last price, and one that is shorter than the lockout. */
  const memory = fc.constantFrom({}, { jump_memory_seconds: 1 });
  /** Steps of a market, as factors: from a crumb to a hundredfold. */
  const steps = fc.array(fc.double({ min: -4.6, max: 4.6, noNaN: true }).map(Math.exp), {
    minLength: 20,
    maxLength: 120,
  });
  const text = (price: number): string => price.toPrecision(9);

  /** The slots between two prices that were served, at most: ten minutes, or two slots where they are further apart. */
  const longestLockout = (seconds: number): number => Math.max(Math.ceil(600 / seconds) * seconds, 2 * seconds);

  test('no walk of a market locks it out for longer than ten minutes', () => {
    fc.assert(
      fc.property(start, interval, steps, fc.boolean(), (first, seconds, factors, namesTimes) => {
        const ticker = new PlayedTicker(seconds);
        const begin = SLOT - (SLOT % seconds);
        // A step lasts for some slots, so that a walk is longer than the lockout.
        const slotsPerStep = Math.max(1, Math.ceil(40 / seconds));
        let price = first;
        let slot = begin;
        for (const factor of factors) {
          for (let count = 0; count < slotsPerStep; count += 1, slot += seconds)
            ticker.pass(slot, { raw: text(price), sourceTime: namesTimes ? new Date(slot * 1000) : undefined });
          price = Math.min(1e11, Math.max(1e-11, price * factor));
        }
        const served = ticker.prices.map((one) => one.slot);
        const lockouts = [...served, slot].map((one, index) => one - (served[index - 1] ?? begin));
        expect(Math.max(...lockouts)).toBeLessThanOrEqual(longestLockout(seconds));
      }),
      { numRuns: 40 },
    );
  });

  test('a stale answer that is repeated is never believed, however often, and the true price is served at once after it', () => {
    const factor = fc.oneof(
      fc.double({ min: 0.0001, max: 0.89, noNaN: true }),
      fc.double({ min: 1.12, max: 900, noNaN: true }),
    );
    fc.assert(
      fc.property(
        start,
        factor,
        fc.constantFrom(1, 3, 10, 60),
        fc.integer({ min: 1, max: 590 }),
        fc.boolean(),
        (first, wrong, seconds, lasts, namesTimes) => {
          const ticker = new PlayedTicker(seconds);
          const begin = SLOT - (SLOT % seconds);
          const stale: PlayedReport = {
            raw: text(first * wrong),
            sourceTime: namesTimes ? new Date((begin - 500) * 1000) : undefined,
          };
          ticker.pass(begin, text(first));
          let slot = begin + seconds;
          for (; slot < begin + lasts; slot += seconds) ticker.pass(slot, stale);
          ticker.pass(slot, text(first));
          expect(ticker.prices.map(({ price }) => price)).toEqual([text(first), text(first)]);
          expect(ticker.prices.some(({ isUnconfirmed }) => isUnconfirmed)).toBe(false);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('a stale answer that outlasts ten minutes is served as unconfirmed for as long as it lasts, and then the true price', () => {
    fc.assert(
      fc.property(start, fc.constantFrom(0.1, 0.5, 2, 10), interval, memory, (first, wrong, seconds, checks) => {
        const ticker = new PlayedTicker(seconds, { ruleOptions: { checks } });
        const begin = SLOT - (SLOT % seconds);
        ticker.pass(begin, text(first));
        let slot = begin + seconds;
        for (; slot <= begin + Math.max(700, 6 * seconds); slot += seconds) ticker.pass(slot, text(first * wrong));
        const end = slot;
        for (let tick = 0; slot <= end + Math.max(60, 4 * seconds); slot += seconds, tick += 1)
          ticker.pass(slot, text(first * (1 + (tick % 7) / 10_000)));
        const stale = ticker.prices.filter((one) => one.slot > begin && one.slot < end);
        expect(stale.length).toBeGreaterThan(0);
        expect(stale.every(({ isUnconfirmed }) => isUnconfirmed)).toBe(true);
        const back = ticker.prices.filter((one) => one.slot >= end);
        expect(back[0]?.slot).toBe(end);
        for (const { slot: at, isUnconfirmed } of back)
          expect([at - end, isUnconfirmed]).toEqual([at - end, at - end < Math.max(30, 2 * seconds)]);
      }),
      { numRuns: 30 },
    );
  });

  test('a wrong price that was believed holds the true one back by the same rule, and no longer', () => {
    fc.assert(
      fc.property(
        start,
        fc.constantFrom(0.2, 0.8, 1.3, 7),
        // Where slots lie further apart, the lockout is over before the third observation.
        fc.integer({ min: 1, max: 299 }),
        (first, wrong, seconds) => {
          const ticker = new PlayedTicker(seconds);
          const begin = SLOT - (SLOT % seconds);
          const at = (factor: number, slot: number): PlayedReport => {
            return { raw: text(first * factor), sourceTime: new Date(slot * 1000) };
          };
          ticker.pass(begin, at(1, begin));
          let slot = begin + seconds;
          while (ticker.prices.length < 2) {
            ticker.pass(slot, at(wrong, slot));
            slot += seconds;
          }
          const back = slot;
          while (ticker.prices.length < 3) {
            ticker.pass(slot, at(1, slot));
            slot += seconds;
          }
          expect(ticker.prices.at(-1)).toEqual({ slot: slot - seconds, price: text(first), isUnconfirmed: false });
          expect(slot - seconds - back).toBeLessThanOrEqual(Math.max(Math.ceil(30 / seconds) * seconds, 2 * seconds));
        },
      ),
    );
  });
});
