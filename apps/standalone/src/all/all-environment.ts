import { randomBytes } from 'node:crypto';
import {
  allPorts,
  apiSettings,
  databaseUrl,
  loadSettings,
  migrateSettings,
  readerDatabaseUrl,
  readerPassword,
  schedulerSettings,
  type SettingsOf,
  variablesOf,
  workerSettings,
} from '@app/config';
import type { AllPorts } from '@app/process';
import { CATALOGUE_VARIABLES } from '../launch/catalogue-variables.js';
import { reachableHost } from '../launch/port-check.js';

/** The processes of `tidemark all`. */
export type AllProcess = 'migrate' | 'scheduler' | 'worker' | 'api';

const settings = { ...migrateSettings, ...schedulerSettings, ...workerSettings, ...apiSettings };

/** The environment of `tidemark all`, checked. */
export interface AllEnvironment {
  readonly logLevel: SettingsOf<typeof settings>['LOG_LEVEL'];
  /** How long the API goes on serving at the end, in milliseconds. */
  readonly drainMs: number;
  /** Where its processes listen. */
  readonly ports: AllPorts;
  /** The same as addresses for this machine, without a slash at the end. */
  readonly urls: Readonly<Record<keyof AllPorts, string>>;
  /** Whether nobody can log in to the control API, since nobody knows its password. */
  readonly isControlClosed: boolean;
  /**
   * The whole environment of one of its processes.
   * @param isCatalogueApplied whether a scheduler of this run has applied catalogue and interval; default: no.
   */
  of(process: AllProcess, isCatalogueApplied?: boolean): Record<string, string>;
}

/** What leads to the database as its owner: not for the API, which may only read. */
const OWNER_VARIABLES = ['DATABASE_URL', 'POSTGRES_USER', 'POSTGRES_PASSWORD', 'POSTGRES_PASSWORD_FILE'];

/** All that the API is given: what it reads, and what a Node process needs of its machine. */
const API_VARIABLES = [
  ...variablesOf(apiSettings),
  ...['PATH', 'HOME', 'TZ', 'LANG', 'NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'],
];

/** Names of secrets that stand in a file instead, and would stand beside what is decided here. */
const DECIDED_FILES = ['API_DATABASE_PASSWORD_FILE', 'CONTROL_PASSWORD_FILE'];

/**
 * Reads the environment of `tidemark all` and completes it. DATABASE_URL is enough: the password of the role that the API reads as
 * follows from the owner's user and password, so that several containers on one database agree; without CONTROL_PASSWORD the control
 * API has one that nobody knows.
 * @throws SettingsError naming every wrong variable.
 */
export function allEnvironment(environment: NodeJS.ProcessEnv): AllEnvironment {
  const checked = loadSettings(settings, environment);
  const url = databaseUrl(checked);
  const ports = allPorts(checked);
  const { CONTROL_PASSWORD } = checked;
  const password = readerPassword(checked);
  const apiUrl = readerDatabaseUrl({ ...checked, API_DATABASE_PASSWORD: password });
  const decided: Record<string, string> = {
    DATABASE_URL: url,
    ...(password === undefined ? {} : { API_DATABASE_PASSWORD: password }),
    CONTROL_PASSWORD: CONTROL_PASSWORD ?? randomBytes(18).toString('base64url'),
  };
  const shared = without(given(environment), DECIDED_FILES);
  const urlOf = (host: string, port: number): string => `http://${reachableHost(host)}:${port}`;
  return {
    logLevel: checked.LOG_LEVEL,
    drainMs: checked.API_DRAIN_SECONDS * 1000,
    ports,
    urls: {
      api: urlOf(checked.API_HOST, ports.api),
      scheduler: urlOf(checked.CONTROL_HOST, ports.scheduler),
      worker: urlOf(checked.WORKER_HOST, ports.worker),
    },
    isControlClosed: CONTROL_PASSWORD === undefined,
    of: (process, isCatalogueApplied = false) =>
      process === 'api'
        ? { ...without(only({ ...shared, ...decided }, API_VARIABLES), OWNER_VARIABLES), API_DATABASE_URL: apiUrl }
        : { ...without(shared, isCatalogueApplied ? CATALOGUE_VARIABLES : []), ...decided },
  };
}

function given(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function without(environment: Record<string, string>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !names.includes(name)));
}

function only(environment: Record<string, string>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => names.includes(name)));
}
