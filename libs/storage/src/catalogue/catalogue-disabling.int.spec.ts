import type { ScheduledSource } from '@app/domain';
import type { DataSource } from 'typeorm';
import { planSlots } from '../../../../apps/scheduler/src/planning/plan-slots.js';
import {
  DERIBIT,
  forgetEverything,
  insertSchedule,
  makePartitionsOfTests,
  NOON,
  untilBlocked,
} from '../../../../test/builders/stored-schedules.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { CatalogueRepository, type ChangeOutcome, type TickerConfiguration } from './catalogue.repository.js';
import { createDataSource } from '../schema/data-source.js';
import { PlanRepository } from '../fetches/plan.repository.js';

interface Version {
  readonly from: number;
  readonly to: number | null;
  readonly interval: number;
}

function planOf(intervalSeconds: number, change: Partial<TickerConfiguration> = {}): TickerConfiguration {
  const source: ScheduledSource = {
    sourceId: DERIBIT,
    position: 0,
    sourceSymbol: 'btc_usd',
    batch: 'btc_usd',
    intervalSeconds,
  };
  return { ticker: 'btc_usd', intervalSeconds, rule: 'priority', sources: [source], ...change };
}

describe('the catalogue, when tickers are disabled and changes race', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let catalogue: CatalogueRepository;
  let configurations: PlanRepository;

  beforeAll(async () => {
    database = await createTestDatabase();
    dataSource = await createDataSource(database.url, 'tidemark-test').initialize();
    catalogue = new CatalogueRepository(dataSource);
    configurations = new PlanRepository(database.pool);
    await makePartitionsOfTests(database.pool);
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });
  beforeEach(() => forgetEverything(database.pool));

  /** Changes the configuration in the given second after noon (a fraction is allowed). */
  function put(
    intervalSeconds: number,
    atSecond: number,
    change: Partial<TickerConfiguration> = {},
  ): Promise<ChangeOutcome> {
    return catalogue.put(planOf(intervalSeconds, change), (NOON + atSecond) * 1000);
  }

  function disable(atSecond: number): Promise<boolean> {
    return catalogue.disable('btc_usd', (NOON + atSecond) * 1000);
  }

  async function planAt(second: number): Promise<void> {
    await configurations.planDue(NOON + second, (due) => planSlots(due, { nowSeconds: NOON + second }));
  }

  /** The versions, in seconds after noon. */
  async function versions(): Promise<Version[]> {
    const result = await database.pool.query<Version>(
      `SELECT from_slot - ${NOON} AS "from", to_slot - ${NOON} AS "to", interval_seconds AS interval FROM schedules ORDER BY from_slot`,
    );
    return result.rows;
  }

  /** Slots of the planned fetches, in seconds after noon. */
  async function fetched(): Promise<number[]> {
    return (
      await database.pool.query<{ slot: number }>(`SELECT slot - ${NOON} AS slot FROM fetches ORDER BY slot`)
    ).rows.map(({ slot }) => slot);
  }

  describe('disabling', () => {
    beforeEach(async () => {
      await put(60, -30);
      await planAt(0);
    });

    test('ends the version with its next slot, and says whether there was one', async () => {
      expect(await disable(5)).toBe(true);
      expect(await disable(6)).toBe(false);
      expect(await versions()).toEqual([{ from: 0, to: 60, interval: 60 }]);
      expect(await catalogue.find('btc_usd')).toMatchObject({ enabled: false, intervalSeconds: 60, toSlot: NOON + 60 });
      for (let second = 1; second <= 200; second += 1) await planAt(second);
      expect(await fetched()).toEqual([0]);
      expect((await database.pool.query('SELECT 1 FROM gaps')).rowCount).toBe(0);
    });

    test('is no fault for a ticker that was never there', async () => {
      expect(await catalogue.disable('eth_usd', NOON * 1000)).toBe(false);
    });

    test('and enabling again leaves no other hole than the range between', async () => {
      await disable(5);
      expect(await put(60, 200)).toBe('created');
      expect(await versions()).toEqual([
        { from: 0, to: 60, interval: 60 },
        { from: 240, to: null, interval: 60 },
      ]);
    });

    test('and enabling again at once leaves no hole at all', async () => {
      await disable(5);
      await put(60, 6);
      expect(await versions()).toEqual([
        { from: 0, to: 60, interval: 60 },
        { from: 60, to: null, interval: 60 },
      ]);
    });

    test('a change that has not taken effect disables with the version before it', async () => {
      await put(7, 5);
      expect(await disable(5)).toBe(true);
      expect((await versions()).map(({ interval }) => interval)).toEqual([60]);
      expect(await catalogue.find('btc_usd')).toMatchObject({ enabled: false });
    });

    test('a ticker whose first slot has not come is as if it had never been', async () => {
      await catalogue.put(planOf(60, { ticker: 'eth_usd' }), (NOON + 30) * 1000);
      expect(await catalogue.disable('eth_usd', (NOON + 31) * 1000)).toBe(true);
      expect(await catalogue.find('eth_usd')).toBeUndefined();
      expect(await catalogue.put(planOf(60, { ticker: 'eth_usd' }), (NOON + 32) * 1000)).toBe('created');
    });
  });

  test('changes that race with two planners never lose or double a slot', async () => {
    await put(1, -1);
    for (let second = 0; second < 60; second += 1) {
      const change = second % 5 === 0 ? [put([1, 2, 3, 7][(second / 5) % 4] ?? 1, second)] : [];
      await Promise.all([planAt(second), ...change, planAt(second)]);
    }
    for (let second = 60; second < 75; second += 1) await planAt(second);
    const all = await versions();
    for (const [index, version] of all.slice(1).entries()) expect(version.from).toBe(all[index]?.to);
    const expected = all.flatMap(({ from, to, interval }) =>
      Array.from({ length: 75 }, (_, second) => second).filter(
        (second) => second >= from && second < (to ?? 75) && (NOON + second) % interval === 0,
      ),
    );
    expect(await fetched()).toEqual(expected);
  });

  test('a change and a planner that records a gap of the same ticker do not lock each other out', async () => {
    const { tickerId, scheduleId } = await insertSchedule(database.pool, { ticker: 'btc_usd' });
    const planner = await database.pool.connect();
    try {
      await planner.query('BEGIN');
      await planner.query('SELECT id FROM schedules WHERE id = $1 FOR UPDATE', [scheduleId]);
      const change = put(5, 65);
      await untilBlocked(database.pool);
      await planner.query(`INSERT INTO gaps VALUES ($1, $2::bigint, $2::bigint + 60, 'not_planned', now())`, [
        tickerId,
        NOON,
      ]);
      await planner.query('COMMIT');
      expect(await change).toBe('changed');
    } finally {
      planner.release();
    }
  });
});
