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
} from '../../../../test/builders/stored-schedules.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { PlanRepository, type Plan, type PlannedFetch, type PlannedGap } from './plan.repository.js';

const NOTHING: Plan = { fetches: [], gaps: [], advances: [] };

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
    otherPool = database.openPool();
    plans = new PlanRepository(database.pool);
    await makePartitionsOfTests(database.pool);
  });
  afterAll(() => database.drop());
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
      sources: [
        { sourceId: COINGECKO, batch: 'coins', intervalSeconds: 120 },
        { sourceId: DERIBIT, standby: true, quotedIn: 'usdt' },
      ],
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
          ruleOptions: {},
          plannedTo: NOON,
          sources: [
            {
              ...{ sourceId: COINGECKO, position: 0, sourceSymbol: 'btc_usd', batch: 'coins', intervalSeconds: 120 },
              standby: false,
            },
            {
              ...{ sourceId: DERIBIT, position: 1, sourceSymbol: 'btc_usd', batch: 'btc_usd', intervalSeconds: 60 },
              ...{ standby: true, quotedIn: 'usdt' },
            },
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
});
