// Which process reads which settings: for the configuration page and for Compose. Needs a build.
import * as config from '../dist/libs/config/src/index.js';
import { SOURCES } from '../dist/libs/sources/src/index.js';

const sourceSettings = config.sourceSettingsOf(SOURCES);

/** The settings that each process reads; the order is the order of the configuration page. */
export const SETTINGS_READERS = {
  migrate: config.migrateSettings,
  scheduler: { ...config.schedulerSettings, ...sourceSettings },
  worker: { ...config.workerSettings, ...sourceSettings },
  api: config.apiSettings,
  simulator: config.simulatorSettings,
  'tidemark health': config.healthSettings,
  verify: config.verifySettings,
  'tidemark latest': config.questionSettings,
  'tidemark tickers add': config.controlSettings,
  'command line': { ...config.cliSettings, ...sourceSettings },
  'make demo, make start': { ...config.standaloneSettings, ...sourceSettings },
};
