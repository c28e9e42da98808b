// The worker with a type of job more, as `apps/worker/src/main.ts` would start it.
import { loadSettings, sourceSettingsOf, workerSettings, configuredSources } from '@app/config';
import { createLogger } from '@app/observability';
import { prepareOrExit, runProcess } from '@app/process';
import { SOURCES } from '@app/sources';
import { startWorker } from '../../apps/worker/src/start-worker.js';
import { jobsWithReadOften } from './read-often.js';

const settings = await prepareOrExit(() => loadSettings({ ...workerSettings, ...sourceSettingsOf(SOURCES) }));
const logger = createLogger({ name: 'worker', level: settings.LOG_LEVEL });
runProcess(logger, () => startWorker(settings, configuredSources(settings, SOURCES), logger, jobsWithReadOften));
