import { resolve } from 'node:path';
import {
  apiSettings,
  declaredSourceSettings,
  loadSettings,
  logSettings,
  readerSettings,
  schedulerSettings,
  simulatorSettings,
  sourceSettingsOf,
  standaloneSettings,
  variablesOf,
  workerSettings,
} from '@app/config';
import { declareSources, readDeclaredSources, SOURCES } from '@app/sources';
import { z } from 'zod';
import { lastingFaults, StartError } from './start-error.js';

/** What the launcher was asked to run: the system against the simulator, or against the real sources. */
export type LauncherMode = 'demo' | 'start';

/** What the launcher itself reads. */
const launcherSettings = {
  ...standaloneSettings,
  ...logSettings,
  API_DATABASE_USER: readerSettings.API_DATABASE_USER,
  API_HOST: apiSettings.API_HOST,
  CONTROL_HOST: schedulerSettings.CONTROL_HOST,
  WORKER_HOST: workerSettings.WORKER_HOST,
  SIMULATOR_HOST: simulatorSettings.SIMULATOR_HOST,
  // Of no use to itself: what is wrong with them is said before anything is started.
  API_DRAIN_SECONDS: apiSettings.API_DRAIN_SECONDS,
  WORKER_CONCURRENCY: workerSettings.WORKER_CONCURRENCY,
  SIMULATOR_ASSETS: simulatorSettings.SIMULATOR_ASSETS,
  SIMULATOR_LIST_REFUSALS_PERCENT: simulatorSettings.SIMULATOR_LIST_REFUSALS_PERCENT,
};

/** What every child may know of the machine, besides Tidemark's own variables. */
const MACHINE_VARIABLES = [
  'PATH',
  'HOME',
  'TZ',
  'LANG',
  'LC_ALL',
  'NODE_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
];

/** Read in lower case too, as curl does. */
const PROXY_VARIABLES = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'];

/** Values of the variables that are set, as text. */
export type VariableValues = Readonly<Record<string, string>>;

/** The environment of the launcher, checked. */
export interface LauncherSettings extends z.output<z.ZodObject<typeof launcherSettings>> {
  /** The variables that children are handed as they are, see child-environment.ts. */
  readonly given: {
    readonly machine: VariableValues;
    readonly proxy: VariableValues;
    readonly own: VariableValues;
  };
}

/** Tidemark's own variables, by the process that reads them, without those of the proxy; those of declared sources too. */
function ownVariables(): string[] {
  const settings = {
    ...apiSettings,
    ...schedulerSettings,
    ...workerSettings,
    ...simulatorSettings,
    ...sourceSettingsOf(SOURCES),
  };
  return variablesOf(settings).filter((name) => !PROXY_VARIABLES.includes(name));
}

/** Whether a variable names a file or a folder, from the folder in which the launcher was started. */
function namesFile(variable: string): boolean {
  return /^(CATALOGUE_FILE|SNAPSHOT_DIR|DATA_DIR|ETL_CSV_DIR|ETL_LINKS_FILE|SIMULATOR_HISTORY|HTTP_SOURCES_FILE|.*_(API_KEY|PASSWORD)_FILE)$/.test(
    variable,
  );
}

/**
 * Declares the sources that the environment names, and reads it.
 * @throws StartError with everything that is wrong.
 */
export async function readEnvironment(mode: LauncherMode): Promise<LauncherSettings> {
  const declared = await lastingFaults(async () =>
    declareSources(await readDeclaredSources(loadSettings(declaredSourceSettings))),
  );
  let settings: LauncherSettings | undefined;
  // Where the declarations are wrong, what is said of other variables is right all the same.
  const faults = [...declared, ...(await lastingFaults(() => (settings = loadLauncherSettings(mode))))];
  if (settings === undefined || faults.length > 0) throw new StartError(faults);
  return settings;
}

/**
 * Reads the environment of the launcher. The demo calls nobody but the simulator, so that it has no use for a proxy.
 * @throws SettingsError naming every wrong variable.
 */
export function loadLauncherSettings(mode: LauncherMode, environment?: NodeJS.ProcessEnv): LauncherSettings {
  const proxy = mode === 'demo' ? {} : proxyValues(environment);
  const settings = { ...sourceSettingsOf(SOURCES), ...launcherSettings };
  const names = variablesOf(settings).filter((name) => !PROXY_VARIABLES.includes(name));
  const checked = loadSettings(settings, { ...values(names, environment), ...proxy });
  if (checked.HTTPS_PROXY !== undefined) proxy['HTTPS_PROXY'] = checked.HTTPS_PROXY;
  const own = values(ownVariables(), environment);
  for (const [variable, value] of Object.entries(own)) if (namesFile(variable)) own[variable] = resolve(value);
  return { ...checked, given: { machine: values(MACHINE_VARIABLES, environment), proxy, own } };
}

function values(variables: readonly string[], environment: NodeJS.ProcessEnv | undefined): Record<string, string> {
  const shape = Object.fromEntries(variables.map((variable) => [variable, z.string().optional()]));
  const found = Object.entries(loadSettings(shape, environment));
  return Object.fromEntries(found.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function proxyValues(environment: NodeJS.ProcessEnv | undefined): Record<string, string> {
  const lower = values(
    PROXY_VARIABLES.map((name) => name.toLowerCase()),
    environment,
  );
  const upper = Object.entries(lower).map(([name, value]) => [name.toUpperCase(), value] as const);
  return { ...Object.fromEntries(upper), ...values(PROXY_VARIABLES, environment) };
}
