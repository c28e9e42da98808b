import {
  configuredSources,
  declaredSourceSettings,
  schedulerSettings,
  settingsOrExit,
  sourceSettingsOf,
} from '@app/config';
import { createLogger } from '@app/observability';
import { runProcess } from '@app/process';
import { declareSourcesOrExit, SOURCES } from '@app/sources';
import { startScheduler } from './start-scheduler.js';

await declareSourcesOrExit(settingsOrExit(declaredSourceSettings));
const settings = settingsOrExit({ ...schedulerSettings, ...sourceSettingsOf(SOURCES) });
const logger = createLogger({ name: 'scheduler', level: settings.LOG_LEVEL });
runProcess(logger, () => startScheduler(settings, configuredSources(settings, SOURCES), logger));
