import type { Schedule } from '@app/domain';
import type pg from 'pg';
import {
  COINGECKO,
  DERIBIT,
  forgetEverything,
  insertFetch,
  insertSchedule,
  makePartitionsOfTests,
  NOON,
  rowOf,
} from '../../../test/builders/stored-schedules.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import { PlanRepository, type Plan, type PlannedFetch, type PlannedGap } from './plan.repository.js';
import { createPool } from './pool.js';

const NOTHING: Plan = { fetches: [], gaps: [], advances: [] };

function fetchAt(slot: number, batch = 'btc_usd'): PlannedFetch {
  return { sourceId: DERIBIT, batch, slot, deadline: slot + 15, maxAttempts: 3 };
}

/** Plans the slot of now for each schedule, and nothing before it. */
function planNow(nowSeconds: number) {
  return (due: readonly Schedule[]): Plan => {
    const slots = due.map((schedule) => ({ schedule, slot: nowSeconds - (nowSeconds % schedule.intervalSeconds) }));
    return {
      fetches: slots.flatMap(({ schedule, slot }) =>
        schedule.sources.map(({ sourceId, batch }) => ({ sourceId, batch, slot, deadline: slot + 15, maxAttempts: 3 })),
      ),
      gaps: [],
      advances: slots.map(({ schedule, slot }) => ({
        scheduleId: schedule.id,
        plannedTo: slot + schedule.intervalSeconds,
      })),
    };
  };
}

describe('planning', () => {
  let database: TestDatabase;
  let otherPool: pg.Pool;
  let plans: PlanRepository;

  beforeAll(async () => {
    database = await createTestDatabase();
    otherPool = createPool({
      url: database.url,
      applicationName: 'other',
      maxConnections: 4,
      onIdleError: () => undefined,
    });
    plans = new PlanRepository(database.pool);
    await makePartitionsOfTests(database.pool);
  });
  afterAll(async () => {
    await otherPool.end();
    await database.drop();
  });
  beforeEach(() => forgetEverything(database.pool));

  async function fetchSlots(): Promise<{ batch: string; slot: number }[]> {
    return (
      await database.pool.query<{ batch: string; slot: number }>('SELECT batch, slot FROM fetches ORDER BY slot, batch')
    ).rows;
  }

  test('hands over whole schedules that are due, sources in their order', async () => {
    const { tickerId, scheduleId } = await insertSchedule(database.pool, {
      ticker: 'btc_usd',
      toSlot: NOON + 600,
      sources: [{ sourceId: COINGECKO, batch: 'coins', intervalSeconds: 120 }, { sourceId: DERIBIT }],
    });
    await plans.planDue(NOON, (due) => {
      expect(due).toEqual([
        {
          id: scheduleId,
          tickerId,
          ticker: 'btc_usd',
          fromSlot: NOON,
          toSlot: NOON + 600,
          intervalSeconds: 60,
          rule: 'priority',
          plannedTo: NOON,
          sources: [
            { sourceId: COINGECKO, position: 0, sourceName: 'btc_usd', batch: 'coins', intervalSeconds: 120 },
            { sourceId: DERIBIT, position: 1, sourceName: 'btc_usd', batch: 'btc_usd', intervalSeconds: 60 },
          ],
        },
      ]);
      return NOTHING;
    });
  });

  test('a schedule is due from its first unplanned slot on, and no longer once it was planned to its end', async () => {
    await insertSchedule(database.pool, { ticker: 'a_b', plannedTo: NOON + 60 });
    await insertSchedule(database.pool, { ticker: 'c_d', toSlot: NOON + 60, plannedTo: NOON + 60 });
    const dueAt = async (nowSeconds: number): Promise<string[]> => {
      let tickers: string[] = [];
      await plans.planDue(nowSeconds, (due) => {
        tickers = due.map(({ ticker }) => ticker);
        return NOTHING;
      });
      return tickers;
    };
    expect(await dueAt(NOON + 59)).toEqual([]);
    expect(await dueAt(NOON + 60)).toEqual(['a_b']);
  });

  test('asks for no plan when nothing is due', async () => {
    const result = await plans.planDue(NOON, () => {
      throw new Error('asked');
    });
    expect(result).toEqual({ plan: NOTHING, more: false });
  });

  test('stores nothing at all when the plan fails', async () => {
    await insertSchedule(database.pool, { ticker: 'btc_usd' });
    await expect(
      plans.planDue(NOON, (due) => ({
        ...planNow(NOON)(due),
        gaps: [{ tickerId: 999, ticker: 'x', fromSlot: 0, toSlot: 1, reason: 'not_planned' }],
      })),
    ).rejects.toMatchObject({ code: '23503' });
    expect(await fetchSlots()).toEqual([]);
    expect(await rowOf(database.pool, 'SELECT planned_to FROM schedules')).toEqual({ planned_to: NOON });
  });

  test('two planners at once plan every slot once and miss none', async () => {
    for (let index = 0; index < 5; index += 1)
      await insertSchedule(database.pool, { ticker: `t${index}_usd`, intervalSeconds: 1 });
    const other = new PlanRepository(otherPool);
    const planned: PlannedFetch[] = [];
    for (let second = NOON; second < NOON + 40; second += 1) {
      const results = await Promise.all(
        [plans, other, plans, other].map((one) => one.planDue(second, planNow(second))),
      );
      planned.push(...results.flatMap(({ plan }) => plan.fetches));
    }
    expect(planned).toHaveLength(200);
    expect(new Set(planned.map(({ batch, slot }) => `${batch} ${slot}`)).size).toBe(200);
    expect(await fetchSlots()).toHaveLength(200);
  });

  test('a planner that lags finds its slot planned already', async () => {
    await insertSchedule(database.pool, { ticker: 'btc_usd', intervalSeconds: 1 });
    await plans.planDue(NOON + 5, planNow(NOON + 5));
    const lagging = await plans.planDue(NOON + 4, planNow(NOON + 4));
    expect(lagging.plan).toEqual(NOTHING);
  });

  test('a fetch that is there keeps what is known of it', async () => {
    await insertSchedule(database.pool, { ticker: 'btc_usd' });
    await insertFetch(database.pool, {
      sourceId: DERIBIT,
      batch: 'btc_usd',
      slot: NOON,
      status: 'running',
      attempts: 2,
    });
    await plans.planDue(NOON, planNow(NOON));
    expect(await rowOf(database.pool, 'SELECT status, attempts FROM fetches')).toEqual({
      status: 'running',
      attempts: 2,
    });
  });

  describe('gaps', () => {
    let tickerId: number;

    beforeEach(async () => {
      ({ tickerId } = await insertSchedule(database.pool, { ticker: 'btc_usd' }));
    });

    async function record(...gaps: Omit<PlannedGap, 'tickerId' | 'ticker'>[]): Promise<void> {
      await plans.planDue(NOON, () => ({
        ...NOTHING,
        gaps: gaps.map((gap) => ({ tickerId, ticker: 'btc_usd', ...gap })),
      }));
    }

    async function recorded(): Promise<unknown[]> {
      return (
        await database.pool.query(
          'SELECT from_slot AS "fromSlot", to_slot AS "toSlot", reason FROM gaps ORDER BY from_slot',
        )
      ).rows;
    }

    test('that continue one another for the same reason become one range', async () => {
      for (let minute = 0; minute < 5; minute += 1) {
        await record({ fromSlot: NOON + minute * 60, toSlot: NOON + minute * 60 + 60, reason: 'not_planned' });
      }
      expect(await recorded()).toEqual([{ fromSlot: NOON, toSlot: NOON + 300, reason: 'not_planned' }]);
    });

    test('for another reason, or after a slot that was planned, stay apart', async () => {
      await record(
        { fromSlot: NOON, toSlot: NOON + 60, reason: 'not_planned' },
        { fromSlot: NOON + 60, toSlot: NOON + 120, reason: 'database_unavailable' },
      );
      await record({ fromSlot: NOON + 180, toSlot: NOON + 240, reason: 'database_unavailable' });
      expect(await recorded()).toEqual([
        { fromSlot: NOON, toSlot: NOON + 60, reason: 'not_planned' },
        { fromSlot: NOON + 60, toSlot: NOON + 120, reason: 'database_unavailable' },
        { fromSlot: NOON + 180, toSlot: NOON + 240, reason: 'database_unavailable' },
      ]);
    });

    test('of another ticker are not continued', async () => {
      const other = await insertSchedule(database.pool, { ticker: 'eth_usd' });
      await record({ fromSlot: NOON, toSlot: NOON + 60, reason: 'not_planned' });
      await plans.planDue(NOON, () => ({
        ...NOTHING,
        gaps: [
          {
            tickerId: other.tickerId,
            ticker: 'eth_usd',
            fromSlot: NOON + 60,
            toSlot: NOON + 120,
            reason: 'not_planned',
          },
        ],
      }));
      expect(await recorded()).toHaveLength(2);
    });

    test('that were recorded before are not doubled, and never get shorter', async () => {
      await record({ fromSlot: NOON, toSlot: NOON + 600, reason: 'not_planned' });
      await record({ fromSlot: NOON, toSlot: NOON + 60, reason: 'not_planned' });
      expect(await recorded()).toEqual([{ fromSlot: NOON, toSlot: NOON + 600, reason: 'not_planned' }]);
    });

    test('of a month cost one row', async () => {
      await record({ fromSlot: NOON, toSlot: NOON + 30 * 86_400, reason: 'not_planned' });
      expect(await recorded()).toHaveLength(1);
    });
  });

  describe('what the queue is offered', () => {
    const NOW_MS = (NOON + 5) * 1000;

    async function offered(nowMs = NOW_MS, limit = 100): Promise<string[]> {
      return (await plans.enqueuable(nowMs, limit)).map(({ batch }) => batch);
    }

    test('is a fetch with all that its job needs', async () => {
      await insertFetch(database.pool, {
        sourceId: COINGECKO,
        batch: 'coins',
        slot: NOON,
        deadline: NOON + 7,
        maxAttempts: 2,
      });
      expect(await plans.enqueuable(NOW_MS, 10)).toEqual([
        { sourceId: COINGECKO, source: 'coingecko', batch: 'coins', slot: NOON, deadline: NOON + 7, maxAttempts: 2 },
      ]);
    });

    test('leaves out what is over, what has its outcome, and what somebody has in hand', async () => {
      const base = { sourceId: DERIBIT, slot: NOON };
      await insertFetch(database.pool, { ...base, batch: 'planned' });
      await insertFetch(database.pool, { ...base, batch: 'over', deadline: NOON + 5 });
      for (const status of ['answered', 'failed', 'closed'])
        await insertFetch(database.pool, { ...base, batch: status, status });
      await insertFetch(database.pool, { ...base, batch: 'in-hand', status: 'running', leaseUntilMs: NOW_MS + 1 });
      await insertFetch(database.pool, { ...base, batch: 'long-ago', slot: NOON - 3_600, deadline: NOON + 60 });
      expect(await offered()).toEqual(['planned']);
    });

    test('is offered again when the queue has not begun it for two seconds', async () => {
      const base = { sourceId: DERIBIT, slot: NOON };
      await insertFetch(database.pool, {
        ...base,
        batch: 'queued-fresh',
        status: 'queued',
        enqueuedAtMs: NOW_MS - 2_000,
      });
      await insertFetch(database.pool, {
        ...base,
        batch: 'queued-old',
        status: 'queued',
        enqueuedAtMs: NOW_MS - 2_001,
      });
      await insertFetch(database.pool, {
        ...base,
        batch: 'retry-fresh',
        status: 'retry',
        enqueuedAtMs: NOW_MS - 2_000,
      });
      await insertFetch(database.pool, { ...base, batch: 'retry-old', status: 'retry', enqueuedAtMs: NOW_MS - 2_001 });
      expect(await offered()).toEqual(['queued-old', 'retry-old']);
    });

    test('is offered again when the lease of a worker ran out', async () => {
      await insertFetch(database.pool, {
        sourceId: DERIBIT,
        slot: NOON,
        batch: 'left',
        status: 'running',
        attempts: 1,
        leaseUntilMs: NOW_MS - 1,
      });
      expect(await offered()).toEqual(['left']);
    });

    test('has an end: the oldest first, as many as asked for', async () => {
      for (const batch of ['c', 'a', 'b'])
        await insertFetch(database.pool, { sourceId: DERIBIT, slot: NOON + 1, batch });
      await insertFetch(database.pool, { sourceId: DERIBIT, slot: NOON, batch: 'z' });
      expect(await offered(NOW_MS, 3)).toEqual(['z', 'a', 'b']);
    });
  });

  describe('noting what the queue has taken', () => {
    async function statusAfter(status: string): Promise<unknown> {
      await insertFetch(database.pool, {
        sourceId: DERIBIT,
        slot: NOON,
        batch: 'btc_usd',
        status,
        attempts: status === 'planned' ? 0 : 1,
      });
      await plans.markEnqueued([fetchAt(NOON)], (NOON + 1) * 1000);
      return rowOf(database.pool, 'SELECT status, extract(epoch FROM enqueued_at)::int AS at FROM fetches');
    }

    test('makes a planned one queued', async () => {
      expect(await statusAfter('planned')).toEqual({ status: 'queued', at: NOON + 1 });
    });

    test.each(['running', 'retry', 'queued'])('leaves one that is %s as it is, and notes the time', async (status) => {
      expect(await statusAfter(status)).toEqual({ status, at: NOON + 1 });
    });

    test.each(['answered', 'failed', 'closed'])('does not touch one that is %s', async (status) => {
      expect(await statusAfter(status)).toEqual({ status, at: null });
    });

    test('of nothing is no fault', async () => {
      await plans.markEnqueued([], NOON * 1000);
    });
  });
});
