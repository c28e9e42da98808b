import { configuredSources, declaredSourceSettings, loadSettings, sourceSettingsOf, workerSettings } from '@app/config';
import { createLogger } from '@app/observability';
import { prepareOrExit, runProcess } from '@app/process';
import { declareSources, readDeclaredSources, SOURCES } from '@app/sources';
import { startWorker } from './start-worker.js';

const settings = await prepareOrExit(async () => {
  // First: the settings of sources follow from which there are.
  declareSources(await readDeclaredSources(loadSettings(declaredSourceSettings)));
  return loadSettings({ ...workerSettings, ...sourceSettingsOf(SOURCES) });
});
const logger = createLogger({ name: 'worker', level: settings.LOG_LEVEL });
runProcess(logger, () => startWorker(settings, configuredSources(settings, SOURCES), logger));
