import type pg from 'pg';
import { DATABASE_FINDINGS } from '../database/database-findings.js';
import { COMPATIBLE_SINCE, SCHEMA_VERSION } from './data-source.js';

/** What a process finds of the schema. */
export type SchemaState =
  | {
      readonly fits: true;
      /** The version of the schema when it is of a later build, which this one still runs on. */
      readonly later?: string;
    }
  | { readonly fits: false; readonly found: string | undefined; readonly advice: string };

/** The versions of a build, or of what it has made of the schema. */
export interface BuildVersions {
  /** The newest migration. */
  readonly version: string;
  /** The oldest build that runs on the schema, by its version; before this was stored, no build but its own. */
  readonly compatibleSince: string;
}

/** What is stored of the schema. */
export interface StoredSchema extends BuildVersions {
  /** False from the commit of a breaking migration's tables until `migrate` has done the rest: no build runs meanwhile. */
  readonly isFinished: boolean;
}

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
    const advice = DATABASE_FINDINGS.noSchema();
    return { fits: false, found: undefined, advice };
  }
  const found = stored.version;
  if (isLater(build.version, found)) {
    const advice = DATABASE_FINDINGS.earlierSchema(found, build.version);
    return { fits: false, found, advice };
  }
  if (isLater(stored.compatibleSince, build.version)) {
    const advice = DATABASE_FINDINGS.laterSchema(found, stored.compatibleSince, build.version);
    return { fits: false, found, advice };
  }
  if (!stored.isFinished) {
    const advice = DATABASE_FINDINGS.unfinishedSchema(found);
    return { fits: false, found, advice };
  }
  return found === build.version ? { fits: true } : { fits: true, later: found };
}

/**
 * Stored by `migrate` as its very last step: the version of everything it looks after, not of the tables alone. A breaking migration
 * stores the same, unfinished, together with its tables, so that no build of before believes it can run on them.
 */
export async function writeSchema(
  client: { query(text: string, values: unknown[]): Promise<unknown> },
  { version, compatibleSince, isFinished }: StoredSchema,
): Promise<void> {
  await client.query(
    `INSERT INTO settings (key, value)
     VALUES ('schema', to_jsonb($1::text)), ('compatible_since', to_jsonb($2::text)), ('schema_finished', to_jsonb($3::boolean))
     ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value`,
    [version, compatibleSince, isFinished],
  );
}

/** Reads what is stored of the schema; undefined before the first `migrate` has ended. */
export async function readSchema(client: Pick<pg.Pool, 'query'>): Promise<StoredSchema | undefined> {
  const table = await client.query<{ present: boolean }>(
    `SELECT to_regclass('public.settings') IS NOT NULL AS present`,
  );
  if (table.rows[0]?.present !== true) return undefined;
  const stored = await client.query<{ key: string; value: string }>(
    `SELECT key, value #>> '{}' AS value FROM settings WHERE key IN ('schema', 'compatible_since', 'schema_finished')`,
  );
  const values = new Map(stored.rows.map(({ key, value }) => [key, value]));
  const version = values.get('schema');
  if (version === undefined) return undefined;
  const isFinished = values.get('schema_finished') !== 'false';
  return { version, compatibleSince: values.get('compatible_since') ?? version, isFinished };
}

/** Whether a version comes after another: a version is the name of a migration, which ends with when it was written. */
export function isLater(version: string, than: string): boolean {
  return writtenAt(version) > writtenAt(than);
}

function writtenAt(version: string): number {
  return Number(/\d+$/.exec(version)?.[0] ?? 0);
}
