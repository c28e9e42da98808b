import { NestLogger } from '@app/process/server';
import { ClockWatch } from '@app/process';
import {
  fetchJob,
  newJob,
  producerOptions,
  queueStoreOf,
  sourceQueueName,
  useQueueStore,
  type FetchJob,
} from '@app/queue';
import { SourceClient } from '@app/sources';
import { createPool, databaseNowMs, type Pool } from '@app/storage';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Queue } from 'bullmq';
import { createSimulator, type Simulator } from '../../apps/simulator/src/simulator.js';
import { WorkerModule } from '../../apps/worker/src/worker.module.js';
import { catalogueTickers } from '../builders/catalogued-ticker.js';
import { planFetches } from '../builders/planned-fetch.js';
import { createLogBook } from '../support/log-lines.js';
import { eventually } from '../support/processes.js';
import { RedisProcess, redisServerName } from '../support/redis-process.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { jobsWithReadOften, READ_OFTEN } from './read-often.js';

const STORES = ['Postgres', ...(redisServerName() === undefined ? [] : ['Redis'])];
if (STORES.length === 1) process.stderr.write('No redis-server on the PATH: limits on Redis are NOT tried.\n');

const FETCHES = 40;
const READINGS = 15;
const CALLS_PER_READING = 3;
/** Deribit publishes so many a second. */
const LIMIT = 20;

describe.each(STORES)('two workers with two types of job in the queue of a source on %s', (store) => {
  let database: TestDatabase;
  let simulator: Simulator;
  let baseUrl: string;
  let redis: RedisProcess | undefined;
  let queue: Queue;
  let pool: Pool;
  const workers: NestFastifyApplication[] = [];

  beforeEach(async () => {
    database = await createTestDatabase();
    redis = store === 'Redis' ? await RedisProcess.start() : undefined;
    simulator = await createSimulator({ seed: 'second-job' });
    baseUrl = `${await simulator.listen(0)}/deribit/api/v2`;
    const queueStore = queueStoreOf(redis?.url ?? database.url);
    useQueueStore(queueStore);
    queue = new Queue(sourceQueueName('deribit'), producerOptions(queueStore));
    queue.on('error', () => undefined);
    await queue.waitUntilReady();
    pool = createPool({
      url: database.url,
      applicationName: 'tidemark-worker',
      maxConnections: 10,
      onIdleError: () => undefined,
    });
  });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.close()));
    await queue.close();
    await pool.end();
    await simulator.close();
    await redis?.stop();
    await database.drop();
  });

  /** A worker of its own, with one type of job more, whose handlers share nothing with the other's but the database and the queue. */
  async function startWorker(): Promise<void> {
    const { logger } = createLogBook();
    const clock = new ClockWatch(() => databaseNowMs(pool));
    await clock.measure();
    const access = { deribit: { baseUrl } };
    const options = {
      ...{ logger, pool, clock },
      readiness: () => [],
      client: new SourceClient({ access, now: Date.now }),
      queueStore: queueStoreOf(redis?.url ?? database.url),
      running: { access, concurrency: 20, limited: true },
      judging: { stablecoinsAtPar: false },
      provenance: { retentionDays: 1, maxBytesPerDay: 2 ** 20 },
      finishWithinMs: 5_000,
      now: Date.now,
    };
    const worker = await NestFactory.create<NestFastifyApplication>(
      WorkerModule.forRoot(options, jobsWithReadOften),
      new FastifyAdapter(),
      { logger: new NestLogger(logger), abortOnError: false },
    );
    workers.push(worker);
    await worker.listen(0, '127.0.0.1');
  }

  it('never exceed the published limit, though one of them makes three calls per job, and do all of their work', async () => {
    const keys = await planned();
    const readings = Array.from({ length: READINGS }, (_, number) =>
      newJob(READ_OFTEN, { source: 'deribit', number, calls: 0, of: CALLS_PER_READING }),
    );
    // In two parts: fetches come before readings in the queue, and would else be over before the first of them.
    await queue.addBulk([...readings, ...keys.slice(0, FETCHES / 2).map((key) => fetchJob(key, 3))]);
    await Promise.all([startWorker(), startWorker()]);
    await eventually('calls of both', 30_000, () => (called() > FETCHES / 2 ? true : undefined));
    await queue.addBulk(keys.slice(FETCHES / 2).map((key) => fetchJob(key, 3)));
    const expected = FETCHES + READINGS * CALLS_PER_READING;
    await eventually('every call', 60_000, () => (called() >= expected ? true : undefined));
    await eventually('every fetch', 10_000, async () => {
      const { rows } = await database.pool.query(`SELECT 1 FROM fetches WHERE status = 'answered' AND attempts = 1`);
      return rows.length === FETCHES ? true : undefined;
    });
    const { calls = NaN } = simulator.rates.of('deribit', [1]).peaks['1'] ?? {};
    process.stderr.write(`${store}: at most ${calls} of ${LIMIT} calls in any second, ${called()} in all\n`);
    expect(calls).toBeLessThanOrEqual(LIMIT);
    expect(called()).toBe(expected);
    await eventually('an empty queue', 10_000, async () =>
      (await queue.getJobCountByTypes('wait', 'prioritized', 'delayed', 'active', 'failed')) === 0 ? true : undefined,
    );
  });

  const called = (): number => simulator.log.totals().sources.deribit?.calls ?? 0;

  /** A fetch each for many tickers, of one slot whose window is open long enough for all of them. */
  async function planned(): Promise<FetchJob[]> {
    const now = Math.floor(Date.now() / 1000);
    const tickers = Array.from({ length: FETCHES }, (_, index) => ({
      ticker: `t${index}_usd`,
      fromSlot: now,
      intervalSeconds: 1,
      sources: [{ sourceId: 1, sourceSymbol: 'btc_usd' }],
    }));
    await catalogueTickers(database.url, ...tickers);
    const keys = await planFetches(database.pool, now);
    await database.pool.query('UPDATE fetches SET deadline = slot + 90, max_attempts = 3');
    return keys;
  }
});
