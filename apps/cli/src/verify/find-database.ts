import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  AlreadyRunningError,
  existingPlace,
  findEmbeddedPostgres,
  lockFolder,
  postgresFolder,
  startEmbeddedPostgres,
  type InstanceLock,
} from '@app/embedded';
import type { VerifySettings } from './verify-settings.js';

/** What the environment says of the database. */
type DatabaseChoice = Omit<VerifySettings, 'simulatorUrl' | 'sourcesFile'>;

/** A database to verify. */
export interface FoundDatabase {
  readonly url: string;
  /** Which one it is, in words and without its password. */
  readonly description: string;
  /** The folder of the mode (demo or live) of an embedded one; undefined for one that is named. */
  readonly folder: string | undefined;
  /** Ends what was started for it. */
  release(): Promise<void>;
}

/** Thrown when there is no database to verify. */
export class NoDatabaseError extends Error {
  override readonly name = 'NoDatabaseError';
}

/** How a database is looked for. */
export interface FindDatabaseOptions {
  /** What it is for, in the words of the error; default `to verify`. */
  readonly purpose?: string;
  /** Ends the waiting for another command. */
  readonly signal?: AbortSignal | undefined;
  /** How long another command that runs the private stores is waited for, in milliseconds; default 30 s. */
  readonly waitMs?: number;
}

const WAIT_MS = 30_000;

const LOOK_EVERY_MS = 100;

/**
 * The database that the environment names, else the embedded one: one that runs before one that does not, then that of the demo before
 * the live one, unless the mode says which. One that does not run is started for the time of the check; one that another command has
 * started is waited for, since it ends with that command.
 * @throws NoDatabaseError saying where it was looked for; Error when another command is not ready in time.
 */
export async function findDatabase(
  settings: DatabaseChoice,
  options: FindDatabaseOptions = {},
): Promise<FoundDatabase> {
  if (settings.databaseUrl !== undefined) {
    return {
      url: settings.databaseUrl,
      description: withoutPassword(settings.databaseUrl),
      folder: undefined,
      release: async () => undefined,
    };
  }
  const deadline = performance.now() + (options.waitMs ?? WAIT_MS);
  for (;;) {
    const found = await takePrivateStore(settings, options.purpose ?? 'to verify');
    if (found !== 'taken by a command') return found;
    if (performance.now() > deadline) throw new Error('Another tidemark command is asking; try again.');
    await pause(LOOK_EVERY_MS, undefined, { signal: options.signal });
  }
}

async function takePrivateStore(
  settings: DatabaseChoice,
  purpose: string,
): Promise<FoundDatabase | 'taken by a command'> {
  const store = findPrivateStore(settings);
  if (store === undefined) {
    throw new NoDatabaseError(
      `There is no database ${purpose}: ${nothingFound(settings)}. Run \`make demo\` first, or name one in DATABASE_URL.`,
    );
  }
  const { folder } = store;
  // Nobody may start the system on this folder while its database runs for the check.
  const lock = await lockUnlessHeld(folder);
  if ('holder' in lock) {
    if (lock.holder === 'command') return 'taken by a command';
    if (store.url === undefined) throw lock;
    return running(folder, store.url);
  }
  try {
    // Looked for anew: it may have run for a command that has ended meanwhile.
    const url = findEmbeddedPostgres(postgresFolder(folder));
    if (url !== undefined) {
      await lock.release();
      return running(folder, url);
    }
    const postgres = await startEmbeddedPostgres({ dataFolder: postgresFolder(folder) });
    return {
      url: postgres.url,
      folder,
      description: `the embedded one of ${folder}, started for this check`,
      release: async () => {
        await postgres.stop();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function lockUnlessHeld(folder: string): Promise<InstanceLock | AlreadyRunningError> {
  try {
    return await lockFolder(folder, { holder: 'command' });
  } catch (error) {
    if (error instanceof AlreadyRunningError) return error;
    throw error;
  }
}

function running(folder: string, url: string): FoundDatabase {
  return {
    url,
    folder,
    description: `the embedded one of ${folder}, which is running`,
    release: async () => undefined,
  };
}

/** A private database of `make demo` or `make start`. */
export interface PrivateStore {
  readonly folder: string;
  /** Undefined: nobody runs it. */
  readonly url: string | undefined;
}

/** The private database: one that runs first, then that of the demo before the live one, unless the mode says which. Starts nothing. */
export function findPrivateStore(settings: Pick<DatabaseChoice, 'home' | 'mode'>): PrivateStore | undefined {
  const stores = foldersOf(settings)
    .filter((folder) => hasDatabase(folder))
    .map((folder) => ({ folder, url: findEmbeddedPostgres(postgresFolder(folder)) }));
  return stores.find(({ url }) => url !== undefined) ?? stores[0];
}

/** Where a database was looked for in vain, in words. */
export function nothingFound(settings: Pick<DatabaseChoice, 'home' | 'mode'>): string {
  const folders = foldersOf(settings);
  return `DATABASE_URL is not set, and ${folders.join(' and ')} ${folders.length > 1 ? 'hold' : 'holds'} none`;
}

function foldersOf({ home, mode }: Pick<DatabaseChoice, 'home' | 'mode'>): string[] {
  const [demo, live] = [resolve(home, 'demo'), resolve(home, 'live')];
  if (mode === undefined) return [demo, live];
  return [mode === 'live' ? live : demo];
}

function hasDatabase(folder: string): boolean {
  const place = existingPlace(postgresFolder(folder));
  return place !== undefined && existsSync(join(place.cluster, 'PG_VERSION'));
}

function withoutPassword(url: string): string {
  const shown = new URL(url);
  if (shown.password !== '') shown.password = '***';
  return shown.href;
}
