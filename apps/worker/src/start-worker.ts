import { databaseUrl, queueLocation, keepsSourceLimits, type SettingsOf, type workerSettings } from '@app/config';
import { NestLogger } from '@app/nest';
import {
  ClockWatch,
  databaseCheck,
  endsWithin,
  explainListenError,
  ReadinessWatch,
  waitUntilReady,
  type Closable,
  type Logger,
} from '@app/observability';
import { createStoreCheck, queueStoreOf, useQueueStore } from '@app/queue';
import { checkPlans, lacksKey, SourceClient, SOURCES, type SourceAccesses } from '@app/sources';
import {
  createPool,
  createWatchPool,
  databaseNowMs,
  fitnessAtStart,
  SourceStateRepository,
  whyUnwritable,
  type Pool,
} from '@app/storage';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { JobsOf } from './jobs/source-jobs.js';
import { WorkerModule, type WorkerModuleOptions } from './worker.module.js';

type Settings = SettingsOf<typeof workerSettings>;

/** How long the end may take beyond that of the jobs in hand, in milliseconds: to give back what did not finish. */
const GIVE_BACK_WITHIN_MS = 2_000;

/** How long the connections may take to close after that, in milliseconds. */
const DISCONNECT_WITHIN_MS = 500;

/**
 * Starts a worker: waits for a database that fits, then takes jobs.
 * @param jobsOf makes the jobs that it runs; default: all of them.
 */
export async function startWorker(
  settings: Settings,
  access: SourceAccesses,
  logger: Logger,
  jobsOf?: JobsOf,
): Promise<Closable> {
  checkPlans(SOURCES, access);
  const finishWithinMs = settings.WORKER_FINISH_SECONDS * 1000;
  const stores = await openStores(settings, logger);
  const { pool, clock, queueStore, readiness } = stores;
  const { WORKER_HOST: host, WORKER_PORT: port } = settings;
  await openCircuitsOfKeyless(pool, access);
  const client = new SourceClient({
    access,
    driftPolicy: settings.DRIFT_POLICY,
    httpsProxy: settings.HTTPS_PROXY,
    noProxy: settings.NO_PROXY,
    now: Date.now,
  });
  const options: WorkerModuleOptions = {
    logger,
    pool,
    clock,
    readiness: () => readiness.reasons(),
    client,
    queueStore,
    running: { access, concurrency: settings.WORKER_CONCURRENCY, limited: keepsSourceLimits(settings) },
    judging: { stablecoinsAtPar: settings.ASSUME_STABLECOINS_AT_PAR === 'true' },
    provenance: {
      retentionDays: settings.PAYLOAD_RETENTION_DAYS,
      maxBytesPerDay: settings.PAYLOAD_MAX_MB_PER_DAY * 2 ** 20,
    },
    finishWithinMs,
    now: Date.now,
  };
  const app = await NestFactory.create<NestFastifyApplication>(
    WorkerModule.forRoot(options, jobsOf),
    new FastifyAdapter({ forceCloseConnections: true }),
    {
      logger: new NestLogger(logger),
    },
  );
  readiness.start();
  await app.listen(port, host).catch((error: unknown) => {
    throw explainListenError(error, 'WORKER_PORT', port);
  });
  logger.info({ event: 'started', queue: queueStore.kind, port }, 'taking jobs');
  return {
    end: () => readiness.end(),
    close: async () => {
      const watched = readiness.stop();
      if (!(await endsWithin(app.close(), finishWithinMs + GIVE_BACK_WITHIN_MS)))
        logger.warn({ event: 'end_cut_short' }, 'a store does not answer: what is in hand is left to other workers');
      await endsWithin(
        watched.then(() => stores.close()),
        DISCONNECT_WITHIN_MS,
      );
    },
  };
}

/** A database that fits, the clock held against it, the queue store, and what tells whether all of it can be used. */
async function openStores(settings: Settings, logger: Logger) {
  const url = databaseUrl(settings);
  const queue = queueLocation(settings);
  const pool = createPool({
    url,
    applicationName: 'tidemark-worker',
    maxConnections: 10,
    onIdleError: (error) => logger.warn({ event: 'database_connection_lost' }, error.message),
  });
  const { WORKER_HOST: host, WORKER_PORT: port } = settings;
  await waitUntilReady({
    logger,
    host,
    port,
    portVariable: 'WORKER_PORT',
    check: fitnessAtStart({ url, pool, mode: settings.TIDEMARK_MODE, carriesQueue: queue.url === url }),
  });
  const watchPool = createWatchPool(url, 'tidemark-worker-watch');
  const clock = new ClockWatch(() => databaseNowMs(watchPool));
  await clock.measure();
  const queueStore = queueStoreOf(queue.url, queue.caFile);
  useQueueStore(queueStore);
  const queueCheck = createStoreCheck(queueStore);
  const readiness = new ReadinessWatch({
    checks: [
      databaseCheck(() => whyUnwritable(watchPool, settings.TIDEMARK_MODE), clock),
      // Where the queue is in the database, that was asked already.
      ...(queueStore.url === url ? [] : [queueCheck]),
    ],
    clock,
    logger,
  });
  const close = () => Promise.all([queueCheck.close(), watchPool.end(), pool.end()]);
  return { pool, clock, queueStore, readiness, close };
}

/** A source that answers nobody without a key, and has none, is not asked: its slots are `circuit_open` at once. */
async function openCircuitsOfKeyless(pool: Pool, access: SourceAccesses): Promise<void> {
  const isKeyless = Map.groupBy(SOURCES, (source) => lacksKey(source, access[source.name]));
  const idsOf = (keyless: boolean): number[] => (isKeyless.get(keyless) ?? []).map(({ id }) => id);
  await new SourceStateRepository(pool).noteKeys({ missing: idsOf(true), present: idsOf(false) });
}
