import { databaseUrl, queueLocation, keepsSourceLimits, type schedulerSettings, type SettingsOf } from '@app/config';
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
import { createStoreCheck, producerOptions, queueStoreOf, useQueueStore } from '@app/queue';
import { checkPlans, SourceClient, SOURCES, type SourceAccesses } from '@app/sources';
import { createPool, createWatchPool, databaseNowMs, fitnessAtStart, whyUnwritable } from '@app/storage';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DEFAULT_CATALOGUE, readCatalogueFile } from './catalogue/catalogue-file.js';
import { CatalogueService } from './catalogue/catalogue.service.js';
import { controlPassword, CONTROL_USER } from './control/control-password.js';
import { createControlAdapter, prepareControlServer } from './control/control-server.js';
import { BOARD_PATH } from './control/queue-board.js';
import { FetchQueues } from './planning/fetch-queues.js';
import { SchedulerModule, type SchedulerModuleOptions } from './scheduler.module.js';
import { makeUpcomingPartitions } from './tasks/make-partitions.task.js';
import type { TasksOf } from './tasks/task.js';

type Settings = SettingsOf<typeof schedulerSettings>;

/** How long what is in hand may take to end, in milliseconds. */
const FINISH_WITHIN_MS = 3_000;

/** How long queues and connections may take to close after that, in milliseconds. */
const DISCONNECT_WITHIN_MS = 1_000;

/**
 * Starts a scheduler: waits for a database that fits, brings the catalogue to its starting point, then plans.
 * @param tasksOf makes the periodic tasks; default: all of them.
 */
export async function startScheduler(
  settings: Settings,
  access: SourceAccesses,
  logger: Logger,
  tasksOf?: TasksOf,
): Promise<Closable> {
  checkPlans(SOURCES, access);
  const tickers = settings.CATALOGUE_FILE === undefined ? undefined : await readCatalogueFile(settings.CATALOGUE_FILE);
  const login = await controlPassword(settings.CONTROL_PASSWORD, settings.TIDEMARK_HOME);
  const stores = await openStores(settings, logger);
  const { pool, clock, queueStore, watch } = stores;
  await makeUpcomingPartitions(pool, Date.now());
  const queues = new FetchQueues(
    SOURCES.map((source) => source.name),
    producerOptions(queueStore),
    logger,
  );
  // For the sources' own lists of names; prices are asked for by workers alone.
  const { HTTPS_PROXY: httpsProxy, NO_PROXY: noProxy } = settings;
  const client = new SourceClient({ access, httpsProxy, noProxy, now: Date.now });
  const stablecoinsAtPar = settings.ASSUME_STABLECOINS_AT_PAR === 'true';
  const sources = { client, access, limited: keepsSourceLimits(settings), stablecoinsAtPar };
  const payloadRetentionDays = settings.PAYLOAD_RETENTION_DAYS;
  const options: SchedulerModuleOptions = {
    ...{ pool, databaseUrl: stores.url, queueStore, queues, payloadRetentionDays },
    ...{ logger, clock, sources, readiness: () => watch.reasons() },
  };
  const module = SchedulerModule.forRoot(options, tasksOf);
  const app = await NestFactory.create<NestFastifyApplication>(module, createControlAdapter(), {
    logger: new NestLogger(logger),
  });
  await beginCatalogue(
    app.get(CatalogueService),
    { tickers, intervalSeconds: settings.SAMPLE_INTERVAL_SECONDS },
    logger,
  );
  const { CONTROL_HOST: host, CONTROL_PORT: port } = settings;
  await prepareControlServer(app, { password: login.password, queues: queues.all() });
  watch.start();
  await app.listen(port, host).catch((error: unknown) => {
    throw explainListenError(error, 'CONTROL_PORT', port);
  });
  logger.info(
    {
      ...{ event: 'started', queue: queueStore.kind, port },
      ...{ board: BOARD_PATH, user: CONTROL_USER, password_file: login.file },
    },
    'planning',
  );
  return {
    end: () => watch.end(),
    close: async () => {
      const watched = watch.stop();
      if (!(await endsWithin(app.close(), FINISH_WITHIN_MS)))
        logger.warn({ event: 'end_cut_short' }, 'a store does not answer: what is in hand is left to other schedulers');
      client.close();
      const disconnected = Promise.all([watched, queues.close()]).then(() => stores.close());
      await endsWithin(disconnected, DISCONNECT_WITHIN_MS);
    },
  };
}

async function beginCatalogue(
  catalogue: CatalogueService,
  wanted: Pick<Parameters<CatalogueService['begin']>[0], 'tickers' | 'intervalSeconds'>,
  logger: Logger,
): Promise<void> {
  await catalogue.begin({ ...wanted, defaults: DEFAULT_CATALOGUE });
  // Beside everything else: a source that does not answer keeps no price waiting.
  void catalogue
    .checkNames()
    .catch((error: unknown) => logger.warn({ event: 'names_unchecked', err: error }, 'could not check the names'));
}

/** A database that fits, the clock held against it, the queue store, and what tells whether all of it can be used. */
async function openStores(settings: Settings, logger: Logger) {
  const url = databaseUrl(settings);
  const queue = queueLocation(settings);
  const pool = createPool({
    url,
    applicationName: 'tidemark-scheduler',
    maxConnections: 6,
    onIdleError: (error) => logger.warn({ event: 'database_connection_lost' }, error.message),
  });
  const { CONTROL_HOST: host, CONTROL_PORT: port } = settings;
  await waitUntilReady({
    logger,
    host,
    port,
    portVariable: 'CONTROL_PORT',
    check: fitnessAtStart({ url, pool, mode: settings.TIDEMARK_MODE, carriesQueue: queue.url === url }),
  });
  const watchPool = createWatchPool(url, 'tidemark-scheduler-watch');
  const clock = new ClockWatch(() => databaseNowMs(watchPool));
  await clock.measure();
  const queueStore = queueStoreOf(queue.url, queue.caFile);
  useQueueStore(queueStore);
  const queueCheck = createStoreCheck(queueStore);
  const watch = new ReadinessWatch({
    checks: [
      databaseCheck(() => whyUnwritable(watchPool, settings.TIDEMARK_MODE), clock),
      // Where the queue is in the database, that was asked already.
      ...(queueStore.url === url ? [] : [queueCheck]),
    ],
    clock,
    logger,
  });
  const close = () => Promise.all([queueCheck.close(), watchPool.end(), pool.end()]);
  return { url, pool, clock, queueStore, watch, close };
}
