import { bucketFor, takeFromBucket } from '@app/domain';
import { callLimitsOf, SOURCES, sourceByName } from '@app/sources';
import fc from 'fast-check';
import { limiterOf } from './queue-limiter.js';

const MINUTES = 4;
/** The window of a slot, less the time in which no call begins any more. */
const WINDOW_MS = 13_500;

describe('the limiter of a queue, with the budget behind it', () => {
  it('of no source hands out less than the budget grants over its period', () => {
    for (const source of SOURCES) {
      const { limit } = callLimitsOf(source, {});
      const { max, duration } = limiterOf(source, {});
      expect((max / duration) * 1000 * 1.01).toBeGreaterThanOrEqual(limit.share / limit.perSeconds / lightest(source));
    }
  });

  it('loses no fetch of a catalogue that uses a whole share, whenever its calls come and whoever calls in between', () => {
    const coingecko = sourceByName('coingecko');
    if (coingecko === undefined) throw new Error('no coingecko');
    const { limit } = callLimitsOf(coingecko, {});
    const limiter = limiterOf(coingecko, {});
    const perMinute = Math.floor(limit.share);
    const delays = fc.array(fc.nat(2_500), { minLength: perMinute * MINUTES, maxLength: perMinute * MINUTES });
    const strays = fc.array(fc.nat(MINUTES * 60_000), { maxLength: 1 });
    fc.assert(
      fc.property(delays, strays, (delaysMs, straysMs) => {
        const fetches = delaysMs.map((delayMs, index) => {
          const slotMs = Math.floor(index / perMinute) * 60_000;
          return { atMs: slotMs + delayMs, byMs: slotMs + WINDOW_MS };
        });
        const others = straysMs.map((atMs) => ({ atMs, byMs: undefined }));
        let fullAtMs: number | undefined;
        let window = { fromMs: -Infinity, jobs: 0 };
        const waiting = [...fetches, ...others];
        for (;;) {
          const next = waiting.sort((left, right) => left.atMs - right.atMs).shift();
          if (next === undefined) return;
          const { atMs, byMs } = next;
          if (byMs !== undefined) {
            expect(atMs).toBeLessThanOrEqual(byMs);
            if (atMs >= window.fromMs + limiter.duration) window = { fromMs: atMs, jobs: 0 };
            if (window.jobs >= limiter.max) {
              waiting.push({ atMs: window.fromMs + limiter.duration, byMs });
              continue;
            }
            window.jobs += 1;
          }
          const taken = takeFromBucket(fullAtMs, atMs, bucketFor(limit, 1));
          if ('afterMs' in taken) waiting.push({ atMs: atMs + taken.afterMs, byMs });
          else fullAtMs = taken.fullAtMs;
        }
      }),
      { numRuns: 200 },
    );
  });
});

function lightest(source: (typeof SOURCES)[number]): number {
  return Math.min(...source.endpoints.map((endpoint) => endpoint.cost?.(1) ?? 1));
}
