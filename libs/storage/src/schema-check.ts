import type pg from 'pg';
import { SCHEMA_VERSION } from './data-source.js';

/** What a process finds of the schema. */
export type SchemaState =
  { readonly fits: true } | { readonly fits: false; readonly found: string | undefined; readonly advice: string };

/** Compares the version of the schema with the one this build works with. @throws what the database throws. */
export async function checkSchema(pool: pg.Pool): Promise<SchemaState> {
  const found = await newestMigration(pool);
  if (found === SCHEMA_VERSION) return { fits: true };
  const advice =
    found === undefined
      ? 'the database has no Tidemark schema yet: run migrate'
      : `the database is at ${found}, this build works with ${SCHEMA_VERSION}: run the migrate of this build, or the build of that schema`;
  return { fits: false, found, advice };
}

async function newestMigration(pool: pg.Pool): Promise<string | undefined> {
  const table = await pool.query<{ present: boolean }>(
    `SELECT to_regclass('public.migrations') IS NOT NULL AS present`,
  );
  if (table.rows[0]?.present !== true) return undefined;
  const newest = await pool.query<{ name: string }>(`SELECT name FROM migrations ORDER BY timestamp DESC LIMIT 1`);
  return newest.rows[0]?.name;
}
