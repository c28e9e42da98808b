import type pg from 'pg';
import { COMPATIBLE_SINCE, SCHEMA_VERSION } from './data-source.js';

/** What a process finds of the schema. */
export type SchemaState =
  | {
      readonly fits: true;
      /** The version of the schema when it is of a later build, which this one still runs on. */
      readonly later?: string;
    }
  | { readonly fits: false; readonly found: string | undefined; readonly advice: string };

/** What is stored of the schema. */
export interface StoredSchema {
  /** The newest migration that `migrate` has finished. */
  readonly version: string;
  /** The oldest build that runs on it, by its version; before this was stored, no build but its own. */
  readonly compatibleSince: string;
}

/** The versions of a build. */
export type BuildVersions = StoredSchema;

/** The versions of this build. */
export const THIS_BUILD: BuildVersions = { version: SCHEMA_VERSION, compatibleSince: COMPATIBLE_SINCE };

/**
 * Tells whether a build runs on the schema: it does on its own and on any later one that is compatible since it or before.
 * @throws what the database throws.
 */
export async function checkSchema(
  client: Pick<pg.Pool, 'query'>,
  build: BuildVersions = THIS_BUILD,
): Promise<SchemaState> {
  const stored = await readSchema(client);
  if (stored === undefined) {
    const advice = 'the database has no Tidemark schema yet, or migrate is still at work: run migrate';
    return { fits: false, found: undefined, advice };
  }
  const found = stored.version;
  if (found === build.version) return { fits: true };
  if (isLater(build.version, found)) {
    const advice = `the database is at ${found}, this build works with ${build.version}: run the migrate of this build`;
    return { fits: false, found, advice };
  }
  if (!isLater(stored.compatibleSince, build.version)) return { fits: true, later: found };
  const advice = `the database is at ${found}, on which builds since ${stored.compatibleSince} run, and this build works with ${build.version}: use a newer build`;
  return { fits: false, found, advice };
}

/** Stored by `migrate` as its very last step: the version of everything it looks after, not of the tables alone. */
export async function writeSchema(
  client: Pick<pg.ClientBase, 'query'>,
  { version, compatibleSince }: BuildVersions,
): Promise<void> {
  await client.query(
    `INSERT INTO settings (key, value) VALUES ('schema', to_jsonb($1::text)), ('compatible_since', to_jsonb($2::text))
     ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value`,
    [version, compatibleSince],
  );
}

/** What is stored of the schema; undefined before the first `migrate` has ended. */
export async function readSchema(client: Pick<pg.Pool, 'query'>): Promise<StoredSchema | undefined> {
  const table = await client.query<{ present: boolean }>(
    `SELECT to_regclass('public.settings') IS NOT NULL AS present`,
  );
  if (table.rows[0]?.present !== true) return undefined;
  const stored = await client.query<{ key: string; value: string }>(
    `SELECT key, value #>> '{}' AS value FROM settings WHERE key IN ('schema', 'compatible_since')`,
  );
  const values = new Map(stored.rows.map(({ key, value }) => [key, value]));
  const version = values.get('schema');
  return version === undefined ? undefined : { version, compatibleSince: values.get('compatible_since') ?? version };
}

/** Whether a version comes after another: a version is the name of a migration, which ends with when it was written. */
export function isLater(version: string, than: string): boolean {
  return writtenAt(version) > writtenAt(than);
}

function writtenAt(version: string): number {
  return Number(/\d+$/.exec(version)?.[0] ?? 0);
}
