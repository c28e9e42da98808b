// The scheduler with a periodic task more, as `apps/scheduler/src/main.ts` would start it.
import { configuredSources, schedulerSettings, settingsOrExit, sourceSettingsOf } from '@app/config';
import { createLogger } from '@app/observability';
import { runProcess } from '@app/process';
import { SOURCES } from '@app/sources';
import { startScheduler } from '../../apps/scheduler/src/start-scheduler.js';
import { tasksWithCountSheep } from './count-sheep.js';

const settings = settingsOrExit({ ...schedulerSettings, ...sourceSettingsOf(SOURCES) });
const logger = createLogger({ name: 'scheduler', level: settings.LOG_LEVEL });
runProcess(logger, () => startScheduler(settings, configuredSources(settings, SOURCES), logger, tasksWithCountSheep));
