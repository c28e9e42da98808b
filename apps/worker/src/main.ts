import {
  configuredSources,
  declaredSourceSettings,
  settingsOrExit,
  sourceSettingsOf,
  workerSettings,
} from '@app/config';
import { createLogger } from '@app/observability';
import { runProcess } from '@app/process';
import { declareSourcesOrExit, SOURCES } from '@app/sources';
import { startWorker } from './start-worker.js';

await declareSourcesOrExit(settingsOrExit(declaredSourceSettings));
const settings = settingsOrExit({ ...workerSettings, ...sourceSettingsOf(SOURCES) });
const logger = createLogger({ name: 'worker', level: settings.LOG_LEVEL });
runProcess(logger, () => startWorker(settings, configuredSources(settings, SOURCES), logger));
