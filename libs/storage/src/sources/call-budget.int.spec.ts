import fc from 'fast-check';
import { DERIBIT } from '../../../../test/builders/stored-schedules.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { takeWeight } from './call-budget.js';

const T = Date.UTC(2026, 10, 20, 12);

describe('the weight of calls under a limit', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(() => database.pool.query('TRUNCATE source_states'));

  const take = (weight: number, nowMs = T) =>
    takeWeight(database.pool, { sourceId: DERIBIT, weight, share: 100, perSeconds: 60, nowMs });

  test('is taken while the share lasts, and flows back over the period', async () => {
    expect(await take(40)).toBeUndefined();
    expect(await take(60)).toBeUndefined();
    // Nothing is left: 10 of 100 are back after 6 of the 60 s.
    expect(await take(10)).toBe(6_000);
    expect(await take(10, T + 5_999)).toBe(1);
    expect(await take(10, T + 6_000)).toBeUndefined();
    expect(await take(10, T + 6_000)).toBe(6_000);
  });

  test('of one call that is heavier than the share is let through when nothing is taken, and flows back whole', async () => {
    expect(await take(250)).toBeUndefined();
    // 250 of 100 a minute are 150 s, of which the last minute may be taken again.
    expect(await take(1)).toBe(90_600);
    // A fifth of its own time may be left: jobs come at the same pace, some a moment early.
    expect(await take(250, T + 119_999)).toBe(1);
    expect(await take(250, T + 120_000)).toBeUndefined();
    expect(await take(250, T + 300_000 - 30_000 - 1)).toBe(1);
  });

  test('that a process with a wrong clock took hours ahead is no reason to wait', async () => {
    expect(await take(100, T + 3_600_000)).toBeUndefined();
    expect(await take(40)).toBeUndefined();
    expect(await take(60)).toBeUndefined();
    expect(await take(10)).toBe(6_000);
  });

  test('is never overdrawn by many who ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => take(10)));
    expect(answers.filter((afterMs) => afterMs === undefined)).toHaveLength(10);
  });

  test('in no stretch as long as the period exceeds twice the share', async () => {
    const calls = fc.array(fc.record({ weight: fc.integer({ min: 1, max: 80 }), afterMs: fc.nat(9_000) }), {
      minLength: 20,
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(calls, async (asked) => {
        await database.pool.query('TRUNCATE source_states');
        const taken: { atMs: number; weight: number }[] = [];
        let atMs = T;
        for (const { weight, afterMs } of asked) {
          atMs += afterMs;
          if ((await take(weight, atMs)) === undefined) taken.push({ atMs, weight });
        }
        for (const { atMs: fromMs } of taken) {
          const within = taken.filter((call) => call.atMs >= fromMs && call.atMs < fromMs + 60_000);
          expect(within.reduce((sum, { weight }) => sum + weight, 0)).toBeLessThanOrEqual(200);
        }
      }),
      { numRuns: 15 },
    );
  });
});
