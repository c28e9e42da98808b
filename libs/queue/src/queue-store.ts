import { readFileSync } from 'node:fs';
import { createRedisBackend, runMigrations, setDefaultBackendFactory, type ConnectionOptions } from 'bullmq';
import pg from 'pg';
import { createRecoveringPostgresBackend, GuardedClient } from './recovering-postgres-backend.js';

/** Which store carries the queue. */
export interface QueueStore {
  readonly kind: 'redis' | 'postgres';
  readonly url: string;
  /** Certificates of the authority that vouches for a Redis at `rediss://`, as PEM; undefined leaves it to the system. */
  readonly ca?: string;
}

/**
 * Redis or Valkey for `redis://` and `rediss://`, else Postgres.
 * @param caFile file with the certificates of the authority that vouches for a Redis at `rediss://`.
 * @throws Error that names the variable when that file cannot be read, or would protect nothing.
 */
export function queueStoreOf(url: string, caFile?: string): QueueStore {
  const kind = /^rediss?:/.test(url) ? 'redis' : 'postgres';
  if (caFile === undefined) return { kind, url };
  if (!url.startsWith('rediss:')) {
    throw new Error(
      'QUEUE_TLS_CA_FILE is for a Redis at rediss://, and QUEUE_URL is not one: it would protect nothing.',
    );
  }
  return { kind, url, ca: readAuthority(caFile) };
}

function readAuthority(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`QUEUE_TLS_CA_FILE: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** How soon a lost connection is tried again, in milliseconds: well below the shortest interval. */
const RECONNECT_AFTER_MS = 250;

/** A command that got no answer is given up, in milliseconds: a cut network must not stop the planner. */
export const COMMAND_TIMEOUT_MS = 2_000;

/** A worker has time to wait, in milliseconds; yet a cut network must not hang it for ever. */
const WORKER_QUERY_TIMEOUT_MS = 10_000;

/** Queues and workers that are made from here on use this store. Called once, before the first is made: @nestjs/bullmq has no option for it. */
export function useQueueStore(store: QueueStore): void {
  if (store.kind === 'postgres') setDefaultBackendFactory(createRecoveringPostgresBackend);
  else setDefaultBackendFactory(createRedisBackend);
}

/** A connection for those who add jobs: fails at once when the store is away, since planning must go on without it. */
export function producerConnection(store: QueueStore): ConnectionOptions {
  if (store.kind === 'postgres') return postgresConnection(store.url, 3, COMMAND_TIMEOUT_MS);
  return {
    ...redisAddress(store),
    retryStrategy: () => RECONNECT_AFTER_MS,
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: COMMAND_TIMEOUT_MS,
  };
}

/** A connection for those who run jobs: waits for the store to come back. */
export function workerConnection(store: QueueStore, concurrency: number): ConnectionOptions {
  if (store.kind === 'postgres')
    return postgresConnection(store.url, Math.min(4, concurrency), WORKER_QUERY_TIMEOUT_MS);
  return {
    ...redisAddress(store),
    retryStrategy: () => RECONNECT_AFTER_MS,
    maxRetriesPerRequest: null,
    connectTimeout: COMMAND_TIMEOUT_MS,
    // A half-open connection is noticed by the kernel and not by a blocked read.
    keepAlive: 5_000,
  };
}

/** Brings the queue's own tables up to date; Redis needs none. */
export async function migrateQueueStore(store: QueueStore): Promise<void> {
  if (store.kind === 'redis') return;
  const client = new pg.Client({ ...postgresAddress(store.url), application_name: 'tidemark-migrate-queue' });
  await client.connect();
  try {
    await runMigrations(client);
  } finally {
    await client.end();
  }
}

/** Where Redis is, as its client wants to be told. */
export function redisAddress({ url, ca }: QueueStore) {
  const { hostname, port, username, password, pathname, protocol } = new URL(url);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 6379 : Number(port),
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    db: databaseNumber(pathname),
    ...(protocol === 'rediss:' ? { tls: ca === undefined ? {} : { ca } } : {}),
  };
}

function databaseNumber(pathname: string): number {
  const match = /^\/?(\d{0,4})$/.exec(pathname);
  if (match === null) throw new Error(`QUEUE_URL: ${pathname.slice(1)} is no number of a Redis database`);
  return Number(match[1]);
}

/** Where Postgres is, as its client wants to be told. */
export function postgresAddress(url: string) {
  return { connectionString: url };
}

/** BullMQ types its connections for Redis; its Postgres backend takes the configuration of a pg pool instead. */
function postgresConnection(url: string, maxConnections: number, queryTimeoutMs: number): ConnectionOptions {
  const pool = {
    ...postgresAddress(url),
    max: maxConnections,
    application_name: 'tidemark-queue',
    connectionTimeoutMillis: COMMAND_TIMEOUT_MS,
    query_timeout: queryTimeoutMs,
    keepAlive: true,
    Client: GuardedClient,
  };
  return pool;
}
