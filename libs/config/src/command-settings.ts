import { apiSettings, callSettings, databaseSettings, readerSettings, schedulerSettings } from './settings.js';
import { address } from './setting-types.js';

/** What the commands that ask for stored prices read: `tidemark latest` and the like. */
export const questionSettings = {
  ...databaseSettings,
  ...readerSettings,
  API_URL: address(['http', 'https'])
    .optional()
    .describe(
      'Address of a running API that `tidemark latest` and the like ask. Without it the one of this machine, or, when none answers there or only a database or TIDEMARK_MODE is named, one that is started for the question on the database, or on the private stores of TIDEMARK_HOME.',
    ),
  API_PORT: apiSettings.API_PORT,
  TIDEMARK_HOME: schedulerSettings.TIDEMARK_HOME,
};

/** What the commands that change what is sampled read: `tidemark tickers add`. */
export const controlSettings = {
  CONTROL_PORT: schedulerSettings.CONTROL_PORT,
  CONTROL_PASSWORD: schedulerSettings.CONTROL_PASSWORD,
  TIDEMARK_HOME: schedulerSettings.TIDEMARK_HOME,
};

/** The command line. */
export const cliSettings = {
  ...databaseSettings,
  ...callSettings,
};
