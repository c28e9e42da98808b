import { setTimeout as sleep } from 'node:timers/promises';
import '../../../test/support/one-realm-of-errors.js';
import { NestLogger } from '@app/process/server';
import { ClockWatch } from '@app/process';
import { producerOptions, queueStoreOf, useQueueStore, type QueueStore } from '@app/queue';
import { SourceClient } from '@app/sources';
import { createPool, databaseNowMs } from '@app/storage';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Redis } from 'ioredis';
import { catalogueTickers } from '../../../test/builders/catalogued-ticker.js';
import { createLogBook, type LogBook } from '../../../test/support/log-lines.js';
import { eventually } from '../../../test/support/processes.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import { PlannerService } from './planning/planner.service.js';
import { FetchQueues } from './planning/fetch-queues.js';
import { SchedulerModule } from './scheduler.module.js';

/** No list is read beside. */
const NO_LISTS = { intervalSeconds: 0, csvFolder: undefined, retentionDays: { raw: 90, values: 400, runs: 90 } };

const STORES = ['Postgres', ...(process.env.TEST_REDIS_URL === undefined ? [] : ['Redis'])];

describe('a scheduler', () => {
  let database: TestDatabase;
  let log: LogBook;
  let queues: FetchQueues;
  let app: NestFastifyApplication;
  let stop: () => Promise<void>;

  beforeEach(async () => {
    database = await createTestDatabase();
    log = createLogBook();
  });
  afterEach(async () => {
    await stop();
    await database.drop();
  });

  it.each(STORES)('plans every second, woken by its queue on %s, and fills the queue of the source', async (store) => {
    const nominals: number[] = [];
    await started(queueStoreOf(store === 'Postgres' ? database.url : await emptyRedisUrl()), nominals);
    const from = Math.floor(Date.now() / 1000) + 2;
    await catalogueTickers(database.url, { ticker: 'btc_usd', fromSlot: from });
    await expectEverySecondOnce(from, await plannedSlots(from, 3));
    // Whole seconds come from the queue; those of the task begin at .300.
    await eventually('the word of the queue', 20_000, () => nominals.find((nominal) => nominal % 1000 === 0));
    // A job leaves the queue with its window of one second; each second brings the next.
    await eventually('a job in the queue', 20_000, async () => {
      const jobs = await queues.of('deribit').getJobs(['waiting', 'prioritized']);
      return jobs.find(({ id }) => Number(id?.replace('btc_usd-', '')) >= from);
    });
    const marked = 'SELECT 1 FROM fetches WHERE slot >= $1 AND enqueued_at IS NOT NULL';
    await eventually('the mark of the queue', 20_000, async () => (await database.pool.query(marked, [from])).rows[0]);
  });

  it('plans without a queue store, starts without it, and ends without it', async () => {
    await started({ kind: 'redis', url: 'redis://127.0.0.1:1' });
    const from = Math.floor(Date.now() / 1000) + 1;
    await catalogueTickers(database.url, { ticker: 'btc_usd', fromSlot: from });
    await expectEverySecondOnce(from, await plannedSlots(from, 3));
    const { rows } = await database.pool.query('SELECT DISTINCT status FROM fetches');
    expect(rows).toEqual([{ status: 'planned' }]);
    const ended = await Promise.race([stop().then(() => 'ended'), sleep(7_000, 'hangs', { ref: false })]);
    stop = async () => undefined;
    expect(ended).toBe('ended');
  });

  async function started(queueStore: QueueStore, nominals: number[] = []): Promise<void> {
    useQueueStore(queueStore);
    const pool = createPool({
      url: database.url,
      applicationName: 'tidemark-scheduler',
      maxConnections: 5,
      onIdleError: () => undefined,
    });
    const clock = new ClockWatch(() => databaseNowMs(pool));
    await clock.measure();
    queues = new FetchQueues(['deribit', 'coingecko'], producerOptions(queueStore), log.logger);
    const sources = { client: new SourceClient({ now: Date.now }), access: {}, limited: false };
    const stores = {
      pool,
      databaseUrl: database.url,
      queueStore,
      queues,
      ingestion: NO_LISTS,
      payloadRetentionDays: 30,
    };
    const parts = { ...stores, logger: log.logger, clock, readiness: () => [], sources };
    app = await NestFactory.create<NestFastifyApplication>(SchedulerModule.forRoot(parts), new FastifyAdapter(), {
      logger: new NestLogger(log.logger),
      abortOnError: false,
    });
    const planner = app.get(PlannerService);
    const pass = planner.pass.bind(planner);
    planner.pass = (nominalMs) => {
      nominals.push(nominalMs);
      return pass(nominalMs);
    };
    await app.listen(0, '127.0.0.1');
    stop = async () => {
      await app.close();
      await queues.close();
      await pool.end();
    };
  }

  async function plannedSlots(from: number, count: number): Promise<number[]> {
    return eventually(`${count} slots`, 20_000, async () => {
      const { rows } = await database.pool.query<{ slot: number }>(
        'SELECT slot FROM fetches WHERE slot >= $1 ORDER BY slot',
        [from],
      );
      return rows.length < count ? undefined : rows.map((row) => row.slot);
    });
  }

  /** Up to the last of the planned slots each second has a fetch, or a gap where this machine stood still for longer than a window. */
  async function expectEverySecondOnce(from: number, planned: readonly number[]): Promise<void> {
    const to = planned.at(-1) ?? from;
    const { rows } = await database.pool.query<{ slot: number }>(
      `SELECT slot::float8 AS slot FROM gaps, generate_series(from_slot, to_slot - 1) AS slot WHERE slot BETWEEN $1 AND $2`,
      [from, to],
    );
    const covered = [...planned, ...rows.map(({ slot }) => slot)].sort((left, right) => left - right);
    expect(covered).toEqual(Array.from({ length: to - from + 1 }, (_, second) => from + second));
  }
});

/** A database of the tests' Redis that no other file uses, emptied. */
async function emptyRedisUrl(): Promise<string> {
  const url = new URL(process.env.TEST_REDIS_URL ?? '');
  url.pathname = '/12';
  const redis = new Redis(url.href);
  await redis.flushdb();
  await redis.quit();
  return url.href;
}
