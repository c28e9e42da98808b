import { Redis } from 'ioredis';
import pg from 'pg';
import { redisAddress, type QueueStore } from './queue-address.js';
import { postgresAddress, QUEUE_PREFIX } from './queue-store.js';

/** Asks after the queue store over a connection of its own, so that busy queues never hide it. */
export interface StoreCheck {
  /** The store, as it stands in a sentence. */
  readonly name: string;
  /** @returns why no job can go through the store now, in one sentence; undefined when they can. */
  ask(): Promise<string | undefined>;
  close(): Promise<void>;
}

const NAME = 'the queue store';

/** A connection or an answer that takes longer is given up, in milliseconds. */
const LIMIT_MS = 1_000;

/**
 * Makes a check that connects when it is first asked, and anew after every failure: a connection on which packets were
 * dropped may take minutes to notice that they pass again.
 */
export function createStoreCheck(store: QueueStore): StoreCheck {
  return store.kind === 'redis' ? new RedisCheck(store) : new PostgresCheck(store.url);
}

/** The key that is written to see whether writing is possible; of the queue's prefix, so that rights on that are enough. */
const MARK = `${QUEUE_PREFIX}:readiness`;

/** The mark goes by itself, in milliseconds. */
const MARK_FOR_MS = 60_000;

class RedisCheck implements StoreCheck {
  readonly name = NAME;
  private client: Redis | undefined;

  constructor(private readonly store: QueueStore) {}

  async ask(): Promise<string | undefined> {
    try {
      this.client ??= await connect(this.store);
      // A write, and not a ping: a replica, a full store and one that cannot save itself all answer a ping.
      await this.client.set(MARK, '1', 'PX', MARK_FOR_MS);
      return undefined;
    } catch (error) {
      this.client?.disconnect();
      this.client = undefined;
      return reasonOfRedis(error);
    }
  }

  async close(): Promise<void> {
    this.client?.disconnect();
  }
}

async function connect(store: QueueStore): Promise<Redis> {
  const client = new Redis({
    ...redisAddress(store),
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    connectTimeout: LIMIT_MS,
    commandTimeout: LIMIT_MS,
    // A store that is loading its data is not ready: that is reported, and not waited for.
    enableReadyCheck: false,
  });
  let fault: Error | undefined;
  client.on('error', (error) => (fault = error));
  try {
    await client.connect();
    return client;
  } catch (error) {
    client.disconnect();
    // "Connection is closed" says less than what closed it.
    throw fault ?? error;
  }
}

/** What Redis says by the first word of its answer, and the cure. */
const REFUSALS: Readonly<Record<string, string>> = {
  LOADING: 'the queue store is still loading its data',
  READONLY: 'the queue store is a replica that takes no writes: name the primary in QUEUE_URL',
  OOM: 'the queue store is full: raise its maxmemory, and keep maxmemory-policy at noeviction',
  MISCONF: 'the queue store cannot save its data and takes no writes: look into its log, most often its disk is full',
  NOREPLICAS: 'the queue store takes no writes while its replicas are away (min-replicas-to-write)',
  MASTERDOWN: 'the queue store is a replica that has lost its primary: name the primary in QUEUE_URL',
  NOAUTH: 'the queue store asks for a password: name it in QUEUE_URL',
  WRONGPASS: 'the queue store refuses user or password: set them right in QUEUE_URL',
  NOPERM: 'the queue store lets this user not write: grant it all commands on the keys of the queue',
  CLUSTERDOWN: 'the queue store is a cluster that is down',
};

function reasonOfRedis(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (UNTRUSTED.test(message)) {
    return `the certificate of the queue store is not trusted (${message}): name its authority in QUEUE_TLS_CA_FILE, and the host that it was made for in QUEUE_URL`;
  }
  const refusal = REFUSALS[/^[A-Z]+/.exec(message)?.[0] ?? ''];
  return refusal === undefined ? `the queue store cannot be reached: ${message}` : `${refusal} (${message})`;
}

/** How Node words that a certificate does not prove what it should. */
const UNTRUSTED = /certificate|altnames/i;

class PostgresCheck implements StoreCheck {
  readonly name = NAME;
  private readonly pool: pg.Pool;

  constructor(url: string) {
    this.pool = new pg.Pool({
      ...postgresAddress(url),
      max: 1,
      application_name: 'tidemark-queue-watch',
      connectionTimeoutMillis: LIMIT_MS,
      query_timeout: LIMIT_MS,
      keepAlive: true,
    });
    // The next question fails and says why.
    this.pool.on('error', () => undefined);
  }

  async ask(): Promise<string | undefined> {
    try {
      const { rows } = await this.pool.query<{ refused: boolean }>(
        `SELECT current_setting('transaction_read_only')::boolean AS refused`,
      );
      return rows[0]?.refused === true ? READ_ONLY : undefined;
    } catch (error) {
      return `the queue store cannot be reached: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}

const READ_ONLY = 'the queue store is a standby, or set to read only: name the primary in QUEUE_URL';
