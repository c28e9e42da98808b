import {
  databaseSettings,
  databaseUrl,
  loadSettings,
  modeSettings,
  schedulerSettings,
  verifySettings,
} from '@app/config';

/** What configures `verify`: variables of the environment. */
export interface VerifySettings {
  /** Undefined when the environment names no database: then it is the embedded one. */
  readonly databaseUrl: string | undefined;
  readonly home: string;
  /** Undefined: whichever there is. */
  readonly mode: 'live' | 'simulated' | undefined;
  /** A simulator that runs and is asked for the prices that are expected; undefined: one is started for it. */
  readonly simulatorUrl: string | undefined;
  /** Declares further sources, whose simulated prices are expected too. */
  readonly sourcesFile: string | undefined;
}

/** Without their defaults: a database is named only when somebody named it. */
const namedSettings = {
  DATABASE_URL: databaseSettings.DATABASE_URL,
  POSTGRES_HOST: databaseSettings.POSTGRES_HOST.removeDefault().optional(),
  POSTGRES_PORT: databaseSettings.POSTGRES_PORT.removeDefault().optional(),
  POSTGRES_USER: databaseSettings.POSTGRES_USER.removeDefault().optional(),
  POSTGRES_PASSWORD: databaseSettings.POSTGRES_PASSWORD,
  POSTGRES_DB: databaseSettings.POSTGRES_DB.removeDefault().optional(),
};

const ownSettings = {
  HTTP_SOURCES_FILE: verifySettings.HTTP_SOURCES_FILE,
  SIMULATOR_URL: verifySettings.SIMULATOR_URL,
  TIDEMARK_HOME: schedulerSettings.TIDEMARK_HOME,
  TIDEMARK_MODE: modeSettings.TIDEMARK_MODE.removeDefault().optional(),
};

/**
 * Reads the environment of `verify`.
 * @throws SettingsError naming every wrong variable.
 */
export function loadVerifySettings(environment?: NodeJS.ProcessEnv): VerifySettings {
  // At once, so that every fault is reported together.
  const checked = loadSettings({ ...databaseSettings, ...ownSettings }, environment);
  const named = loadSettings(namedSettings, environment);
  const isNamed = Object.values(named).some((value) => value !== undefined);
  return {
    databaseUrl: isNamed ? databaseUrl(checked) : undefined,
    home: checked.TIDEMARK_HOME,
    mode: checked.TIDEMARK_MODE,
    simulatorUrl: checked.SIMULATOR_URL,
    sourcesFile: checked.HTTP_SOURCES_FILE,
  };
}
