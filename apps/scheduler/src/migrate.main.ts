import { databaseUrl, queueLocation, loadSettings, migrateSettings, readerDatabaseUrl } from '@app/config';
import { createLogger } from '@app/observability';
import { runToCompletion } from '@app/process';
import { migrateQueueStore, queueStoreOf } from '@app/queue';
import { declareSources, readDeclaredSources, SOURCES } from '@app/sources';
import { migrate, whyUnreachable } from '@app/storage';

const MESSAGE = {
  migrated: 'the schema is up to date',
  later: 'the schema is of a later build, on which this one runs: it is left as it is',
};

runToCompletion('migrate', async () => {
  const settings = loadSettings(migrateSettings);
  declareSources(await readDeclaredSources(settings));
  const logger = createLogger({ name: 'migrate', level: settings.LOG_LEVEL });
  const url = databaseUrl(settings);
  const queue = queueLocation(settings);
  const addresses = queue.url === url || !queue.url.startsWith('postgres') ? [url] : [url, queue.url];
  for (const address of addresses) {
    const unreachable = await whyUnreachable(address, address === queue.url);
    if (unreachable !== undefined) throw new Error(unreachable);
  }
  const outcome = await migrate({
    url,
    mode: settings.TIDEMARK_MODE,
    sources: SOURCES,
    reader: {
      user: settings.API_DATABASE_USER,
      password: settings.API_DATABASE_PASSWORD,
      url: readerDatabaseUrl(settings),
      urlVariable: settings.API_DATABASE_URL === undefined ? undefined : 'API_DATABASE_URL',
    },
    carriesQueue: queue.url === url,
    nowMs: Date.now(),
    migrateQueue: () => migrateQueueStore(queueStoreOf(queue.url, queue.caFile)),
    afterStop: settings.MIGRATE_AFTER_STOP === 'true',
  });
  logger.info({ event: outcome, mode: settings.TIDEMARK_MODE }, MESSAGE[outcome]);
});
