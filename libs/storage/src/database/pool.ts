import pg from 'pg';

/** What a pool of connections needs to know. */
export interface PoolOptions {
  readonly url: string;
  /** Shown by `pg_stat_activity`, e.g. `tidemark-worker`. */
  readonly applicationName: string;
  readonly maxConnections: number;
  /** After how long connecting and each statement are given up, in milliseconds; without it 3 s and 10 s. */
  readonly giveUpAfterMs?: number;
  /** Called when an idle connection breaks; the pool replaces it by itself. */
  readonly onIdleError: (error: Error) => void;
}

/** Connecting that takes longer is given up, in milliseconds. */
const CONNECT_TIMEOUT_MS = 3_000;

/** A statement that takes longer is given up by the client, in milliseconds: a cut network must not hang a process. */
const QUERY_TIMEOUT_MS = 10_000;

/** The limits of a pool that looks whether the database is there, in milliseconds: its answer must not come late. */
const WATCH_GIVES_UP_AFTER_MS = 1_250;

const INT8_OID = 20;

/** Opens a pool in which `bigint` arrives as a number: slots and counts stay far below 2^53. Connects at first use. */
export function createPool(options: PoolOptions): pg.Pool {
  const { url, applicationName, maxConnections, onIdleError } = options;
  const queryTimeoutMs = options.giveUpAfterMs ?? QUERY_TIMEOUT_MS;
  const pool = new pg.Pool({
    connectionString: url,
    application_name: applicationName,
    max: maxConnections,
    connectionTimeoutMillis: options.giveUpAfterMs ?? CONNECT_TIMEOUT_MS,
    query_timeout: queryTimeoutMs,
    statement_timeout: queryTimeoutMs,
    idle_in_transaction_session_timeout: queryTimeoutMs,
    keepAlive: true,
    types: {
      getTypeParser: ((oid: number, format: 'text' | 'binary' = 'text') =>
        oid === INT8_OID && format === 'text'
          ? Number
          : (pg.types.getTypeParser(oid, format) as unknown)) as typeof pg.types.getTypeParser,
    },
  });
  pool.on('error', onIdleError);
  // A connection that breaks in the middle of a transaction fails the statement and is reported once more as an event, which
  // would end the process if nobody listened; the pool itself listens to idle ones only.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/**
 * Opens a pool for looking whether the database is there: apart from the one that works, so that much work never looks like
 * a database that is away, and with limits that are short enough to tell of one in time.
 */
export function createWatchPool(url: string, applicationName: string): pg.Pool {
  return createPool({
    url,
    applicationName,
    maxConnections: 2,
    giveUpAfterMs: WATCH_GIVES_UP_AFTER_MS,
    // The next look fails and says why.
    onIdleError: () => undefined,
  });
}

/**
 * Begins a transaction of prepared statements that look everything up by key. Their plans are made once: with many partitions Postgres
 * would else plan each of them anew every time, which takes longer than running it. Such a plan is never made of a partition that
 * was empty when it was first looked at, and is read from its beginning for ever after.
 */
export const BEGIN_BY_KEY = 'BEGIN; SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off';

/**
 * Runs statements in one transaction on one connection; rolled back and rethrown when the work throws.
 * @param begin how it begins: see {@link BEGIN_BY_KEY}.
 */
export async function inTransaction<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
  begin = 'BEGIN',
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query(begin);
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    broken = await rollBack(client);
    throw error;
  } finally {
    // A connection that could not even roll back is not fit for the next one.
    client.release(broken);
  }
}

async function rollBack(client: pg.PoolClient): Promise<Error | undefined> {
  try {
    await client.query('ROLLBACK');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
