import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { existingPlace, findEmbeddedPostgres, lockFolder, postgresFolder, startEmbeddedPostgres } from '@app/embedded';
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

/**
 * The database that the environment names, else the embedded one: that of the demo before the live one, unless the mode says
 * which. One that does not run is started for the time of the check.
 * @param purpose what it is for, in the words of the error.
 * @throws NoDatabaseError saying where it was looked for.
 */
export async function findDatabase(settings: DatabaseChoice, purpose = 'to verify'): Promise<FoundDatabase> {
  if (settings.databaseUrl !== undefined) {
    return {
      url: settings.databaseUrl,
      description: withoutPassword(settings.databaseUrl),
      folder: undefined,
      release: async () => undefined,
    };
  }
  const store = findPrivateStore(settings);
  if (store === undefined) {
    throw new NoDatabaseError(
      `There is no database ${purpose}: ${nothingFound(settings)}. Run \`make demo\` first, or name one in DATABASE_URL.`,
    );
  }
  const { folder, url } = store;
  if (url !== undefined) {
    return {
      url,
      folder,
      description: `the embedded one of ${folder}, which is running`,
      release: async () => undefined,
    };
  }
  // Nobody may start the system on this folder while its database runs for the check.
  const lock = await lockFolder(folder);
  try {
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

/** A private database of `make demo` or `make start`. */
export interface PrivateStore {
  readonly folder: string;
  /** Undefined: nobody runs it. */
  readonly url: string | undefined;
}

/** The private database: that of the demo before the live one, unless the mode says which. Starts nothing. */
export function findPrivateStore(settings: Pick<DatabaseChoice, 'home' | 'mode'>): PrivateStore | undefined {
  const folder = foldersOf(settings).find((candidate) => hasDatabase(candidate));
  return folder === undefined ? undefined : { folder, url: findEmbeddedPostgres(postgresFolder(folder)) };
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
