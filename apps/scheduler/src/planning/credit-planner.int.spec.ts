import { slotAt } from '@app/domain';
import { ClockWatch } from '@app/process';
import { producerOptions, queueStoreOf, useQueueStore } from '@app/queue';
import { PlanRepository, usedCredits } from '@app/storage';
import { catalogueTickers } from '../../../../test/builders/catalogued-ticker.js';
import { samplesOf } from '../../../../test/builders/planned-fetch.js';
import { createLogBook, type LogBook } from '../../../../test/support/log-lines.js';
import { releaseDate, setDate } from '../../../../test/support/movable-date.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { CreditPlanner } from './credit-planner.js';
import { FetchQueues } from './fetch-queues.js';
import { PlannerService } from './planner.service.js';

/** CoinGecko with a demo key has a month; Deribit has none. */
const COINGECKO = 2;
const MONTHLY = 10_000;

/** The coming month is always longer than this test, and has its partitions. */
const MONTH_MS = Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth() + 1, 1);
const T = slotAt(MONTH_MS, 60) + 86_400;

describe('a source whose month does not last', () => {
  let database: TestDatabase;
  let queues: FetchQueues;
  let log: LogBook;
  let planner: PlannerService;

  beforeEach(async () => {
    database = await createTestDatabase();
    log = createLogBook();
    const store = queueStoreOf(database.url);
    useQueueStore(store);
    queues = new FetchQueues(['deribit', 'coingecko'], producerOptions(store), log.logger);
    await Promise.all(queues.all().map((queue) => queue.waitUntilReady()));
    planner = await aPlanner();
    const both = [
      { sourceId: 1, sourceSymbol: 'btc_usd' },
      { sourceId: COINGECKO, sourceSymbol: 'bitcoin' },
    ];
    await catalogueTickers(database.url, { ticker: 'btc_usd', fromSlot: T, intervalSeconds: 60, sources: both });
  });
  afterEach(async () => {
    releaseDate();
    await planner.enqueued();
    await queues.close();
    await database.drop();
  });

  async function aPlanner(limited = true): Promise<PlannerService> {
    const clock = new ClockWatch(async () => Date.now());
    await clock.measure();
    const access = { coingecko: { apiKey: 'x', plan: 'demo' } };
    const credits = new CreditPlanner({ pool: database.pool, access, limited, logger: log.logger });
    return new PlannerService(new PlanRepository(database.pool), queues, clock, credits, log.logger);
  }

  async function planned(slots: number): Promise<void> {
    for (let slot = T; slot < T + slots * 60; slot += 60) {
      setDate(slot * 1000);
      await planner.pass(slot * 1000);
      await planner.enqueued();
    }
  }

  async function use(used: number): Promise<void> {
    await database.pool.query('INSERT INTO source_credits VALUES ($1, $2, $3)', [COINGECKO, new Date(MONTH_MS), used]);
  }

  async function statuses(): Promise<Record<string, number>> {
    const result = await database.pool.query<{ key: string; count: number }>(
      `SELECT source_id || ' ' || status AS key, count(*)::int AS count FROM fetches GROUP BY 1 ORDER BY 1`,
    );
    return Object.fromEntries(result.rows.map(({ key, count }) => [key, count]));
  }

  it('is asked in as many slots as it lasts for, and the others are no_credits at once', async () => {
    // 29 or 30 days of minutes are left, and a fifth to a quarter of the credits for them.
    await use(0);
    await planned(20);
    const { '1 queued': deribit, '2 queued': asked = 0, '2 closed': skipped = 0 } = await statuses();
    expect(deribit).toBe(20);
    expect(asked + skipped).toBe(20);
    expect(asked).toBeGreaterThanOrEqual(4);
    expect(asked).toBeLessThanOrEqual(5);
    const reasons = await database.pool.query<{ reason: string }>('SELECT reason FROM samples');
    expect(reasons.rows).toEqual(Array(skipped).fill({ reason: 'no_credits' }));
  });

  it('is said once, with the arithmetic', async () => {
    await planned(3);
    expect(log.of('source_slowed')).toMatchObject([{ source: 'coingecko', credits: MONTHLY, used: 0, left: MONTHLY }]);
    expect(log.of('source_slowed')[0]?.['msg']).toMatch(
      /^coingecko: 0 of 10,000 credits of the month are used, 10,000 are left, and the catalogue needs \d\d,\d{3}(\.\d+)? for the \d\d\.\d days to its end: 2\d(\.\d+)? % of its slots are asked$/,
    );
  });

  it('is not asked at all when the month is spent', async () => {
    await use(MONTHLY);
    await planned(3);
    expect(await statuses()).toEqual({ '1 queued': 3, '2 closed': 3 });
    expect(await samplesOf(database.pool, T)).toMatchObject([{ outcome: 'missed', reason: 'no_credits' }]);
    expect(await usedCredits(database.pool, COINGECKO, MONTH_MS)).toBe(MONTHLY);
  });

  it('is asked in every slot where months are not counted', async () => {
    planner = await aPlanner(false);
    await use(MONTHLY);
    await planned(3);
    expect(await statuses()).toEqual({ '1 queued': 3, '2 queued': 3 });
    expect(log.of('source_slowed')).toEqual([]);
  });

  it('is asked in every slot again when it has enough', async () => {
    await use(MONTHLY);
    await planned(2);
    await database.pool.query('UPDATE source_credits SET used = -100000');
    setDate((T + 180) * 1000);
    await planner.pass((T + 180) * 1000);
    await planner.enqueued();
    expect(log.of('source_at_full_rate')).toHaveLength(1);
    expect(await statuses()).toMatchObject({ '2 queued': 1 });
  });

  it('leaves a fetch that its planner could not record to whoever offers it next', async () => {
    await use(MONTHLY);
    await database.pool.query('ALTER TABLE samples RENAME TO samples_away');
    await planned(1);
    expect(await statuses()).toEqual({ '1 queued': 1, '2 queued': 1 });
    expect(log.of('planning_failed')).toHaveLength(1);
  });
});
