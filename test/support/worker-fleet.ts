import { ClockWatch } from '@app/process';
import { NestLogger } from '@app/process/server';
import { producerOptions, queueStoreOf, sourceQueueName, useQueueStore, type FetchJob } from '@app/queue';
import { SourceClient } from '@app/sources';
import { createPool, databaseNowMs, type Pool } from '@app/storage';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Queue } from 'bullmq';
import type { JobsOf } from '../../apps/worker/src/jobs/source-jobs.js';
import { WorkerModule } from '../../apps/worker/src/worker.module.js';
import { catalogueTickers } from '../builders/catalogued-ticker.js';
import { planFetches } from '../builders/planned-fetch.js';
import { createLogBook } from './log-lines.js';
import { RedisProcess, redisServerName } from './redis-process.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';

/** The queue stores that there are here; says on stderr when Redis is none of them. */
export function queueStoresHere(): ('Postgres' | 'Redis')[] {
  if (redisServerName() !== undefined) return ['Postgres', 'Redis'];
  process.stderr.write('No redis-server on the PATH: limits on Redis are NOT tried.\n');
  return ['Postgres'];
}

/** Workers of Deribit's queue, which share nothing with each other but the database and the queue. */
export class WorkerFleet {
  private readonly workers: NestFastifyApplication[] = [];

  private constructor(
    readonly database: TestDatabase,
    /** The queue of Deribit, for a producer. */
    readonly queue: Queue,
    private readonly pool: Pool,
    private readonly redis: RedisProcess | undefined,
  ) {}

  static async start(store: 'Postgres' | 'Redis'): Promise<WorkerFleet> {
    const database = await createTestDatabase();
    const redis = store === 'Redis' ? await RedisProcess.start() : undefined;
    const queueStore = queueStoreOf(redis?.url ?? database.url);
    useQueueStore(queueStore);
    const queue = new Queue(sourceQueueName('deribit'), producerOptions(queueStore));
    queue.on('error', () => undefined);
    await queue.waitUntilReady();
    const { url } = database;
    const pool = createPool({
      ...{ url, applicationName: 'tidemark-worker', maxConnections: 10 },
      onIdleError: () => undefined,
    });
    return new WorkerFleet(database, queue, pool, redis);
  }

  /**
   * Starts a worker more.
   * @param baseUrl where Deribit is.
   * @param jobsOf makes the jobs that it runs; default: all of them.
   */
  async addWorker(baseUrl: string, jobsOf?: JobsOf): Promise<void> {
    const { logger } = createLogBook();
    const { pool } = this;
    const clock = new ClockWatch(() => databaseNowMs(pool));
    await clock.measure();
    const access = { deribit: { baseUrl } };
    const options = {
      ...{ logger, pool, clock },
      readiness: () => [],
      client: new SourceClient({ access, now: Date.now }),
      queueStore: queueStoreOf(this.redis?.url ?? this.database.url),
      running: { access, concurrency: 20, limited: true },
      ingestion: {
        csvFolder: undefined,
        driftPolicy: 'reject' as const,
        pages: {},
        batchSize: 250,
        failAfterRecords: undefined,
        linkRules: [],
      },
      judging: { stablecoinsAtPar: false },
      provenance: { retentionDays: 1, maxBytesPerDay: 2 ** 20 },
      finishWithinMs: 5_000,
      now: Date.now,
    };
    const worker = await NestFactory.create<NestFastifyApplication>(
      WorkerModule.forRoot(options, jobsOf),
      new FastifyAdapter(),
      { logger: new NestLogger(logger), abortOnError: false },
    );
    this.workers.push(worker);
    await worker.listen(0, '127.0.0.1');
  }

  /** Plans a fetch each for many tickers, of one slot whose window is open for `windowSeconds`, long enough for all of them. */
  async plan(fetches: number, windowSeconds: number): Promise<FetchJob[]> {
    const now = Math.floor(Date.now() / 1000);
    const tickers = Array.from({ length: fetches }, (_, index) => ({
      ticker: `t${index}_usd`,
      fromSlot: now,
      intervalSeconds: 1,
      sources: [{ sourceId: 1, sourceSymbol: 'btc_usd' }],
    }));
    await catalogueTickers(this.database.url, ...tickers);
    const keys = await planFetches(this.database.pool, now);
    await this.database.pool.query(`UPDATE fetches SET deadline = slot + ${windowSeconds}, max_attempts = 3`);
    return keys;
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.splice(0).map((worker) => worker.close()));
    await this.queue.close();
    await this.pool.end();
    await this.redis?.stop();
    await this.database.drop();
  }
}
