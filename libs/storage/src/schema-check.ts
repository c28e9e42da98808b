import type pg from 'pg';
import { SCHEMA_VERSION } from './data-source.js';

/** What a process finds of the schema. */
export type SchemaState =
  { readonly fits: true } | { readonly fits: false; readonly found: string | undefined; readonly advice: string };

/** Compares the version of the schema with the one this build works with. @throws what the database throws. */
export async function checkSchema(pool: pg.Pool): Promise<SchemaState> {
  const found = await storedVersion(pool);
  if (found === SCHEMA_VERSION) return { fits: true };
  const advice =
    found === undefined
      ? 'the database has no Tidemark schema yet, or migrate is still at work: run migrate'
      : `the database is at ${found}, this build works with ${SCHEMA_VERSION}: run the migrate of this build, or the build of that schema`;
  return { fits: false, found, advice };
}

/** Stored by `migrate` as its very last step: the version of everything it looks after, not of the tables alone. */
export async function writeSchemaVersion(client: Pick<pg.ClientBase, 'query'>): Promise<void> {
  await client.query(
    `INSERT INTO settings (key, value) VALUES ('schema', to_jsonb($1::text))
     ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value`,
    [SCHEMA_VERSION],
  );
}

async function storedVersion(pool: pg.Pool): Promise<string | undefined> {
  const table = await pool.query<{ present: boolean }>(`SELECT to_regclass('public.settings') IS NOT NULL AS present`);
  if (table.rows[0]?.present !== true) return undefined;
  const stored = await pool.query<{ version: string }>(
    `SELECT value #>> '{}' AS version FROM settings WHERE key = 'schema'`,
  );
  return stored.rows[0]?.version;
}
