import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  apiSettings,
  migrateSettings,
  prefixOf,
  schedulerSettings,
  type Settings,
  simulatorSettings,
  sourceSettingsOf,
  variablesOf,
  workerSettings,
} from '@app/config';
import { SOURCES, takesKey } from '@app/sources';
import { CATALOGUE_VARIABLES } from './catalogue-variables.js';
import { reachableHost } from './port-check.js';
import type { LauncherMode, LauncherSettings, VariableValues } from './launcher-settings.js';

/** The processes of the system that are programs of our own. */
export type AppName = 'migrate' | 'scheduler' | 'worker' | 'api' | 'simulator';

/** What the launcher decides for its children. */
export interface Decisions {
  readonly mode: LauncherMode;
  /** Folder of the mode. */
  readonly folder: string;
  readonly databaseUrl: string;
  readonly apiDatabasePassword: string;
  /** Undefined when the queue lives in the database. */
  readonly queueUrl: string | undefined;
  readonly controlPassword: string;
  /** Whether a scheduler of this run has applied catalogue and interval: from then on the control API decides. */
  readonly isCatalogueApplied: boolean;
  /** Ports by variable. */
  readonly ports: Readonly<Record<string, number>>;
}

/** How often the demo samples when nobody says otherwise, in seconds. */
const DEMO_INTERVAL_SECONDS = 5;

/** What the demo reads besides prices when nobody says otherwise: two long lists, one of them in pages, and our own CSV files. */
const DEMO_LISTS: VariableValues = {
  SIMULATOR_ASSETS: '5000',
  SIMULATOR_LIST_REFUSALS_PERCENT: '5',
  ETL_COINGECKO_PAGES: '20',
};

/** A worker that is given longer would be killed before it gives its jobs back: Ctrl-C ends everything within 5 s. */
const WORKER_FINISH_SECONDS = 1;

const SLICES: Readonly<Record<AppName, Settings>> = {
  migrate: migrateSettings,
  scheduler: schedulerSettings,
  worker: workerSettings,
  api: apiSettings,
  simulator: simulatorSettings,
};

/** Who calls sources, and therefore gets the settings of each. */
const CALLERS: readonly AppName[] = ['scheduler', 'worker'];

/** The launcher's stores are its own: what the environment says of others must not reach its children. */
const STORE_VARIABLES = /^(DATABASE_URL|POSTGRES_.*|API_DATABASE_URL|(QUEUE|REDIS)_URL(_FILE)?|QUEUE_TLS_CA_FILE)$/;

/**
 * The whole environment of one child: what it needs of the machine, what was set for Tidemark, and what the launcher decided.
 * Each process gets its own slice; the API, which may only read, does not get the password of the tables' owner.
 */
export function childEnvironment(
  app: AppName,
  settings: LauncherSettings,
  decisions: Decisions,
): Record<string, string> {
  const read = { ...SLICES[app], ...(CALLERS.includes(app) ? sourceSettingsOf(SOURCES) : {}) };
  const slice = new Set(variablesOf(read));
  const given = Object.entries(settings.given.own).filter(([name]) => slice.has(name) && !STORE_VARIABLES.test(name));
  const decided = Object.entries(decidedValues(settings, decisions)).filter(([name]) => slice.has(name));
  const environment: Record<string, string> = {
    ...settings.given.machine,
    ...(app === 'worker' ? settings.given.proxy : {}),
    NODE_ENV: 'production',
    ...Object.fromEntries(given),
    ...Object.fromEntries(decided),
  };
  // A secret in a file must not stand beside what is decided.
  for (const [name] of decided) delete environment[`${name}_FILE`];
  if (app === 'api') delete environment['DATABASE_URL'];
  if (app === 'api') delete environment['API_DATABASE_PASSWORD'];
  if (decisions.isCatalogueApplied) for (const name of CATALOGUE_VARIABLES) delete environment[name];
  return environment;
}

/** The environment of the check of a child: as its own, with stores and addresses that nobody asks. */
export function checkEnvironment(app: AppName, mode: LauncherMode, settings: LauncherSettings): Record<string, string> {
  return childEnvironment(app, settings, {
    mode,
    folder: settings.TIDEMARK_HOME,
    ports: { SIMULATOR_PORT: settings.SIMULATOR_PORT },
    databaseUrl: 'postgres://127.0.0.1/tidemark',
    queueUrl: undefined,
    apiDatabasePassword: '',
    controlPassword: 'not-asked-for',
    isCatalogueApplied: false,
  });
}

/** The interval that every ticker gets at the start, in seconds; undefined when the catalogue decides. */
export function startIntervalSeconds(mode: LauncherMode, settings: LauncherSettings): number | undefined {
  if (settings.SAMPLE_INTERVAL_SECONDS !== undefined) return settings.SAMPLE_INTERVAL_SECONDS;
  return mode === 'demo' && settings.CATALOGUE_FILE === undefined ? DEMO_INTERVAL_SECONDS : undefined;
}

/** Variables that name stores, and were set in vain. */
export function unusedStoreVariables(settings: LauncherSettings): string[] {
  return Object.keys(settings.given.own).filter((name) => STORE_VARIABLES.test(name));
}

function decidedValues(settings: LauncherSettings, decisions: Decisions): VariableValues {
  const { mode, ports } = decisions;
  const intervalSeconds = startIntervalSeconds(mode, settings);
  const apiUrl = new URL(decisions.databaseUrl);
  apiUrl.username = settings.API_DATABASE_USER;
  apiUrl.password = decisions.apiDatabasePassword;
  const simulator = `http://${reachableHost(settings.SIMULATOR_HOST)}:${ports['SIMULATOR_PORT']}`;
  return {
    DATABASE_URL: decisions.databaseUrl,
    API_DATABASE_URL: apiUrl.href,
    API_DATABASE_USER: settings.API_DATABASE_USER,
    API_DATABASE_PASSWORD: decisions.apiDatabasePassword,
    ...(decisions.queueUrl === undefined ? {} : { QUEUE_URL: decisions.queueUrl }),
    CONTROL_PASSWORD: decisions.controlPassword,
    // The folder is locked: no other build runs on its database.
    MIGRATE_AFTER_STOP: 'true',
    WORKER_FINISH_SECONDS: String(WORKER_FINISH_SECONDS),
    TIDEMARK_HOME: decisions.folder,
    TIDEMARK_MODE: mode === 'demo' ? 'simulated' : 'live',
    ...Object.fromEntries(Object.entries(ports).map(([variable, port]) => [variable, String(port)])),
    ...(intervalSeconds === undefined ? {} : { SAMPLE_INTERVAL_SECONDS: String(intervalSeconds) }),
    ...(mode === 'start' ? {} : { ...demoLists(settings), ...simulatedSources(simulator) }),
  };
}

function demoLists({ given }: LauncherSettings): VariableValues {
  const folder = sampleFolder();
  const lists = { ...DEMO_LISTS, ...(folder === undefined ? {} : { ETL_CSV_DIR: folder }) };
  return Object.fromEntries(Object.entries(lists).filter(([name]) => !(name in given.own)));
}

/** The CSV files that come with Tidemark, seen from what is compiled and from its source; undefined when they are not there. */
function sampleFolder(): string | undefined {
  const root = ['../../../../../', '../../../../'];
  return root
    .map((way) => fileURLToPath(new URL(`${way}samples/csv`, import.meta.url)))
    .find((path) => existsSync(path));
}

/** Whose list of assets is whole with a key alone. */
const LONGER_WITH_KEY: readonly string[] = ['coinpaprika'];

/** Every source at the simulator, which lays each under its name and the path of its own address; any key opens it. */
export function simulatedSources(simulator: string): VariableValues {
  return Object.fromEntries(
    SOURCES.flatMap((source) => {
      const prefix = prefixOf(source);
      const path = new URL(source.plans[0].baseUrl).pathname.replace(/\/$/, '');
      const url: [string, string] = [`${prefix}_URL`, `${simulator}/${source.name}${path}`];
      const isKeyed = takesKey(source.plans[0]) || LONGER_WITH_KEY.includes(source.name);
      return !isKeyed ? [url] : [url, [`${prefix}_API_KEY`, 'simulated']];
    }),
  );
}
