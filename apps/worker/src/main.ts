import { settingsOrExit, workerSettings } from '@app/config';
import { createLogger, runProcess } from '@app/observability';
import { startWorker } from './start-worker.js';

const settings = settingsOrExit(workerSettings);
const logger = createLogger({ name: 'worker', level: settings.LOG_LEVEL });
runProcess(logger, () => startWorker(settings, logger));
