import { readFileSync } from 'node:fs';

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
 * @throws what the file system says when that file cannot be read any more: its setting was checked.
 */
export function queueStoreOf(url: string, caFile?: string): QueueStore {
  const kind = /^rediss?:/.test(url) ? 'redis' : 'postgres';
  if (caFile === undefined) return { kind, url };
  return { kind, url, ca: readFileSync(caFile, 'utf8') };
}

/** Where Redis is, as options of its client. */
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
