import { slotAt } from '@app/domain';
import { ClockWatch } from '@app/process';
import { producerOptions, queueStoreOf, useQueueStore } from '@app/queue';
import { createPool, PlanRepository, type Pool } from '@app/storage';
import { catalogueTickers } from '../../../../test/builders/catalogued-ticker.js';
import { createLogBook, type LogBook } from '../../../../test/support/log-lines.js';
import { releaseDate, setDate } from '../../../../test/support/movable-date.js';
import { startTcpProxy, type TcpProxy } from '../../../../test/support/tcp-proxy.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { CreditPlanner } from './credit-planner.js';
import { FetchQueues } from './fetch-queues.js';
import { PlannerService } from './planner.service.js';

/** A whole minute near now, so that its partitions are there. */
const T = slotAt(Date.now(), 60);

describe('the planner', () => {
  let database: TestDatabase;
  let wayToDatabase: TcpProxy;
  let wayToQueue: TcpProxy;
  let pool: Pool;
  let queues: FetchQueues;
  let log: LogBook;
  let planner: PlannerService;

  beforeEach(async () => {
    database = await createTestDatabase();
    wayToDatabase = await startTcpProxy(database.url);
    wayToQueue = await startTcpProxy(database.url);
    pool = createPool({
      url: wayToDatabase.url,
      applicationName: 'tidemark-test',
      maxConnections: 3,
      onIdleError: () => undefined,
    });
    log = createLogBook();
    const store = queueStoreOf(wayToQueue.url);
    useQueueStore(store);
    queues = new FetchQueues(['deribit', 'coingecko'], producerOptions(store), log.logger);
    await Promise.all(queues.all().map((queue) => queue.waitUntilReady()));
    planner = await aPlanner();
  });

  afterEach(async () => {
    releaseDate();
    wayToQueue.mend();
    wayToDatabase.mend();
    await planner.enqueued();
    await queues.close();
    await pool.end();
    await database.drop();
    await Promise.all([wayToDatabase.close(), wayToQueue.close()]);
  });

  it('plans what is due and hands it to the queue of its source', async () => {
    await catalogueTickers(database.url, { ticker: 'btc_usd', fromSlot: T, intervalSeconds: 60, sources: bothSources });
    await passAt(T);
    expect(await fetches()).toEqual([
      { source_id: 1, slot: T, status: 'queued' },
      { source_id: 2, slot: T, status: 'queued' },
    ]);
    expect(await jobIds('deribit')).toEqual([`btc_usd-${T}`]);
    expect(await jobIds('coingecko')).toEqual([`btc_usd-${T}`]);
  });

  it('doubles nothing, however often and from however many schedulers it is woken', async () => {
    await catalogueTickers(database.url, { ticker: 'btc_usd', fromSlot: T });
    const other = await aPlanner();
    setDate(T * 1000);
    await Promise.all(Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? planner : other).pass(T * 1000)));
    await Promise.all([planner.enqueued(), other.enqueued()]);
    expect(await fetches()).toEqual([{ source_id: 1, slot: T, status: 'queued' }]);
    expect(await jobIds('deribit')).toEqual([`btc_usd-${T}`]);
    expect(await gaps()).toEqual([]);
  });

  it.each([
    [400, [T]],
    [600, []],
  ])('believes the second that woke it when its own clock is %i ms behind: %j', async (behindMs, slots) => {
    await catalogueTickers(database.url, { ticker: 'btc_usd', fromSlot: T });
    setDate(T * 1000 - behindMs);
    await planner.pass(T * 1000);
    expect((await fetches()).map((fetch) => fetch.slot)).toEqual(slots);
  });

  it('plans nothing while its clock is wrong, and says so', async () => {
    await catalogueTickers(database.url, { ticker: 'btc_usd', fromSlot: T });
    planner = await aPlanner(5_000);
    await passAt(T);
    expect(await fetches()).toEqual([]);
    expect(log.of('clock_wrong')).toHaveLength(1);
  });

  it('records what it slept through as one range', async () => {
    await catalogueTickers(database.url, { ticker: 'btc_usd', fromSlot: T });
    await passAt(T);
    await passAt(T + 30);
    expect(await gaps()).toEqual([{ from_slot: T + 1, to_slot: T + 30, reason: 'not_planned' }]);
    expect(log.of('gap_recorded')).toMatchObject([{ ticker: 'btc_usd', from_slot: T + 1, to_slot: T + 30 }]);
  });

  it('calls a range without the database by that name, from the second in which it went away', async () => {
    await catalogueTickers(database.url, { ticker: 'btc_usd', fromSlot: T });
    await passAt(T);
    wayToDatabase.cut();
    for (const second of [3, 4, 5]) await passAt(T + second);
    expect(log.of('planning_failed')).toHaveLength(3);
    wayToDatabase.mend();
    await passAt(T + 9);
    expect(await gaps()).toEqual([
      { from_slot: T + 1, to_slot: T + 3, reason: 'not_planned' },
      { from_slot: T + 3, to_slot: T + 9, reason: 'database_unavailable' },
    ]);
    await passAt(T + 12);
    expect((await gaps()).at(-1)).toEqual({ from_slot: T + 10, to_slot: T + 12, reason: 'not_planned' });
  });

  it('does not blame the database for a fault that is not its absence', async () => {
    await catalogueTickers(database.url, { ticker: 'btc_usd', fromSlot: T });
    await database.pool.query('ALTER TABLE fetches RENAME TO fetches_away');
    await passAt(T);
    await database.pool.query('ALTER TABLE fetches_away RENAME TO fetches');
    await passAt(T + 2);
    expect(await gaps()).toEqual([{ from_slot: T, to_slot: T + 2, reason: 'not_planned' }]);
  });

  it('goes on planning without the queue, and enqueues when it is back within the window', async () => {
    await catalogueTickers(database.url, { ticker: 'btc_usd', fromSlot: T, intervalSeconds: 10 });
    await queues.of('deribit').waitUntilReady();
    wayToQueue.cut();
    await passAt(T);
    expect(await fetches()).toEqual([{ source_id: 1, slot: T, status: 'planned' }]);
    expect(log.of('enqueuing_failed')).toHaveLength(1);
    wayToQueue.mend();
    await passAt(T + 2);
    expect(await fetches()).toEqual([{ source_id: 1, slot: T, status: 'queued' }]);
    expect(await jobIds('deribit')).toEqual([`btc_usd-${T}`]);
  });

  it('leaves a fetch to its reason when the queue comes back after its window', async () => {
    await catalogueTickers(database.url, { ticker: 'btc_usd', fromSlot: T, intervalSeconds: 10 });
    await queues.of('deribit').waitUntilReady();
    wayToQueue.cut();
    await passAt(T);
    wayToQueue.mend();
    await passAt(T + 10);
    expect(await fetches()).toEqual([
      { source_id: 1, slot: T, status: 'planned' },
      { source_id: 1, slot: T + 10, status: 'queued' },
    ]);
  });

  it('does not wait for a queue store that hangs', async () => {
    await catalogueTickers(database.url, { ticker: 'btc_usd', fromSlot: T });
    await queues.of('deribit').waitUntilReady();
    wayToQueue.freeze();
    for (const second of [0, 1, 2]) await passAt(T + second, 'without waiting for the queue');
    expect((await fetches()).map((fetch) => fetch.slot)).toEqual([T, T + 1, T + 2]);
    expect(await gaps()).toEqual([]);
  });

  it('offers a fetch again that nobody has taken, and once is enough for a queue that still has it', async () => {
    await catalogueTickers(database.url, { ticker: 'btc_usd', fromSlot: T, intervalSeconds: 10 });
    await passAt(T);
    await queues.of('deribit').obliterate({ force: true });
    await passAt(T + 1);
    expect(await jobIds('deribit')).toEqual([]);
    await passAt(T + 4);
    await passAt(T + 7);
    expect(await jobIds('deribit')).toEqual([`btc_usd-${T}`]);
  });

  it('lets a source that this build does not know keep no other from the queue', async () => {
    await database.pool.query(`INSERT INTO sources (id, name) VALUES (32000, 'of_another_build')`);
    const sources = [
      { sourceId: 32_000, sourceSymbol: 'btc' },
      { sourceId: 1, sourceSymbol: 'btc_usd' },
    ];
    await catalogueTickers(database.url, { ticker: 'btc_usd', fromSlot: T, sources });
    await passAt(T);
    expect(await jobIds('deribit')).toEqual([`btc_usd-${T}`]);
    expect(await fetches()).toEqual([
      { source_id: 1, slot: T, status: 'queued' },
      { source_id: 32_000, slot: T, status: 'planned' },
    ]);
  });

  it('ends when what it planned has reached the queue, and waits a second at most', async () => {
    await catalogueTickers(database.url, { ticker: 'btc_usd', fromSlot: T });
    await passAt(T, 'without waiting for the queue');
    await planner.onApplicationShutdown();
    expect(await fetches()).toEqual([{ source_id: 1, slot: T, status: 'queued' }]);
    wayToQueue.freeze();
    await passAt(T + 1, 'without waiting for the queue');
    const begunMs = performance.now();
    await planner.onApplicationShutdown();
    expect(performance.now() - begunMs).toBeGreaterThan(900);
    expect(await fetches()).toContainEqual({ source_id: 1, slot: T + 1, status: 'planned' });
  });

  const bothSources = [
    { sourceId: 1, sourceSymbol: 'btc_usd' },
    { sourceId: 2, sourceSymbol: 'bitcoin' },
  ];

  async function aPlanner(clockOffsetMs = 0): Promise<PlannerService> {
    const clock = new ClockWatch(async () => Date.now() - clockOffsetMs);
    await clock.measure();
    const credits = new CreditPlanner({ pool, access: {}, limited: false, logger: log.logger });
    return new PlannerService(new PlanRepository(pool), queues, clock, credits, log.logger);
  }

  /** One pass at a second of the test's own clock. */
  async function passAt(second: number, waiting?: 'without waiting for the queue'): Promise<void> {
    setDate(second * 1000);
    await planner.pass(second * 1000);
    if (waiting === undefined) await planner.enqueued();
  }

  async function fetches() {
    const { rows } = await database.pool.query<{ source_id: number; slot: number; status: string }>(
      'SELECT source_id, slot, status FROM fetches ORDER BY slot, source_id',
    );
    return rows;
  }

  async function gaps() {
    const { rows } = await database.pool.query('SELECT from_slot, to_slot, reason FROM gaps ORDER BY from_slot');
    return rows;
  }

  async function jobIds(source: string): Promise<(string | undefined)[]> {
    return (await queues.of(source).getJobs(['waiting', 'prioritized', 'delayed'])).map((job) => job.id);
  }
});
