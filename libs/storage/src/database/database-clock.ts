import type pg from 'pg';

/** The database's clock in milliseconds since 1970: the clock that all processes share. */
export async function databaseNowMs(pool: pg.Pool): Promise<number> {
  const result = await pool.query<{ now_ms: number }>(
    `SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now_ms`,
  );
  const row = result.rows[0];
  if (row === undefined) throw new Error('the database gave no time');
  return row.now_ms;
}
