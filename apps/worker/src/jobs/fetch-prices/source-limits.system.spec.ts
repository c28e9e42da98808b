import { NestLogger } from '@app/process/server';
import { ClockWatch } from '@app/process';
import { fetchJob, sourceQueueName, producerOptions, queueStoreOf, useQueueStore, type FetchJob } from '@app/queue';
import { SourceClient, sourceByName } from '@app/sources';
import { createPool, databaseNowMs, type Pool } from '@app/storage';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Queue } from 'bullmq';
import {
  plainAnswer,
  startAnswerServer,
  type AnswerServer,
} from '../../../../../libs/sources/src/testing/answer-server.contract.js';
import { catalogueTickers } from '../../../../../test/builders/catalogued-ticker.js';
import { planFetches } from '../../../../../test/builders/planned-fetch.js';
import { deribitBody } from '../../../../../test/support/fetch-fixture.js';
import { createLogBook } from '../../../../../test/support/log-lines.js';
import { eventually } from '../../../../../test/support/processes.js';
import { RedisProcess, redisServerName } from '../../../../../test/support/redis-process.js';
import { createTestDatabase, type TestDatabase } from '../../../../../test/support/test-database.js';
import { limiterOf } from '../../queue-limiter.js';
import { WorkerModule } from '../../worker.module.js';

const STORES = ['Postgres', ...(redisServerName() === undefined ? [] : ['Redis'])];
if (STORES.length === 1) process.stderr.write('No redis-server on the PATH: limits on Redis are NOT tried.\n');

/** What Deribit publishes. */
const LIMIT = { calls: 20, perMs: 1_000 };
const TICKERS = 60;

describe.each(STORES)('two workers with their queues on %s', (store) => {
  let database: TestDatabase;
  let source: AnswerServer;
  let redis: RedisProcess | undefined;
  let queue: Queue;
  let pool: Pool;
  const workers: NestFastifyApplication[] = [];
  let arrivals: number[];

  beforeEach(async () => {
    database = await createTestDatabase();
    redis = store === 'Redis' ? await RedisProcess.start() : undefined;
    source = await startAnswerServer();
    arrivals = [];
    source.answerWith((request, response) => {
      arrivals.push(performance.now());
      plainAnswer(200, deribitBody('87123.45'))(request, response);
    });
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
    await source.close();
    await redis?.stop();
    await database.drop();
  });

  async function startWorker(): Promise<void> {
    const queueStore = queueStoreOf(redis?.url ?? database.url);
    const { logger } = createLogBook();
    const clock = new ClockWatch(() => databaseNowMs(pool));
    await clock.measure();
    const access = { deribit: { baseUrl: source.url } };
    const parts = {
      logger,
      pool,
      clock,
      readiness: () => [],
      client: new SourceClient({ access, now: Date.now }),
      queueStore,
      running: { access, concurrency: 20, limited: true },
      judging: { stablecoinsAtPar: false },
      provenance: { retentionDays: 1, maxBytesPerDay: 2 ** 20 },
      finishWithinMs: 5_000,
      now: Date.now,
    };
    const worker = await NestFactory.create<NestFastifyApplication>(WorkerModule.forRoot(parts), new FastifyAdapter(), {
      logger: new NestLogger(logger),
      abortOnError: false,
    });
    workers.push(worker);
    await worker.listen(0, '127.0.0.1');
  }

  it('never exceed the published limit in any range of its length, and use what they may', async () => {
    const keys = await planned();
    await queue.addBulk(keys.map((key) => fetchJob(key, 3)));
    await Promise.all([startWorker(), startWorker()]);
    await eventually('every call', 25_000, () => (arrivals.length >= TICKERS ? true : undefined));
    expect(arrivals).toHaveLength(TICKERS);
    const most = Math.max(
      ...arrivals.map((from) => arrivals.filter((at) => at >= from && at < from + LIMIT.perMs).length),
    );
    process.stderr.write(`${store}: at most ${most} of ${LIMIT.calls} calls in any second\n`);
    expect(most).toBeLessThanOrEqual(LIMIT.calls);
    // Some 9 a second: 60 calls take 7 s, and not a minute.
    expect((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)).toBeLessThan(15_000);
  });

  /** A fetch each for many tickers, of one slot whose window is open long enough for all of them. */
  async function planned(): Promise<FetchJob[]> {
    const now = Math.floor(Date.now() / 1000);
    const tickers = Array.from({ length: TICKERS }, (_, index) => ({
      ticker: `t${index}_usd`,
      fromSlot: now,
      intervalSeconds: 1,
    }));
    await catalogueTickers(database.url, ...tickers);
    const keys = await planFetches(database.pool, now);
    await database.pool.query('UPDATE fetches SET deadline = slot + 60, max_attempts = 3');
    return keys;
  }
});

describe('the limiter of a queue', () => {
  it.each([
    // 20 a second: 9 are used, one after every 111 ms.
    ['deribit', { max: 1, duration: 112 }],
    // 10 a second, of which 4.5 are used.
    ['coinbase', { max: 1, duration: 223 }],
    // 1 a second: less than half of one is one in 2.2 s.
    ['kraken', { max: 1, duration: 2_223 }],
    // 30 a minute, of which the budget grants 13.5 at once and never more than 27: a job that it refused may come again.
    ['coingecko', { max: 27, duration: 60_000 }],
    // A weight of 6,000 a minute, and the lightest call weighs 2.
    ['binance', { max: 2_700, duration: 60_000 }],
  ])('of %s follows from what it publishes', (name, limiter) => {
    const source = sourceByName(name);
    expect(source && limiterOf(source, {})).toEqual(limiter);
  });
});
