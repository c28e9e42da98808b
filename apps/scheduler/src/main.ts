import { declaredSourceSettings, loadSettings, schedulerSettings, sourceSettingsOf } from '@app/config';
import { createLogger } from '@app/observability';
import { prepareOrExit, runProcess } from '@app/process';
import { declareSources, readDeclaredSources, SOURCES } from '@app/sources';
import { startScheduler } from './start-scheduler.js';

const settings = await prepareOrExit(async () => {
  // First: the settings of sources follow from which there are.
  declareSources(await readDeclaredSources(loadSettings(declaredSourceSettings)));
  return loadSettings({ ...schedulerSettings, ...sourceSettingsOf(SOURCES) });
});
const logger = createLogger({ name: 'scheduler', level: settings.LOG_LEVEL });
runProcess(logger, () => startScheduler(settings, logger));
