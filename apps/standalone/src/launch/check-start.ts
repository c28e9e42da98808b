import { accessSync, constants } from 'node:fs';
import { configuredSources, makeFolder, whyNoAuthority } from '@app/config';
import { codeOf, describeEnd, queueServerOf, startChild } from '@app/embedded';
import { checkPlans, SOURCES } from '@app/sources';
import { checkProgram, type CheckedApp } from './apps.js';
import { checkEnvironment } from './child-environment.js';
import type { LauncherMode, LauncherSettings, VariableValues } from './launcher-settings.js';
import { lastingFaults } from './start-error.js';

/** What is to be started. */
export interface StartCheckOptions {
  readonly mode: LauncherMode;
  readonly settings: LauncherSettings;
  readonly appsFolder?: string | undefined;
  /** Given when everything is to end. */
  readonly signal: AbortSignal;
}

/** The word with which Node reads SSL_CERT_FILE; without it that variable is another program's. */
const OPENSSL_WORD = '--use-openssl-ca';

/** How long a check may take to end when it is no longer wanted, in milliseconds. */
const STOP_LIMIT_MS = 1_000;

/**
 * What keeps the system from running and no new start mends, each fault in full with its cure; none when it can be started. What a
 * process would refuse to begin with, that process is asked, and no store is needed for it. Ports are checked apart.
 */
export async function startFaults(options: StartCheckOptions): Promise<string[]> {
  const { mode, settings } = options;
  const { machine } = settings.given;
  const asked: CheckedApp[] = [
    ...(settings.CATALOGUE_FILE === undefined ? [] : ['scheduler' as const]),
    ...(mode === 'start' || settings.SIMULATOR_HISTORY === undefined ? [] : ['simulator' as const]),
  ];
  const checks = [
    lastingFaults(() => queueServerOf({ queueStore: settings.QUEUE_STORE, searchPath: machine['PATH'] ?? '' })),
    ...asked.map((app) => faultsOfProcess(app, options)),
  ];
  // The check of the scheduler looks after them too.
  if (mode === 'start' && !asked.includes('scheduler'))
    checks.push(lastingFaults(() => checkPlans(SOURCES, configuredSources({ ...settings }, SOURCES))));
  return [...authorityFaults(options), ...(await Promise.all(checks)).flat()];
}

/** Why the folder of a mode cannot be used, with the cure; undefined when it can. It is made where it is missing. */
export function folderFault(folder: string): string | undefined {
  try {
    makeFolder(folder);
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return `TIDEMARK_HOME: ${folder} cannot be written (${codeOf(error) ?? 'unknown'}): set TIDEMARK_HOME to a folder that can be.`;
  }
}

/** What is no fault, and worth a sentence all the same. */
export function startNotes({ mode, settings }: Pick<StartCheckOptions, 'mode' | 'settings'>): string[] {
  const { machine } = settings.given;
  if (mode === 'demo' || readsOpensslFile(machine)) return [];
  return authorityFault('SSL_CERT_FILE', machine['SSL_CERT_FILE']).map(
    (fault) => `${fault} It is not used here: Node reads it with NODE_OPTIONS=${OPENSSL_WORD} alone.`,
  );
}

/** Node passes over a file of authorities that it cannot read. The demo calls nobody whom SSL_CERT_FILE would vouch for. */
function authorityFaults({ mode, settings }: StartCheckOptions): string[] {
  const { machine } = settings.given;
  const readsFile = mode === 'start' && readsOpensslFile(machine);
  const names = ['NODE_EXTRA_CA_CERTS', ...(readsFile ? ['SSL_CERT_FILE'] : [])];
  return names.flatMap((name) => authorityFault(name, machine[name]));
}

function readsOpensslFile(machine: VariableValues): boolean {
  return [...(machine['NODE_OPTIONS'] ?? '').split(/\s+/), ...process.execArgv].includes(OPENSSL_WORD);
}

function authorityFault(variable: string, file: string | undefined): string[] {
  const fault = file === undefined ? undefined : whyNoAuthority(file, variable);
  return fault === undefined ? [] : [`${variable}: ${fault}`];
}

/** Asks a process by its own check, which ends with status 2 and its words where it would refuse to begin. */
async function faultsOfProcess(
  app: CheckedApp,
  { mode, settings, appsFolder, signal }: StartCheckOptions,
): Promise<string[]> {
  const words: string[] = [];
  const child = await startChild({
    name: `${app} check`,
    command: process.execPath,
    arguments: [...process.execArgv, checkProgram(app, appsFolder)],
    environment: checkEnvironment(app, mode, settings),
    onLine: (line) => words.push(line),
  });
  const stop = (): void => void child.stop(STOP_LIMIT_MS);
  signal.addEventListener('abort', stop, { once: true });
  const end = await child.ended;
  signal.removeEventListener('abort', stop);
  await child.stop(0);
  if (end.status === 0 || signal.aborted) return [];
  return [words.length > 0 ? words.join('\n') : `The check of the ${app} ended with ${describeEnd(end)}.`];
}
