import pg from 'pg';
import type { Snapshot } from './finding.js';

/** A statement works on a bounded number of rows or scans one table once; longer than this it hangs, in milliseconds. */
const STATEMENT_TIMEOUT_MS = 300_000;

/**
 * Settings of the transaction. Without nested loops a join of a window's relations is always hashed or merged, whatever
 * Postgres believes of their sizes; what is written as LATERAL stays a loop over an index.
 */
const SETTINGS = {
  statement_timeout: `${STATEMENT_TIMEOUT_MS}`,
  idle_in_transaction_session_timeout: `${STATEMENT_TIMEOUT_MS}`,
  timezone: 'UTC',
  work_mem: '64MB',
  jit: 'off',
  enable_nestloop: 'off',
  // A partition is asked for the rows that its own bounds rule out.
  constraint_exclusion: 'off',
};

/** Runs checks in one read-only transaction on a connection of their own: all of them see the same instant. */
export async function inSnapshot<T>(url: string, check: (snapshot: Snapshot) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'tidemark-verify',
    connectionTimeoutMillis: 5_000,
  });
  // A lost connection fails the statement that is under way; between two statements nobody waits for it.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await prepareSnapshot(client);
    return await check(client);
  } finally {
    await client.end();
  }
}

/** Sets up the transaction that a connection is in for the checks. */
export async function prepareSnapshot(client: Snapshot): Promise<void> {
  for (const [name, value] of Object.entries(SETTINGS)) await client.query(`SET LOCAL ${name} = '${value}'`);
}
