import pg from 'pg';
import { DataSource } from 'typeorm';
import { dataSourceOptions, MIGRATIONS } from '../../libs/storage/src/schema/data-source.js';
import { ensurePartitions } from '../../libs/storage/src/schema/partitions.js';
import type { EmptyDatabase } from '../support/empty-database.js';

/**
 * Makes the tables of an empty live database as an earlier build left them.
 * @param migrations how many of the first migrations that build had.
 * @param slot UNIX second of a month whose partitions are made.
 */
export async function makeEarlierSchema(database: EmptyDatabase, migrations: number, slot: number): Promise<void> {
  const earlier = MIGRATIONS.slice(0, migrations);
  const source = new DataSource({ ...dataSourceOptions(database.url, 'tidemark-test'), migrations: earlier });
  await source.initialize();
  await source.runMigrations();
  await source.destroy();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    await ensurePartitions(client, slot, slot);
    await client.query(
      `INSERT INTO settings (key, value)
       SELECT key, to_jsonb(value) FROM unnest($1::text[], $2::text[]) AS stored(key, value)`,
      [
        ['mode', 'schema', 'compatible_since'],
        ['live', ...Array<string>(2).fill(earlier.at(-1)?.name ?? '')],
      ],
    );
  } finally {
    await client.end();
  }
}
