import { apiSettings, loadSettings, readerDatabaseUrl } from '@app/config';
import { createLogger } from '@app/observability';
import { prepareOrExit, runProcess } from '@app/process';
import { keepHeapSmall } from './small-heap.js';

const settings = await prepareOrExit(() => loadSettings(apiSettings));
const logger = createLogger({ name: 'api', level: settings.LOG_LEVEL });

const start = async () => {
  keepHeapSmall();
  // Loaded after that: the heap would grow while Nest is loaded, and not shrink again.
  const { startApi } = await import('./api.js');
  const options = {
    databaseUrl: readerDatabaseUrl(settings),
    mode: settings.TIDEMARK_MODE,
    logger,
    // Outside of every promise, so that it ends the process as any other fault that nobody can handle.
    onFatal: (error: Error) => setImmediate(() => raise(error)),
  };
  return startApi(options, { host: settings.API_HOST, port: settings.API_PORT });
};
runProcess(logger, start, { drainMs: settings.API_DRAIN_SECONDS * 1000 });

function raise(error: Error): never {
  throw error;
}
