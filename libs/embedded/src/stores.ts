import { join } from 'node:path';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded-postgres.js';
import { findQueueServer, startEmbeddedQueue, type EmbeddedQueue, type QueueServer } from './embedded-queue.js';

/** How the stores are started. */
export interface StoreOptions {
  readonly folder: string;
  /** What the environment asks for; undefined takes Redis when there is one. */
  readonly queueStore: 'redis' | 'postgres' | undefined;
  readonly searchPath: string;
  /** Every line that a store writes, with the store's name. */
  readonly onLine: (name: string, line: string) => void;
}

/** The stores of one launcher. */
export interface Stores {
  readonly postgres: EmbeddedPostgres;
  /** Undefined when the queue lives in Postgres. */
  readonly queue: EmbeddedQueue | undefined;
  /** Which queue store it is and why, in words. */
  readonly queueStore: string;
}

/** Folder of the embedded database in the folder of a mode. */
export function postgresFolder(modeFolder: string): string {
  return join(modeFolder, 'postgres');
}

/** Thrown when the environment asks for a queue store that this machine does not have. */
export class NoQueueServerError extends Error {
  override readonly name = 'NoQueueServerError';
  /** No new start mends it. */
  readonly exitStatus = 2;
}

/** The program of the queue store; undefined when the queue is to be in Postgres. @throws NoQueueServerError */
export function queueServerOf({
  queueStore,
  searchPath,
}: Pick<StoreOptions, 'queueStore' | 'searchPath'>): QueueServer | undefined {
  const server = queueStore === 'postgres' ? undefined : findQueueServer(searchPath);
  if (queueStore !== 'redis' || server !== undefined) return server;
  throw new NoQueueServerError(
    'QUEUE_STORE is redis, and there is no redis-server or valkey-server (6.2 or newer) on the PATH: install one, or leave QUEUE_STORE out.',
  );
}

/**
 * Starts the private stores side by side.
 * @throws Error with one sentence and the cure when one of them cannot be started; the other is ended before.
 */
export async function startStores({ folder, queueStore, searchPath, onLine }: StoreOptions): Promise<Stores> {
  const server = queueServerOf({ queueStore, searchPath });
  const starts = await Promise.allSettled([
    startEmbeddedPostgres({ dataFolder: postgresFolder(folder), onLine: (line) => onLine('postgres', line) }),
    startQueue(server, join(folder, 'queue'), searchPath, onLine),
  ]);
  const [postgres, queue] = starts;
  if (postgres.status === 'fulfilled' && queue.status === 'fulfilled') {
    return { postgres: postgres.value, queue: queue.value, queueStore: inWords(queueStore, server) };
  }
  for (const start of starts) if (start.status === 'fulfilled') await start.value?.stop();
  throw starts.find((start) => start.status === 'rejected')?.reason;
}

async function startQueue(
  server: QueueServer | undefined,
  dataFolder: string,
  searchPath: string,
  onLine: StoreOptions['onLine'],
): Promise<EmbeddedQueue | undefined> {
  if (server === undefined) return undefined;
  return startEmbeddedQueue({ dataFolder, server, searchPath, onLine: (line) => onLine('redis', line) });
}

function inWords(wish: 'redis' | 'postgres' | undefined, server: QueueServer | undefined): string {
  if (server !== undefined) return `${server.program} ${server.version} of its own`;
  return wish === 'postgres'
    ? 'Postgres, as QUEUE_STORE says'
    : 'Postgres: there is no redis-server or valkey-server (6.2 or newer) on the PATH';
}
