// The scheduler with a periodic task more, as `apps/scheduler/src/main.ts` would start it.
import { loadSettings, schedulerSettings, sourceSettingsOf } from '@app/config';
import { createLogger } from '@app/observability';
import { prepareOrExit, runProcess } from '@app/process';
import { SOURCES } from '@app/sources';
import { startScheduler } from '../../apps/scheduler/src/start-scheduler.js';
import { tasksWithCountSheep } from './count-sheep.js';

const settings = await prepareOrExit(() => loadSettings({ ...schedulerSettings, ...sourceSettingsOf(SOURCES) }));
const logger = createLogger({ name: 'scheduler', level: settings.LOG_LEVEL });
runProcess(logger, () => startScheduler(settings, logger, tasksWithCountSheep));
