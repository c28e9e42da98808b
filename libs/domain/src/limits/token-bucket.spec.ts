import fc from 'fast-check';
import { bucketFor, takeFromBucket } from './token-bucket.js';

const MINUTE = { share: 100, perSeconds: 60 };

describe('a token bucket', () => {
  it('gives its share at once, and the rest as it is refilled', () => {
    const bucket = bucketFor(MINUTE, 50);
    expect(takeFromBucket(undefined, 0, bucket)).toEqual({ fullAtMs: 30_000 });
    expect(takeFromBucket(30_000, 0, bucket)).toEqual({ fullAtMs: 60_000 });
    expect(takeFromBucket(60_000, 0, bucket)).toEqual({ afterMs: 30_000 });
    expect(takeFromBucket(60_000, 30_000, bucket)).toEqual({ fullAtMs: 90_000 });
    // It never holds more than its share.
    expect(takeFromBucket(60_000, 900_000, bucket)).toEqual({ fullAtMs: 930_000 });
  });

  it('keeps a part free from calls that matter less', () => {
    const bucket = bucketFor(MINUTE, 10, 0.5);
    expect(takeFromBucket(24_000, 0, bucket)).toEqual({ fullAtMs: 30_000 });
    expect(takeFromBucket(30_000, 0, bucket)).toEqual({ afterMs: 6_000 });
    // One that takes more than it may comes when next to nothing is taken.
    expect(takeFromBucket(12_000, 0, bucketFor(MINUTE, 90, 0.5))).toEqual({ afterMs: 1_200 });
  });

  it.each([3, 7, 9, 13.5, 225, 4_500])('gives all of a share of %f at once, whatever is rounded', (share) => {
    const bucket = bucketFor({ share, perSeconds: 60 }, 1);
    let fullAtMs: number | undefined;
    for (let call = 1; call <= Math.floor(share); call += 1) {
      const taken = takeFromBucket(fullAtMs, 1_766_000_000_000, bucket);
      if ('afterMs' in taken) throw new Error(`call ${call} was refused`);
      // As Postgres keeps a time: in microseconds.
      fullAtMs = Math.round(taken.fullAtMs * 1000) / 1000;
    }
    expect(takeFromBucket(fullAtMs, 1_766_000_000_000, bucket)).toHaveProperty('afterMs');
  });

  it.each([
    ['twice its share', 80, 200],
    ['2.2 times its share to calls that are about as heavy as it', 100, 220],
  ])(
    'gives in no window as long as its period more than %s, to those who wait as they are told as well',
    (_most, heaviest, most) => {
      const calls = fc.array(fc.record({ cost: fc.integer({ min: 1, max: heaviest }), afterMs: fc.nat(20_000) }), {
        minLength: 20,
        maxLength: 80,
      });
      fc.assert(
        fc.property(calls, fc.boolean(), (asked, isWaiting) => {
          const granted: { atMs: number; cost: number }[] = [];
          let [fullAtMs, nowMs]: [number | undefined, number] = [undefined, 0];
          for (const { cost, afterMs } of asked) {
            if (!isWaiting) nowMs += afterMs;
            let taken = takeFromBucket(fullAtMs, nowMs, bucketFor(MINUTE, cost));
            if ('afterMs' in taken && isWaiting) {
              nowMs += taken.afterMs;
              taken = takeFromBucket(fullAtMs, nowMs, bucketFor(MINUTE, cost));
              expect(taken).toHaveProperty('fullAtMs');
            }
            if ('afterMs' in taken) continue;
            fullAtMs = taken.fullAtMs;
            granted.push({ atMs: nowMs, cost });
          }
          for (const { atMs: fromMs } of granted) {
            const within = granted.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + 60_000);
            expect(within.reduce((sum, { cost }) => sum + cost, 0)).toBeLessThanOrEqual(most);
          }
        }),
      );
    },
  );
});
