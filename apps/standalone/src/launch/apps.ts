import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AppName } from './child-environment.js';
import type { LauncherMode, LauncherSettings } from './launcher-settings.js';
import { reachableHost, type WantedPort } from './port-check.js';
import { waitUntil } from '@app/embedded';

/** Where this file was compiled to. */
const APPS_FOLDER = fileURLToPath(new URL('../../../', import.meta.url));

/** Entry points below the folder of the compiled apps. */
const ENTRY_POINTS: Readonly<Record<AppName, string>> = {
  migrate: 'scheduler/src/migrate.main.js',
  scheduler: 'scheduler/src/main.js',
  worker: 'worker/src/main.js',
  api: 'api/src/main.js',
  simulator: 'simulator/src/main.js',
};

/** Checks of what an app would refuse to begin with, below the folder of the compiled apps. */
const CHECKS = { scheduler: 'scheduler/src/check.main.js', simulator: 'simulator/src/check.main.js' } as const;

/** An app that can be asked whether it would begin. */
export type CheckedApp = keyof typeof CHECKS;

/** The compiled check of an app. @param folder of the compiled apps; default: where this file was compiled to. */
export function checkProgram(name: CheckedApp, folder = APPS_FOLDER): string {
  return join(folder, CHECKS[name]);
}

/** The apps that run for as long as the system, in the order in which they are started. */
export function appsOf(mode: LauncherMode): readonly ServingApp[] {
  return mode === 'demo' ? ['simulator', 'scheduler', 'worker', 'api'] : ['scheduler', 'worker', 'api'];
}

/** An app that listens. */
export type ServingApp = Exclude<AppName, 'migrate'>;

/** The compiled entry point of an app. @param folder of the compiled apps; default: where this file was compiled to. */
export function entryPoint(name: AppName, folder = APPS_FOLDER): string {
  return join(folder, ENTRY_POINTS[name]);
}

/** The ports that the apps of a mode are going to listen on. */
export function wantedPorts(mode: LauncherMode, settings: LauncherSettings): WantedPort[] {
  return [...appsOf(mode)].reverse().map((name) => wantedPort(name, settings));
}

/** Address of an app for this machine, without a slash at the end. */
export function urlOf(name: ServingApp, settings: LauncherSettings, ports: Readonly<Record<string, number>>): string {
  const { variable, host } = wantedPort(name, settings);
  return `http://${reachableHost(host)}:${ports[variable]}`;
}

/** Waits until an app says that it is ready, or the signal is given. */
export async function untilAppReady(url: string, signal: AbortSignal): Promise<void> {
  const look = async (): Promise<boolean> => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(2_000)]);
    const answer = await fetch(`${url}/readyz`, { signal: limit }).catch(() => undefined);
    await answer?.body?.cancel().catch(() => undefined);
    return answer?.status === 200;
  };
  await waitUntil(look, { limitMs: Number.POSITIVE_INFINITY, everyMs: 100, signal });
}

function wantedPort(name: ServingApp, settings: LauncherSettings): WantedPort {
  switch (name) {
    case 'api':
      return { variable: 'API_PORT', port: settings.API_PORT, host: settings.API_HOST };
    case 'scheduler':
      return { variable: 'CONTROL_PORT', port: settings.CONTROL_PORT, host: settings.CONTROL_HOST };
    case 'worker':
      return { variable: 'WORKER_PORT', port: settings.WORKER_PORT, host: settings.WORKER_HOST };
    case 'simulator':
      return { variable: 'SIMULATOR_PORT', port: settings.SIMULATOR_PORT, host: settings.SIMULATOR_HOST };
  }
}
