import { apiSettings, loadSettings, readerDatabaseUrl } from '@app/config';
import { createLogger } from '@app/observability';
import { runProcess } from '@app/process';
import { keepHeapSmall } from './small-heap.js';

const settings = loadSettings(apiSettings);
const logger = createLogger({ name: 'api', level: settings.LOG_LEVEL });

const drainMs = settings.API_DRAIN_SECONDS * 1000;
const start = async () => {
  keepHeapSmall();
  // Loaded after that: the heap would grow while Nest is loaded, and not shrink again.
  const { createApi } = await import('./api.js');
  const api = await createApi({
    databaseUrl: readerDatabaseUrl(settings),
    mode: settings.TIDEMARK_MODE,
    logger,
    // Outside of every promise, so that it ends the process as any other fault that nobody can handle.
    onFatal: (error) => setImmediate(() => raise(error)),
  });
  const address = await api.listen(settings.API_PORT, settings.API_HOST);
  logger.info({ event: 'started', address, mode: settings.TIDEMARK_MODE }, 'listening');
  return api;
};
runProcess(logger, start, { drainMs });

function raise(error: Error): never {
  throw error;
}
