import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '@app/observability';
import { announceAll, LASTING_FAULT } from '@app/process';
import { checkProgram, entryPoint, untilAppReady } from '../launch/apps.js';
import { LastingEndError } from '../launch/start-error.js';
import { type Child, type ChildEnd, describeEnd, startChild, Supervisor } from '@app/embedded';
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

/** The processes write their words themselves. */
const SAID = ['what it said stands above.'];

/**
 * Runs migrate, scheduler, worker and api as processes of their own until the signal is given, and starts again what dies.
 * @throws LastingEndError when one of them ends for a reason that no new start mends before it was ready once; before anything is
 * started, when that can be seen without the database. Later that process alone is away, and tried again and again.
 * @throws Error when the database could not be prepared within a minute: whoever runs the container starts it anew.
 */
export async function runAll(options: AllOptions): Promise<void> {
  const { signal, logger } = options;
  const lasting = Promise.withResolvers<never>();
  lasting.promise.catch(() => undefined); // It may come when nobody waits for it any more.
  const wasReady = new Set<string>();
  const supervisor = new Supervisor({
    say: (sentence) => logger.warn({ event: 'restart' }, sentence),
    onLasting: ({ name }) => {
      if (!wasReady.has(name)) lasting.reject(new LastingEndError(name, SAID));
      return !wasReady.has(name);
    },
  });
  announceAll(options.environment.ports, signal);
  try {
    await Promise.race([lasting.promise, run(options, supervisor, wasReady)]);
  } finally {
    const limitMs = options.environment.drainMs + END_LIMIT_MS;
    await supervisor.end([{ names: SERVING, reservedMs: limitMs }], limitMs);
  }
}

async function run(options: AllOptions, supervisor: Supervisor, wasReady: Set<string>): Promise<void> {
  const { signal, environment } = options;
  // What it would refuse to begin with: sources and catalogue.
  const checked = await runToEnd('scheduler', options, checkProgram('scheduler', options.appsFolder));
  if (signal.aborted) return;
  if (checked.end.status === LASTING_FAULT) throw new LastingEndError('scheduler', SAID);
  // They wait for the schema by themselves, and the API says so meanwhile.
  for (const name of SERVING) {
    // It listens only after it has applied the catalogue; one that dies before gets it again.
    const again = () => launch(name, options, environment.of(name, wasReady.has('scheduler')));
    await supervisor.start({ name, launch: again, lastingStatus: LASTING_FAULT });
    void untilAppReady(environment.urls[name], signal).then(() => signal.aborted || noteReady(name, options, wasReady));
  }
  await prepareDatabase(options);
  if (signal.aborted) return;
  await new Promise<void>((end) => signal.addEventListener('abort', () => end(), { once: true }));
}

function noteReady(name: AllProcess, { logger }: AllOptions, wasReady: Set<string>): void {
  wasReady.add(name);
  logger.info({ event: 'first_ready' }, `${name} is ready`);
}

async function prepareDatabase(options: AllOptions): Promise<void> {
  const { signal } = options;
  const deadline = performance.now() + MIGRATE_WITHIN_MS;
  while (!signal.aborted) {
    const { end, lastLine } = await runToEnd('migrate', options);
    if (end.status === 0 || signal.aborted) return;
    if (end.status === LASTING_FAULT) throw new LastingEndError('migrate', SAID);
    if (performance.now() > deadline)
      throw new Error(`The database could not be prepared: migrate ${describeEnd(end)}, ${lastLine}`);
    await pause(MIGRATE_AGAIN_AFTER_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Runs a process that ends by itself; the signal ends it before. */
async function runToEnd(
  name: AllProcess,
  options: AllOptions,
  program?: string,
): Promise<{ end: ChildEnd; lastLine: string | undefined }> {
  const { signal } = options;
  const child = await launch(name, options, options.environment.of(name), program);
  const stop = (): void => void child.stop(1_000);
  signal.addEventListener('abort', stop, { once: true });
  const end = await child.ended;
  signal.removeEventListener('abort', stop);
  await child.stop(0);
  return { end, lastLine: child.lastLines().at(-1) };
}

function launch(
  name: AllProcess,
  { print, appsFolder }: AllOptions,
  environment: Record<string, string>,
  program = entryPoint(name, appsFolder),
): Promise<Child> {
  return startChild({
    name,
    command: process.execPath,
    arguments: [program],
    environment,
    tether: 'channel',
    onLine: print,
  });
}
