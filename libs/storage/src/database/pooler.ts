import pg from 'pg';
import { connectionFault } from './connection-fault.js';
import { DATABASE_FINDINGS } from './database-findings.js';

/** What a look at a pooler may take for each step, in milliseconds. */
const LIMIT_MS = 3_000;

/** Looks at a pooler at most: its other clients may hide by chance what it does. */
const ROUNDS = 5;

/**
 * Why nobody can work with the database at this address, in one sentence; undefined when it is there and a connection is
 * really one's own. Asked once at the start of a process: an address does not change what stands behind it.
 * @param carriesQueue whether the queue is in this database.
 */
export async function whyUnreachable(url: string, carriesQueue = false): Promise<string | undefined> {
  const [first, second] = [clientOf(url), clientOf(url)];
  try {
    await first.connect();
    if (!(await isPooled(first))) return undefined;
    await second.connect();
    if (await sharesConnections(first, second)) return DATABASE_FINDINGS.transactionPool();
    return carriesQueue && (await dropsOptions(url)) ? DATABASE_FINDINGS.poolDropsOptions() : undefined;
  } catch (error) {
    return DATABASE_FINDINGS.unreachable(connectionFault(error));
  } finally {
    await Promise.allSettled([first.end(), second.end()]);
  }
}

/** Whether what a connection asks of its session by `options` is lost on the way. */
async function dropsOptions(url: string): Promise<boolean> {
  const client = clientOf(url, '-c search_path=tidemark_look');
  try {
    await client.connect();
    const { rows } = await client.query<{ path: string }>(`SELECT current_setting('search_path') AS path`);
    return rows[0]?.path !== 'tidemark_look';
  } finally {
    await client.end();
  }
}

function clientOf(url: string, options?: string): pg.Client {
  const client = new pg.Client({
    ...(options === undefined ? {} : { options }),
    connectionString: url,
    application_name: 'tidemark-look',
    connectionTimeoutMillis: LIMIT_MS,
    query_timeout: LIMIT_MS,
    // As every other connection asks it, so that a pooler that refuses it is met here and not later.
    statement_timeout: LIMIT_MS,
    idle_in_transaction_session_timeout: LIMIT_MS,
  });
  // The statement that is under way fails and says so.
  client.on('error', () => undefined);
  return client;
}

/** Postgres tells each new connection which of its processes serves it; a pooler, which does not know yet, makes a number up. */
async function isPooled(client: pg.Client): Promise<boolean> {
  const said = (client as unknown as { processID: number | null }).processID;
  return said !== (await backendOf(client));
}

/**
 * Whether the process behind one connection ever serves the other as well, or changes, while both are open. In a
 * transaction the second holds whichever it got, so that the first must be given another.
 */
async function sharesConnections(first: pg.Client, second: pg.Client): Promise<boolean> {
  const seen = new Set([await backendOf(first)]);
  for (let round = 0; round < ROUNDS; round += 1) {
    await second.query('BEGIN');
    try {
      if (seen.has(await backendOf(second))) return true;
      seen.add(await backendOf(first));
      if (seen.size > 1) return true;
    } finally {
      await second.query('ROLLBACK');
    }
  }
  return false;
}

async function backendOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]?.pid ?? 0;
}
