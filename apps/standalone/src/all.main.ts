import { environmentWith } from '@app/config';
import { createLogger, lineFormat } from '@app/observability';
import { prepareOrExit, runProcess } from '@app/process';
import { allEnvironment } from './all/all-environment.js';
import { ALL_END_LIMIT_MS, runAll } from './all/run-all.js';

const ending = new AbortController();

const environment = await prepareOrExit(() => allEnvironment(environmentWith({})));
const logger = createLogger({ name: 'all', level: environment.logLevel });
if (environment.isControlClosed) logger.warn({ event: 'control_closed' }, 'control API closed: set CONTROL_PASSWORD');
const format = await lineFormat(process.stdout.isTTY);
const print = (line: string): void => void process.stdout.write(`${format(line)}\n`);
const running = runAll({ environment, logger, print, signal: ending.signal });
const start = async () => {
  running.catch((error: unknown) => setImmediate(() => raise(error)));
  const close = async (): Promise<void> => {
    ending.abort();
    // Why it failed, if it did, is said already.
    await running.catch(() => undefined);
  };
  return { close };
};
runProcess(logger, start, { limitMs: environment.drainMs + ALL_END_LIMIT_MS });

function raise(error: unknown): never {
  throw error;
}
