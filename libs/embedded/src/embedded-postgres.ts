import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { keptPassword } from '@app/config';
import { describeEnd, startChild, type Child } from './child-process.js';
import { freeStorePort } from './free-port.js';
import { keepText, keptText } from './kept-file.js';
import { createCluster } from './postgres-cluster.js';
import { postgresBinaries } from './postgres-binaries.js';
import { existingPlace, preparePlace } from './postgres-place.js';
import { clearLeftPostmaster, claimCluster, runningPostmaster } from './postmaster-file.js';
import type { Part } from './supervisor.js';
import { waitUntil } from './wait-until.js';

/** Options of the embedded Postgres. */
export interface EmbeddedPostgresOptions {
  /** Folder for the cluster and what belongs to it; made when it is not there. */
  readonly dataFolder: string;
  /** Default `tidemark`; made when it is not there. */
  readonly database?: string;
  /** Owner of everything; default `tidemark`. */
  readonly user?: string;
  /** Settings of the server over those of this file, e.g. `{ max_connections: 200 }`. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Every line that the server writes. */
  readonly onLine?: (line: string) => void;
}

/** A Postgres of our own that runs. */
export interface EmbeddedPostgres {
  /** Address with user and password. */
  readonly url: string;
  readonly port: number;
  /** The postmaster as it was first started. */
  readonly pid: number;
  readonly child: Child;
  /** Where the database lives when its user cannot reach the data folder. */
  readonly movedTo: string | undefined;
  /** Starts it anew after its death, on the same port. */
  readonly part: Part;
  /** Ends it in an orderly way; kills it after the limit, default 10 s. */
  stop(limitMs?: number): Promise<void>;
}

/** Small, and durable: an acknowledged row survives a crash of the process and of the machine. */
const SETTINGS: Readonly<Record<string, string | number>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
  max_connections: 100,
  // A store takes a lock for each ticker of its batch, and a batch may have thousands.
  max_locks_per_transaction: 256,
  shared_buffers: '64MB',
  max_wal_size: '256MB',
  // Reads come from the cache of the system: three more processes to wait for them are not worth their memory.
  io_method: 'sync',
  jit: 'off',
  max_parallel_workers_per_gather: 0,
  log_line_prefix: '%m [%p] ',
};

/** Recovery after a crash replays at most a few hundred MB of log, which takes seconds. */
const READY_LIMIT_MS = 60_000;
/** How long the remains of a killed server may hold its memory or its port before a start gives up. */
const REMAINS_LIMIT_MS = 15_000;

/**
 * Starts a private Postgres on loopback, with a password, and waits until it takes queries. Ends what an earlier launcher
 * left of it; recovers after any kind of death.
 * @throws Error with one sentence and the cure when it cannot run here or somebody else runs it.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { database = 'tidemark', user = 'tidemark' } = options;
  const place = preparePlace(options.dataFolder, options.onLine);
  const binaries = await postgresBinaries(place.user);
  claimCluster(place);
  const password = keptPassword(join(place.folder, 'password'));
  await clearLeftPostmaster(place.cluster);
  await createCluster({ ...place, initdb: binaries.initdb, owner: user, password });

  const portFile = join(place.folder, 'port');
  const keptPort = keptText(portFile);
  let port = await freeStorePort(place.folder, keptPort === undefined ? undefined : Number(keptPort));

  const url = (name: string): string => `postgres://${user}:${password}@127.0.0.1:${port}/${name}`;
  const launch = async (): Promise<Child> => {
    await clearLeftPostmaster(place.cluster);
    return startChild({
      name: 'postgres',
      command: binaries.postgres,
      arguments: ['-D', place.cluster, '-p', String(port), ...settingArguments({ ...SETTINGS, ...options.settings })],
      environment: { LC_ALL: 'C', TZ: 'UTC' },
      // A folder that every user may enter.
      workingFolder: '/',
      user: place.user,
      // "Fast": ends connections and writes a checkpoint, so that the next start has nothing to recover.
      endSignal: 'SIGINT',
      onLine: options.onLine,
    });
  };
  const untilReady = async (child: Child): Promise<void> => untilQueries(child, url('postgres'), database);

  const deadline = performance.now() + REMAINS_LIMIT_MS;
  for (;;) {
    const child = await launch();
    try {
      await untilReady(child);
      keepText(portFile, `${port}\n`);
      return {
        url: url(database),
        port,
        pid: child.pid,
        child,
        movedTo: place.movedFrom === undefined ? undefined : place.folder,
        part: { name: 'postgres', launch, untilReady },
        stop: async (limitMs = 10_000) => void (await child.stop(limitMs)),
      };
    } catch (error) {
      await child.stop(0);
      const cause = startFault(child);
      if (cause === 'other' || performance.now() > deadline) throw error;
      if (cause === 'port') port = await freeStorePort(`${place.folder} ${port}`);
      else await pause(100);
    }
  }
}

/** Address of a data folder's database while somebody runs it; undefined when nobody does. */
export function findEmbeddedPostgres(
  dataFolder: string,
  { database = 'tidemark', user = 'tidemark' } = {},
): string | undefined {
  const place = existingPlace(dataFolder);
  const postmaster = place === undefined ? undefined : runningPostmaster(place.cluster);
  if (place === undefined || postmaster === undefined) return undefined;
  const password = keptText(join(place.folder, 'password')) ?? '';
  return `postgres://${user}:${password}@127.0.0.1:${postmaster.port}/${database}`;
}

function settingArguments(settings: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

async function untilQueries(child: Child, maintenanceUrl: string, database: string): Promise<void> {
  let fault: unknown;
  const ready = await waitUntil(
    async () => {
      if (child.end() !== undefined) return 'dead';
      try {
        await ensureDatabase(maintenanceUrl, database);
        return 'ready';
      } catch (error) {
        fault = error;
        return undefined;
      }
    },
    { limitMs: READY_LIMIT_MS },
  );
  if (ready === 'ready') return;
  const end = child.end();
  const how = end === undefined ? `took no query within ${READY_LIMIT_MS / 1000} s` : `ended with ${describeEnd(end)}`;
  throw new Error(`Postgres ${how}: ${child.lastLines().slice(-5).join(' | ')}`, { cause: fault });
}

async function ensureDatabase(maintenanceUrl: string, database: string): Promise<void> {
  // Not before: `tidemark all` watches over processes with the same library, and needs no driver.
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: maintenanceUrl, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(database)}`);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** What kept the server from starting: another one on its port, the remains of itself, or something that waiting will not cure. */
function startFault(child: Child): 'port' | 'remains' | 'other' {
  const words = child.lastLines().join('\n');
  if (words.includes('Address already in use')) return 'port';
  if (/pre-existing shared memory block|lock file "[^"]*" already exists/.test(words)) return 'remains';
  return 'other';
}
