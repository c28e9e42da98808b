import { databaseUrl, loadSettings, migrateSettings } from '@app/config';
import { createLogger, runToCompletion } from '@app/observability';
import { migrateQueueStore, queueStoreOf } from '@app/queue';
import { declareSources, readDeclaredSources, SOURCES } from '@app/sources';
import { migrate } from '@app/storage';

runToCompletion('migrate', async () => {
  const settings = loadSettings(migrateSettings);
  declareSources(await readDeclaredSources(settings));
  const logger = createLogger({ name: 'migrate', level: settings.LOG_LEVEL });
  const url = databaseUrl(settings);
  await migrate({
    url,
    mode: settings.TIDEMARK_MODE,
    sources: SOURCES,
    reader: { user: settings.API_DATABASE_USER, password: settings.API_DATABASE_PASSWORD },
    nowMs: Date.now(),
    migrateQueue: () => migrateQueueStore(queueStoreOf(settings.QUEUE_URL ?? url)),
  });
  logger.info({ event: 'migrated', mode: settings.TIDEMARK_MODE }, 'the schema is up to date');
});
