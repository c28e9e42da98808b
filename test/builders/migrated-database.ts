import type { MigrateOptions } from '@app/storage';
import type { EmptyDatabase } from '../support/empty-database.js';

/** When a migration of a spec runs, in milliseconds since 1970. */
const NOW_MS = Date.UTC(2025, 10, 20);

/** The sources that a migration of a spec is told of. */
export const MIGRATED_SOURCES = [
  { id: 1, name: 'deribit' },
  { id: 2, name: 'coingecko' },
] as const;

/** How to migrate an empty database, but for what a test changes. The reading role's password is `first`. */
export function migrateOptions(database: EmptyDatabase, change: Partial<MigrateOptions> = {}): MigrateOptions {
  return {
    url: database.url,
    mode: 'live',
    sources: MIGRATED_SOURCES,
    reader: { user: database.role, password: 'first' },
    nowMs: NOW_MS,
    ...change,
  };
}

/** Everything that migrate may change, as one text. */
export async function pictureOf(database: EmptyDatabase): Promise<string> {
  const tables = await database.ask(
    `SELECT relname, relkind, relacl::text FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY relname`,
  );
  const rows =
    await database.ask(`SELECT (SELECT json_agg(s ORDER BY id) FROM sources s) AS sources, (SELECT json_agg(s) FROM settings s) AS settings,
    (SELECT json_agg(m) FROM migrations m) AS migrations`);
  return JSON.stringify({ tables, rows });
}
