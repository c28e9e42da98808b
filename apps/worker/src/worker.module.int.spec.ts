import { slotAt } from '@app/domain';
import { NestLogger } from '@app/process/server';
import { ClockWatch } from '@app/process';
import {
  addJobs,
  fetchJob,
  INGEST_ASSETS,
  LISTS_QUEUE,
  newJob,
  sourceQueueName,
  producerOptions,
  queueStoreOf,
  useQueueStore,
  type FetchJob,
  type QueueStore,
} from '@app/queue';
import { SourceClient } from '@app/sources';
import { createPool, databaseNowMs } from '@app/storage';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import {
  plainAnswer,
  startAnswerServer,
  type AnswerServer,
} from '../../../libs/sources/src/testing/answer-server.contract.js';
import { catalogueTickers, type AskedTicker } from '../../../test/builders/catalogued-ticker.js';
import {
  intervalBeginningAt,
  fetchState,
  planFetches,
  pricesOf,
  samplesOf,
} from '../../../test/builders/planned-fetch.js';
import { deribitBody } from '../../../test/support/fetch-fixture.js';
import { createLogBook, type LogBook } from '../../../test/support/log-lines.js';
import { eventually } from '../../../test/support/processes.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import { WorkerModule } from './worker.module.js';

const STORES = ['Postgres', ...(process.env.TEST_REDIS_URL === undefined ? [] : ['Redis'])];

describe.each(STORES)('a worker with its queues on %s', (store) => {
  let database: TestDatabase;
  let source: AnswerServer;
  let log: LogBook;
  let queue: Queue;
  let queueStore: QueueStore;
  let app: NestFastifyApplication;
  let stop: () => Promise<void>;

  beforeEach(async () => {
    database = await createTestDatabase();
    source = await startAnswerServer();
    source.answerWith(plainAnswer(200, deribitBody('87123.45')));
    log = createLogBook();
    queueStore = queueStoreOf(store === 'Postgres' ? database.url : await emptyRedisUrl());
    useQueueStore(queueStore);
    queue = new Queue(sourceQueueName('deribit'), producerOptions(queueStore));
    queue.on('error', () => undefined);
    await queue.waitUntilReady();
    const pool = createPool({
      url: database.url,
      applicationName: 'tidemark-worker',
      maxConnections: 5,
      onIdleError: () => undefined,
    });
    const clock = new ClockWatch(() => databaseNowMs(pool));
    await clock.measure();
    const client = new SourceClient({
      access: { deribit: { baseUrl: source.url }, coingecko: { baseUrl: source.url } },
      now: Date.now,
    });
    const parts = {
      logger: log.logger,
      pool,
      clock,
      readiness: () => [],
      client,
      queueStore,
      ingestion: {
        csvFolder: undefined,
        driftPolicy: 'reject' as const,
        pages: {},
        batchSize: 250,
        failAfterRecords: undefined,
        linkRules: [],
      },
      judging: { stablecoinsAtPar: false },
      provenance: { retentionDays: 30, maxBytesPerDay: 2 ** 28 },
      running: { access: {}, concurrency: 1, limited: false },
      finishWithinMs: 5_000,
      now: Date.now,
    };
    app = await NestFactory.create<NestFastifyApplication>(WorkerModule.forRoot(parts), new FastifyAdapter(), {
      logger: new NestLogger(log.logger),
      abortOnError: false,
    });
    await app.listen(0, '127.0.0.1');
    stop = async () => {
      await app.close();
      await pool.end();
    };
  });
  afterEach(async () => {
    await stop();
    await queue.close();
    await source.close();
    await database.drop();
  });

  it('turns jobs into prices', async () => {
    const keys = await planned('btc_usd', 'eth_usd');
    await queue.addBulk(keys.map((key) => fetchJob(key, 3)));
    const slot = keys[0]?.slot ?? 0;
    await until(async () => Object.keys(await pricesOf(database.pool, slot)).length === 2);
    expect(await pricesOf(database.pool, slot)).toEqual({ btc_usd: '87123.45', eth_usd: '87123.45' });
    await until(async () => (await queue.getJobCounts('completed', 'active', 'waiting', 'failed'))['active'] === 0);
    expect(await queue.getJobCounts('completed', 'active', 'waiting', 'failed')).toEqual({
      completed: 0,
      active: 0,
      waiting: 0,
      failed: 0,
    });
  });

  it('tries again after the time that the source asked for, and not before', async () => {
    const [key] = await planned('btc_usd');
    const askedAtMs: number[] = [];
    source.answerWith((request, response) => {
      askedAtMs.push(performance.now());
      const answer =
        askedAtMs.length === 1 ? plainAnswer(429, '', { 'retry-after': '2' }) : plainAnswer(200, deribitBody('1.5'));
      answer(request, response);
    });
    await queue.addBulk([fetchJob(key as FetchJob, 3)]);
    await until(async () => 'btc_usd' in (await pricesOf(database.pool, key?.slot ?? 0)));
    expect((askedAtMs[1] ?? 0) - (askedAtMs[0] ?? 0)).toBeGreaterThanOrEqual(1_990);
    expect(await fetchState(database.pool, key as FetchJob)).toMatchObject({ status: 'answered', attempts: 2 });
    expect(log.of('fetch_retried')).toHaveLength(1);
  });

  it('waits for the end of a pause without having the job in hand, and makes its call then', async () => {
    const [key] = await planned('btc_usd');
    // Long enough for a busy machine to take the job in hand meanwhile, and well within the window.
    const untilMs = Date.now() + 5_000;
    await database.pool.query(
      'INSERT INTO source_states (source_id, paused_until) VALUES (1, to_timestamp($1::float8 / 1000))',
      [untilMs],
    );
    let askedAtMs = 0;
    source.answerWith((request, response) => {
      askedAtMs = Date.now();
      plainAnswer(200, deribitBody('1.5'))(request, response);
    });
    await queue.addBulk([fetchJob(key as FetchJob, 1)]);
    await until(async () => (await queue.getJobCountByTypes('delayed')) === 1);
    await until(async () => 'btc_usd' in (await pricesOf(database.pool, key?.slot ?? 0)));
    expect(askedAtMs).toBeGreaterThanOrEqual(untilMs);
    expect(await fetchState(database.pool, key as FetchJob)).toMatchObject({ status: 'answered', attempts: 1 });
    expect(log.of('job_failed')).toEqual([]);
  });

  it('refuses a job of another version for good, and goes on with the next', async () => {
    const [key] = await planned('btc_usd');
    await queue.add('fetch-prices', { what: 'is this' }, { jobId: 'strange', attempts: 3 });
    await queue.addBulk([fetchJob(key as FetchJob, 3)]);
    await until(async () => 'btc_usd' in (await pricesOf(database.pool, key?.slot ?? 0)));
    await until(async () => (await queue.getJobCounts('failed'))['failed'] === 1);
    await until(() => log.of('job_failed').length > 0);
    expect(log.of('job_failed')).toMatchObject([{ job: 'strange', source: 'deribit' }]);
  });

  it('asks a source for prices while its list is read, and waits', async () => {
    const [lists, prices] = [LISTS_QUEUE, sourceQueueName('coingecko')].map(
      (name) => new Queue(name, producerOptions(queueStore)),
    );
    const [key] = await planned({ ticker: 'btc_usd', sources: [{ sourceId: 2, sourceSymbol: 'bitcoin' }] });
    let isListAsked = false;
    source.answerWith((request, response) => {
      // The list never comes.
      if (request.url?.startsWith('/coins/markets') === true) isListAsked = true;
      else plainAnswer(200, `{"bitcoin":{"usd":87123.45,"last_updated_at":${key?.slot}}}`)(request, response);
    });
    await addJobs(lists as Queue, [newJob(INGEST_ASSETS, { source: 'coingecko', after: 0 })]);
    await until(() => isListAsked);
    await addJobs(prices as Queue, [fetchJob(key as FetchJob, 1)]);
    await until(async () => 'btc_usd' in (await pricesOf(database.pool, key?.slot ?? 0)));
    expect(await lists?.getActiveCount()).toBe(1);
    await Promise.all([lists?.close(), prices?.close()]);
  });

  it('gives a list back at once when it is closed, for another to go on', async () => {
    const lists = new Queue(LISTS_QUEUE, producerOptions(queueStore));
    source.answerWith(plainAnswer(429, '{}', { 'retry-after': '60' }));
    await addJobs(lists, [newJob(INGEST_ASSETS, { source: 'coingecko', after: 0 })]);
    await until(() => log.of('ingestion_waits').length === 1);
    await app.close();
    expect((await database.pool.query('SELECT status, error FROM etl_runs')).rows).toEqual([
      { status: 'failed', error: 'the process was told to end' },
    ]);
    await until(async () => (await lists.getJobCountByTypes('delayed', 'wait', 'prioritized')) === 1);
    await lists.close();
  });

  it('finishes what it has in hand when it is closed', async () => {
    const [key] = await planned('btc_usd');
    let answer: () => void = () => undefined;
    source.answerWith((request, response) => {
      answer = () => plainAnswer(200, deribitBody('87123.45'))(request, response);
    });
    await queue.addBulk([fetchJob(key as FetchJob, 3)]);
    await until(() => source.requests.length === 1);
    const closing = app.close();
    answer();
    await closing;
    expect(await samplesOf(database.pool, key?.slot ?? 0)).toMatchObject([{ outcome: 'accepted', price: '87123.45' }]);
    expect((await database.pool.query('SELECT 1 FROM payloads')).rowCount).toBe(1);
  });

  it('tells whether it is alive, ready, and how it is doing', async () => {
    const url = await app.getUrl();
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ status: 'ok', reasons: [] });
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('tidemark_clock_offset_seconds');
  });

  /** Fetches of the slot of now, planned and expected by nobody else. */
  async function planned(...tickers: readonly (string | Omit<AskedTicker, 'fromSlot'>)[]): Promise<FetchJob[]> {
    const now = Math.floor(Date.now() / 1000);
    const intervalSeconds = intervalBeginningAt(now, 15);
    const fromSlot = slotAt(now * 1000, intervalSeconds);
    await catalogueTickers(
      database.url,
      ...tickers.map((ticker) => ({
        ...(typeof ticker === 'string' ? { ticker } : ticker),
        fromSlot,
        intervalSeconds,
      })),
    );
    return planFetches(database.pool, now);
  }

  async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
    await eventually('the worker', 15_000, async () => ((await isTrue()) ? true : undefined));
  }
});

/** A database of the tests' Redis that no other file uses, emptied. */
async function emptyRedisUrl(): Promise<string> {
  const url = new URL(process.env.TEST_REDIS_URL ?? '');
  url.pathname = '/11';
  const redis = new Redis(url.href);
  await redis.flushdb();
  await redis.quit();
  return url.href;
}
