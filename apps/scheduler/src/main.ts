import { schedulerSettings, settingsOrExit } from '@app/config';
import { createLogger, runProcess } from '@app/observability';
import { startScheduler } from './start-scheduler.js';

const settings = settingsOrExit(schedulerSettings);
const logger = createLogger({ name: 'scheduler', level: settings.LOG_LEVEL });
runProcess(logger, () => startScheduler(settings, logger));
