import type pg from 'pg';
import { isTransientDatabaseError } from '../database/transient-error.js';

/** Thrown when the database did not answer: it is away, starting, full, or took too long. Asking again later may help. */
export class DatabaseUnavailableError extends Error {
  override readonly name = 'DatabaseUnavailableError';

  constructor(cause: unknown) {
    super(`the database did not answer: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** A statement that Postgres prepares once per connection, by its name. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** Runs named statements that only read. */
export interface Reader {
  /** @throws DatabaseUnavailableError when the database does not answer. */
  rows<Row extends pg.QueryResultRow>(statement: Statement, values: readonly unknown[]): Promise<Row[]>;
}

/** Reads by prepared statements on a pool; a connection is held for as long as a statement runs, and no longer. */
export class ReadDatabase implements Reader {
  constructor(private readonly pool: pg.Pool) {}

  /** @throws DatabaseUnavailableError when the database does not answer. */
  async rows<Row extends pg.QueryResultRow>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    return translated(() => run<Row>(this.pool, statement, values));
  }

  /**
   * Runs several statements that see one and the same state of the database.
   * @throws DatabaseUnavailableError when the database does not answer.
   */
  async snapshot<T>(work: (reader: Reader) => Promise<T>): Promise<T> {
    return translated(() => inSnapshot(this.pool, work));
  }
}

async function inSnapshot<T>(pool: pg.Pool, work: (reader: Reader) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const result = await work({ rows: (statement, values) => run(client, statement, values) });
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // Nothing was written, so nothing is rolled back: the connection goes, with whatever state it is in.
    broken = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    client.release(broken);
  }
}

async function run<Row extends pg.QueryResultRow>(
  queryable: Pick<pg.ClientBase, 'query'>,
  statement: Statement,
  values: readonly unknown[],
): Promise<Row[]> {
  const result = await queryable.query<Row>({ ...statement, values: [...values] });
  return result.rows;
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isTransientDatabaseError(error) || isRefusedLogin(error)) throw new DatabaseUnavailableError(error);
    throw error;
  }
}

/** Role or database are not there (any more, or yet): `migrate` makes them, and then the same statement succeeds. */
function isRefusedLogin(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^(28|3D)/.test(code);
}
