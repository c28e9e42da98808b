import { databaseUrl, queueLocation, keepsSourceLimits, type SettingsOf, type workerSettings } from '@app/config';
import type { LinkRule } from '@app/domain';
import type { Logger } from '@app/observability';
import type { Closable } from '@app/process';
import { createServer, plainProblem, serveProcess, type ProblemRules, type Watched } from '@app/process/server';
import { createStoreCheck, queueStoreOf, useQueueStore } from '@app/queue';
import { readLinkRules } from '@app/ingestion';
import { checkPlans, lacksKey, SourceClient, SOURCES, type SourceAccesses } from '@app/sources';
import { openDatabase, SourceStateRepository, type Pool } from '@app/storage';
import type { JobsOf } from './jobs/source-jobs.js';
import { CONCURRENT_LISTS } from './run-jobs.js';
import { WorkerModule, type WorkerModuleOptions } from './worker.module.js';

type Settings = SettingsOf<typeof workerSettings>;

/** Connections to the database besides those that hold the locks of runs over lists. */
const WORKING_CONNECTIONS = 10;

/** How long the end may take beyond that of the jobs in hand, in milliseconds: to give back what did not finish. */
const GIVE_BACK_WITHIN_MS = 2_000;

/** How long the connections may take to close after that, in milliseconds. */
const DISCONNECT_WITHIN_MS = 500;

/** Nobody but an orchestrator asks a worker. */
const WORKER_PROBLEMS: ProblemRules = {
  notFound: plainProblem(404, 'There is nothing here but /livez, /readyz and /metrics.'),
  fault: plainProblem(500, 'This is a fault of the worker; its log tells more under the request id.'),
};

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
  const linkRules = await readLinkRules(settings.ETL_LINKS_FILE);
  const url = databaseUrl(settings);
  const queue = queueLocation(settings);
  const queueStore = queueStoreOf(queue.url, queue.caFile);
  const database = openDatabase({
    ...{ url, applicationName: 'tidemark-worker', maxConnections: WORKING_CONNECTIONS + CONCURRENT_LISTS },
    ...{ mode: settings.TIDEMARK_MODE, carriesQueue: queue.url === url },
    onIdleError: (error) => logger.warn({ event: 'database_connection_lost' }, error.message),
  });
  const { WORKER_HOST: host, WORKER_PORT: port } = settings;
  return serveProcess({
    logger,
    address: { host, port, portVariable: 'WORKER_PORT' },
    database,
    whyNotYet: database.whyUnfitAtStart,
    // Where the queue is in the database, that is asked already.
    checks: queueStore.url === url ? [] : [createStoreCheck(queueStore)],
    make: async (watched) => {
      useQueueStore(queueStore);
      await openCircuitsOfKeyless(database.pool, access);
      const module = WorkerModule.forRoot(
        moduleOptionsOf(settings, access, { logger, queueStore, linkRules, ...database, ...watched }),
        jobsOf,
      );
      return { app: await createServer(module, { logger, problems: WORKER_PROBLEMS }) };
    },
    onListening: () => logger.info({ event: 'started', queue: queueStore.kind, port }, 'taking jobs'),
    ending: {
      finishWithinMs: finishWithinMs(settings) + GIVE_BACK_WITHIN_MS,
      cutShort: 'a store does not answer: what is in hand is left to other workers',
      disconnectWithinMs: DISCONNECT_WITHIN_MS,
    },
  });
}

type Opened = Pick<WorkerModuleOptions, 'logger' | 'pool' | 'clock' | 'queueStore'> &
  Pick<Watched, 'readiness'> & { readonly linkRules: readonly LinkRule[] };

function moduleOptionsOf(settings: Settings, access: SourceAccesses, opened: Opened): WorkerModuleOptions {
  const { logger, pool, clock, queueStore, readiness, linkRules } = opened;
  return {
    ...{ logger, pool, clock, queueStore },
    readiness: () => readiness.reasons(),
    client: new SourceClient({
      access,
      driftPolicy: settings.DRIFT_POLICY,
      httpsProxy: settings.HTTPS_PROXY,
      noProxy: settings.NO_PROXY,
      now: Date.now,
    }),
    running: { access, concurrency: settings.WORKER_CONCURRENCY, limited: keepsSourceLimits(settings) },
    judging: { stablecoinsAtPar: settings.ASSUME_STABLECOINS_AT_PAR === 'true' },
    ingestion: {
      ...{ csvFolder: settings.ETL_CSV_DIR, driftPolicy: settings.DRIFT_POLICY, batchSize: settings.ETL_BATCH_SIZE },
      pages: { coingecko: settings.ETL_COINGECKO_PAGES },
      ...{ failAfterRecords: settings.FAIL_AFTER_N_RECORDS, linkRules },
    },
    provenance: {
      retentionDays: settings.PAYLOAD_RETENTION_DAYS,
      maxBytesPerDay: settings.PAYLOAD_MAX_MB_PER_DAY * 2 ** 20,
    },
    finishWithinMs: finishWithinMs(settings),
    now: Date.now,
  };
}

function finishWithinMs(settings: Settings): number {
  return settings.WORKER_FINISH_SECONDS * 1000;
}

/** A source that answers nobody without a key, and has none, is not asked: its slots are `circuit_open` at once. */
async function openCircuitsOfKeyless(pool: Pool, access: SourceAccesses): Promise<void> {
  const isKeyless = Map.groupBy(SOURCES, (source) => lacksKey(source, access[source.name]));
  const idsOf = (keyless: boolean): number[] => (isKeyless.get(keyless) ?? []).map(({ id }) => id);
  await new SourceStateRepository(pool).noteKeys({ missing: idsOf(true), present: idsOf(false) });
}
