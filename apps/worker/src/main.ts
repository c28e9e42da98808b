import { configuredSources, workerSettings, settingsOrExit, sourceSettingsOf } from '@app/config';
import { createLogger, runProcess } from '@app/observability';
import { SOURCES } from '@app/sources';
import { startWorker } from './start-worker.js';

const settings = settingsOrExit({ ...workerSettings, ...sourceSettingsOf(SOURCES) });
const logger = createLogger({ name: 'worker', level: settings.LOG_LEVEL });
runProcess(logger, () => startWorker(settings, configuredSources(settings, SOURCES), logger));
