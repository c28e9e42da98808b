import { createRedisBackend, setDefaultBackendFactory, type ConnectionOptions } from 'bullmq';
import { redisAddress, type QueueStore } from './queue-address.js';
import { createRecoveringPostgresBackend, GuardedClient } from './recovering-postgres-backend.js';

/** How soon a lost connection is tried again, in milliseconds: well below the shortest interval. */
const RECONNECT_AFTER_MS = 250;

/** A command that got no answer is given up, in milliseconds: a cut network must not stop the planner. */
export const COMMAND_TIMEOUT_MS = 2_000;

/** A worker has time to wait, in milliseconds; yet a cut network must not hang it for ever. */
const WORKER_QUERY_TIMEOUT_MS = 10_000;

/** Queues and workers that are made from here on use this store. Called once, before the first is made. */
export function useQueueStore(store: QueueStore): void {
  if (store.kind === 'postgres') setDefaultBackendFactory(createRecoveringPostgresBackend);
  else setDefaultBackendFactory(createRedisBackend);
}

/**
 * What every key of ours in Redis begins with. The braces make it a hash tag: a script of BullMQ touches many keys at once,
 * which a cluster allows only for keys of one tag. One tag for all queues, since they are small, and a cluster of one shard
 * is more than they need. Postgres has tables of its own instead and takes no notice.
 */
export const QUEUE_PREFIX = '{tidemark}';

/** How a queue or worker of ours reaches its store, and under which keys. */
export interface StoreOptions {
  readonly connection: ConnectionOptions;
  readonly prefix: string;
}

/** For those who add jobs: fails at once when the store is away, since planning must go on without it. */
export function producerOptions(store: QueueStore): StoreOptions {
  return { connection: producerConnection(store), prefix: QUEUE_PREFIX };
}

/** For those who run jobs: waits for the store to come back. */
export function workerOptions(store: QueueStore, concurrency: number): StoreOptions {
  return { connection: workerConnection(store, concurrency), prefix: QUEUE_PREFIX };
}

function producerConnection(store: QueueStore): ConnectionOptions {
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

function workerConnection(store: QueueStore, concurrency: number): ConnectionOptions {
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

/** Where Postgres is, as options of its client. */
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
