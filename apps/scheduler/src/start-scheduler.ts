import { databaseUrl, queueLocation, keepsSourceLimits, type schedulerSettings, type SettingsOf } from '@app/config';
import type { Logger } from '@app/observability';
import type { Closable } from '@app/process';
import { createServer, serveProcess, type Watched } from '@app/process/server';
import { createStoreCheck, producerOptions, queueStoreOf, useQueueStore } from '@app/queue';
import { SourceClient, SOURCES, type SourceAccesses } from '@app/sources';
import { openDatabase } from '@app/storage';
import { DEFAULT_CATALOGUE } from './catalogue/catalogue-file.js';
import { CatalogueService } from './catalogue/catalogue.service.js';
import { readStart } from './catalogue/starting-catalogue.js';
import { controlPassword, CONTROL_USER } from './control/control-password.js';
import { CONTROL_SERVER, prepareControlServer } from './control/control-server.js';
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
 * Starts a scheduler: reads what it begins with, waits for a database that fits, brings the catalogue to its starting point, then plans.
 * @param settings those of every source too.
 * @param tasksOf makes the periodic tasks; default: all of them.
 */
export async function startScheduler(settings: Settings, logger: Logger, tasksOf?: TasksOf): Promise<Closable> {
  const { access, tickers } = await readStart(settings);
  const login = await controlPassword(settings.CONTROL_PASSWORD, settings.TIDEMARK_HOME);
  const url = databaseUrl(settings);
  const queue = queueLocation(settings);
  const queueStore = queueStoreOf(queue.url, queue.caFile);
  const database = openDatabase({
    ...{ url, applicationName: 'tidemark-scheduler', maxConnections: 6 },
    ...{ mode: settings.TIDEMARK_MODE, carriesQueue: queue.url === url },
    onIdleError: (error) => logger.warn({ event: 'database_connection_lost' }, error.message),
  });
  const { CONTROL_HOST: host, CONTROL_PORT: port } = settings;
  const started = { queue: queueStore.kind, port, board: BOARD_PATH, user: CONTROL_USER, password_file: login.file };
  return serveProcess({
    logger,
    address: { host, port, portVariable: 'CONTROL_PORT' },
    database,
    whyNotYet: database.whyUnfitAtStart,
    // Where the queue is in the database, that is asked already.
    checks: queueStore.url === url ? [] : [createStoreCheck(queueStore)],
    make: async (watched) => {
      useQueueStore(queueStore);
      await makeUpcomingPartitions(database.pool, Date.now());
      const options = moduleOptionsOf(settings, access, { logger, queueStore, ...database, ...watched });
      const app = await createServer(SchedulerModule.forRoot(options, tasksOf), { logger, ...CONTROL_SERVER });
      const { queues, sources } = options;
      await beginCatalogue(
        app.get(CatalogueService),
        { tickers, intervalSeconds: settings.SAMPLE_INTERVAL_SECONDS },
        logger,
      );
      await prepareControlServer(app, { password: login.password, queues: queues.all() });
      const disconnect = async () => {
        sources.client.close();
        await queues.close();
      };
      return { app, disconnect };
    },
    onListening: () => logger.info({ event: 'started', ...started }, 'planning'),
    ending: {
      finishWithinMs: FINISH_WITHIN_MS,
      cutShort: 'a store does not answer: what is in hand is left to other schedulers',
      disconnectWithinMs: DISCONNECT_WITHIN_MS,
    },
  });
}

type Opened = Pick<SchedulerModuleOptions, 'logger' | 'pool' | 'clock' | 'queueStore'> &
  Pick<Watched, 'readiness'> & { readonly url: string };

function moduleOptionsOf(settings: Settings, access: SourceAccesses, opened: Opened): SchedulerModuleOptions {
  const { logger, pool, clock, queueStore, readiness } = opened;
  // For the sources' own lists of names; prices are asked for by workers alone.
  const { HTTPS_PROXY: httpsProxy, NO_PROXY: noProxy } = settings;
  const names = SOURCES.map((source) => source.name);
  return {
    ...{ logger, pool, clock, queueStore, databaseUrl: opened.url },
    readiness: () => readiness.reasons(),
    queues: new FetchQueues(names, producerOptions(queueStore), logger),
    sources: {
      client: new SourceClient({ access, httpsProxy, noProxy, now: Date.now }),
      access,
      limited: keepsSourceLimits(settings),
      stablecoinsAtPar: settings.ASSUME_STABLECOINS_AT_PAR === 'true',
    },
    ingestion: {
      intervalSeconds: settings.ETL_INTERVAL_SECONDS,
      csvFolder: settings.ETL_CSV_DIR,
      pages: { coingecko: settings.ETL_COINGECKO_PAGES },
      retentionDays: {
        raw: settings.ETL_RAW_RETENTION_DAYS,
        values: settings.ETL_VALUES_RETENTION_DAYS,
        runs: settings.ETL_RUNS_RETENTION_DAYS,
      },
    },
    payloadRetentionDays: settings.PAYLOAD_RETENTION_DAYS,
    snapshotFolder: settings.SNAPSHOT_DIR,
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
