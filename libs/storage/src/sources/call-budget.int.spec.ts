import { bucketFor, takeFromBucket, type BudgetAnswer } from '@app/domain';
import fc from 'fast-check';
import { COINGECKO, DERIBIT } from '../../../../test/builders/stored-schedules.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { CallBudget, type CallRequest } from './call-budget.js';
import { usedCredits } from './source-credit.repository.js';

const T = Date.UTC(2026, 10, 20, 12);
const NOVEMBER = Date.UTC(2026, 10, 30, 23, 59, 59);
const DECEMBER = Date.UTC(2026, 11, 1);

const GRANTED = { kind: 'granted' };
const later = (afterMs: number): BudgetAnswer => ({ kind: 'later', afterMs });
const isGranted = ({ kind }: BudgetAnswer): boolean => kind === 'granted';

describe('the budget of calls', () => {
  let database: TestDatabase;
  let statements: number;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await database.pool.query('TRUNCATE source_states, source_credits');
    statements = 0;
  });

  /** The pool of the test, counting what it is asked. */
  function countingPool(): TestDatabase['pool'] {
    return new Proxy(database.pool, {
      get: (pool, property) => {
        if (property === 'query') statements += 1;
        const value: unknown = Reflect.get(pool, property);
        return typeof value === 'function' ? value.bind(pool) : value;
      },
    });
  }

  const ask = (request: Partial<CallRequest>): Promise<BudgetAnswer> =>
    new CallBudget(countingPool()).take({
      ...{ sourceId: DERIBIT, cost: 1, nowMs: T, limit: { share: 100, perSeconds: 60 } },
      ...request,
    });

  test('is one statement for each call, whatever the answer', async () => {
    const monthly = 45;
    await ask({ cost: 30, monthly });
    statements = 0;
    const answers = [];
    for (const cost of [10, 80, 10]) answers.push((await ask({ cost, monthly })).kind);
    expect(answers).toEqual(['granted', 'later', 'no_credits']);
    expect(statements).toBe(3);
  });

  describe('under a limit', () => {
    const take = (cost: number, nowMs = T) => ask({ cost, nowMs });

    test('grants calls while the share lasts, and is refilled over the period', async () => {
      expect(await take(40)).toEqual(GRANTED);
      expect(await take(60)).toEqual(GRANTED);
      // Nothing is left: 10 of 100 are back after 6 of the 60 s.
      expect(await take(10)).toEqual(later(6_000));
      expect(await take(10, T + 5_999)).toEqual(later(1));
      expect(await take(10, T + 6_000)).toEqual(GRANTED);
      expect(await take(10, T + 6_000)).toEqual(later(6_000));
    });

    test('grants one call that is heavier than the share when nothing is taken, and is refilled whole', async () => {
      expect(await take(250)).toEqual(GRANTED);
      // 250 of 100 a minute are 150 s, of which the last minute may be taken again.
      expect(await take(1)).toEqual(later(90_600));
      // A fifth of its own time may be left: jobs come at the same pace, some a moment early.
      expect(await take(250, T + 119_999)).toEqual(later(1));
      expect(await take(250, T + 120_000)).toEqual(GRANTED);
      expect(await take(250, T + 300_000 - 30_000 - 1)).toEqual(later(1));
    });

    test('does not wait for what a process with a wrong clock took hours ahead', async () => {
      expect(await take(100, T + 3_600_000)).toEqual(GRANTED);
      expect(await take(40)).toEqual(GRANTED);
      expect(await take(60)).toEqual(GRANTED);
      expect(await take(10)).toEqual(later(6_000));
    });

    test.each([10, 7])('is never overdrawn by many who ask at once for %i, nor kept from them', async (cost) => {
      const answers = await Promise.all(Array.from({ length: 60 }, () => take(cost)));
      expect(answers.filter(isGranted)).toHaveLength(Math.floor(100 / cost));
    });

    const calls = fc.array(fc.record({ cost: fc.integer({ min: 1, max: 80 }), afterMs: fc.nat(9_000) }), {
      minLength: 20,
      maxLength: 60,
    });

    test('grants in no window as long as the period more than twice the share', async () => {
      await fc.assert(
        fc.asyncProperty(calls, async (asked) => {
          await database.pool.query('TRUNCATE source_states');
          const taken: Taken[] = [];
          let nowMs = T;
          for (const { cost, afterMs } of asked) {
            nowMs += afterMs;
            if (isGranted(await take(cost, nowMs))) taken.push({ atMs: nowMs, cost });
          }
          expect(mostWithin(60_000, taken)).toBeLessThanOrEqual(200);
        }),
        { numRuns: 15 },
      );
    });

    test('grants the same as a bucket in memory', async () => {
      await fc.assert(
        fc.asyncProperty(calls, async (asked) => {
          await database.pool.query('TRUNCATE source_states');
          let fullAtMs: number | undefined;
          let nowMs = T;
          for (const { cost, afterMs } of asked) {
            nowMs += afterMs;
            const kept = takeFromBucket(fullAtMs, nowMs, bucketFor({ share: 100, perSeconds: 60 }, cost));
            if ('fullAtMs' in kept) fullAtMs = kept.fullAtMs;
            expect(await take(cost, nowMs)).toEqual('fullAtMs' in kept ? GRANTED : later(kept.afterMs));
          }
        }),
        { numRuns: 10 },
      );
    });

    test('keeps limit and month in a race of many takers on the real clock', async () => {
      const limit = { share: 9, perSeconds: 0.5 };
      const monthly = 60;
      const taken: Taken[] = [];
      const refusals = new Set<string>();
      const budgets = Array.from({ length: 8 }, () => new CallBudget(database.pool));
      const endAtMs = Date.now() + 4_000;
      const taker = async (budget: CallBudget, cost: number): Promise<void> => {
        while (Date.now() < endAtMs) {
          const nowMs = Date.now();
          const answer = await budget.take({ sourceId: DERIBIT, cost, nowMs, limit, monthly });
          if (isGranted(answer)) taken.push({ atMs: nowMs, cost });
          else refusals.add(answer.kind);
        }
      };
      await Promise.all(budgets.map((budget, index) => taker(budget, 1 + (index % 3))));
      expect(mostWithin(500, taken)).toBeLessThanOrEqual(18);
      const used = taken.reduce((sum, { cost }) => sum + cost, 0);
      expect(used).toBe(monthly);
      expect(await usedCredits(database.pool, DERIBIT, Date.now())).toBe(used);
      expect(refusals).toEqual(new Set(['later', 'no_credits']));
    });
  });

  describe('of a month', () => {
    /** With a limit that has room for everything. */
    const spend = (cost: number, request: Partial<CallRequest> = {}) =>
      ask({
        ...{ sourceId: COINGECKO, nowMs: NOVEMBER, limit: { share: 1e6, perSeconds: 60 }, monthly: 10 },
        cost,
        ...request,
      });
    const SPENT = { kind: 'no_credits' };
    const used = (nowMs = NOVEMBER) => usedCredits(database.pool, COINGECKO, nowMs);

    test('is counted for each call by what it costs, until it is spent', async () => {
      expect(await spend(4)).toEqual(GRANTED);
      expect(await spend(5)).toEqual(GRANTED);
      expect(await used()).toBe(9);
      expect(await spend(2)).toEqual(SPENT);
      expect(await used()).toBe(9);
      expect(await spend(1)).toEqual(GRANTED);
      expect(await spend(1)).toEqual(SPENT);
      expect(await used()).toBe(10);
    });

    test('grants nothing at all to a call that costs more than a month', async () => {
      expect(await spend(11)).toEqual(SPENT);
      expect(await used()).toBe(0);
    });

    test('begins anew with the month, in UTC', async () => {
      await spend(10);
      expect(await spend(1, { nowMs: DECEMBER })).toEqual(GRANTED);
      expect([await used(), await used(DECEMBER)]).toEqual([10, 1]);
    });

    test('is counted for each source by itself', async () => {
      await spend(10);
      expect(await spend(10, { sourceId: DERIBIT })).toEqual(GRANTED);
    });

    test('is not counted for a plan that has none', async () => {
      expect(await spend(1, { monthly: undefined })).toEqual(GRANTED);
      expect(await used()).toBe(0);
    });

    test('is never overdrawn by many who ask at once', async () => {
      const answers = await Promise.all(Array.from({ length: 30 }, () => spend(1)));
      expect(answers.filter(isGranted)).toHaveLength(10);
      expect(await used()).toBe(10);
    });

    test('takes nothing where the limit has no room, and leaves the limit alone where it is spent itself', async () => {
      const limit = { share: 10, perSeconds: 60 };
      expect(await spend(8, { limit })).toEqual(GRANTED);
      expect((await spend(3, { limit, monthly: 100 })).kind).toBe('later');
      expect(await used()).toBe(8);
      for (let count = 0; count < 5; count += 1) expect(await spend(2, { limit, monthly: 9 })).toEqual(SPENT);
      expect(await spend(2, { limit })).toEqual(GRANTED);
    });
  });
});

interface Taken {
  readonly atMs: number;
  readonly cost: number;
}

/** The most that came within any window of this length. */
function mostWithin(lengthMs: number, taken: readonly Taken[]): number {
  const windows = taken.map(({ atMs: fromMs }) =>
    taken.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + lengthMs).reduce((sum, { cost }) => sum + cost, 0),
  );
  return Math.max(0, ...windows);
}
