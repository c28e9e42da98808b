import { Redis } from 'ioredis';
import pg from 'pg';
import { redisAddress, type QueueStore } from './queue-address.js';
import { postgresAddress, QUEUE_PREFIX } from './queue-store.js';
import { REDIS_REFUSALS, STORE_FINDINGS } from './store-findings.js';

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

function reasonOfRedis(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (UNTRUSTED.test(message)) {
    return STORE_FINDINGS.untrusted(message);
  }
  const refusal = REDIS_REFUSALS[/^[A-Z]+/.exec(message)?.[0] ?? ''];
  return refusal === undefined ? STORE_FINDINGS.unreachable(message) : `${refusal} (${message})`;
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
      return rows[0]?.refused === true ? STORE_FINDINGS.readOnly() : undefined;
    } catch (error) {
      return STORE_FINDINGS.unreachable(error instanceof Error ? error.message : String(error));
    }
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}
