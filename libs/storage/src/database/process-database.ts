import type pg from 'pg';
import { fitnessAtStart, whyUnwritable } from '../schema/fitness.js';
import type { Mode } from '../schema/settings.repository.js';
import { databaseNowMs } from './database-clock.js';
import { createPool, createWatchPool } from './pool.js';

/** What a process needs to know of its database. */
export interface ProcessDatabaseOptions {
  readonly url: string;
  /** Shown by `pg_stat_activity`, e.g. `tidemark-worker`. */
  readonly applicationName: string;
  /** Connections that do its work; two more look whether the database is there. */
  readonly maxConnections: number;
  /** A database of the other mode is refused. */
  readonly mode: Mode;
  /** Whether the queue is in this database too; default: no. */
  readonly carriesQueue?: boolean;
  /** Called when an idle connection breaks; the pool replaces it by itself. */
  readonly onIdleError: (error: Error) => void;
}

/** The database of a process: connections that work, and others that watch, so that much work never looks like a database that is away. */
export interface ProcessDatabase {
  readonly url: string;
  readonly pool: pg.Pool;
  readonly watchPool: pg.Pool;
  /** Why the process cannot begin with it yet: see {@link fitnessAtStart}. @throws WrongModeError */
  readonly whyUnfitAtStart: () => Promise<string | undefined>;
  /** Why a process that stores cannot work with it now: see {@link whyUnwritable}. @throws WrongModeError */
  readonly whyUnfit: () => Promise<string | undefined>;
  /** Its clock in milliseconds since 1970. */
  readonly nowMs: () => Promise<number>;
  /** Ends every connection, after the statement that it runs. */
  readonly close: () => Promise<void>;
}

/** Opens the database of a process. Connects at first use. */
export function openDatabase(options: ProcessDatabaseOptions): ProcessDatabase {
  const { url, applicationName, maxConnections, mode, carriesQueue = false, onIdleError } = options;
  const pool = createPool({ url, applicationName, maxConnections, onIdleError });
  const watchPool = createWatchPool(url, `${applicationName}-watch`);
  return {
    url,
    pool,
    watchPool,
    whyUnfitAtStart: fitnessAtStart({ url, pool: watchPool, mode, carriesQueue }),
    whyUnfit: () => whyUnwritable(watchPool, mode),
    nowMs: () => databaseNowMs(watchPool),
    close: async () => void (await Promise.all([watchPool.end(), pool.end()])),
  };
}
