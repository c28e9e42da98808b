import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '@app/observability';
import { announceAll } from '@app/process';
import { entryPoint } from '../launch/apps.js';
import { type Child, describeEnd, startChild, Supervisor } from '@app/embedded';
import type { AllEnvironment, AllProcess } from './all-environment.js';

/** What `tidemark all` is made of. */
export interface AllOptions {
  readonly environment: AllEnvironment;
  readonly logger: Logger;
  /** Writes one line that a process has logged. */
  readonly print: (line: string) => void;
  /** Given when everything is to end. */
  readonly signal: AbortSignal;
  /** Folder with the compiled apps; default: where this file was compiled to. */
  readonly appsFolder?: string;
}

/** The processes that run for as long as this one. */
const SERVING = ['api', 'scheduler', 'worker'] as const;

/** How long the processes may take to end besides the API's draining, in milliseconds: each gives up after 8 s. */
const END_LIMIT_MS = 8_800;

/** The same for this process, which ends after them. */
export const ALL_END_LIMIT_MS = 9_500;

/** How long `migrate` is tried again, in milliseconds: a database that is started together with this one is there by then. */
const MIGRATE_WITHIN_MS = 60_000;

const MIGRATE_AGAIN_AFTER_MS = 1_000;

/** The line of `migrate` about an update that needs a stop (`NeedsStopError`): no waiting mends that. */
const NEEDS_STOP = /^migrate: (This update needs a stop: .*)$/;

/**
 * Runs migrate, scheduler, worker and api as processes of their own until the signal is given, and starts again what dies.
 * @throws Error when the database could not be prepared within a minute, or at once when the update needs a stop: whoever runs the
 * container starts it anew.
 */
export async function runAll(options: AllOptions): Promise<void> {
  const { signal, logger } = options;
  const supervisor = new Supervisor({ say: (sentence) => logger.warn({ event: 'restart' }, sentence) });
  announceAll(options.environment.ports, signal);
  try {
    // They wait for the schema by themselves, and the API says so meanwhile.
    for (const name of SERVING) await supervisor.start({ name, launch: () => launch(name, options) });
    await prepareDatabase(options);
    if (signal.aborted) return;
    await new Promise<void>((end) => signal.addEventListener('abort', () => end(), { once: true }));
  } finally {
    const limitMs = options.environment.drainMs + END_LIMIT_MS;
    await supervisor.end([{ names: SERVING, reservedMs: limitMs }], limitMs);
  }
}

async function prepareDatabase(options: AllOptions): Promise<void> {
  const { signal } = options;
  const deadline = performance.now() + MIGRATE_WITHIN_MS;
  while (!signal.aborted) {
    const child = await launch('migrate', options);
    const stop = (): void => void child.stop(1_000);
    signal.addEventListener('abort', stop, { once: true });
    const end = await child.ended;
    signal.removeEventListener('abort', stop);
    await child.stop(0);
    if (end.status === 0 || signal.aborted) return;
    const refusal = child.lastLines().find((line) => NEEDS_STOP.test(line));
    if (refusal !== undefined) throw new Error(refusal.replace(NEEDS_STOP, '$1'));
    if (performance.now() > deadline)
      throw new Error(`The database could not be prepared: migrate ${describeEnd(end)}, ${child.lastLines().at(-1)}`);
    await pause(MIGRATE_AGAIN_AFTER_MS, undefined, { signal }).catch(() => undefined);
  }
}

function launch(name: AllProcess, { environment, print, appsFolder }: AllOptions): Promise<Child> {
  return startChild({
    name,
    command: process.execPath,
    arguments: [entryPoint(name, appsFolder)],
    environment: environment.of(name),
    tether: 'channel',
    onLine: print,
  });
}
