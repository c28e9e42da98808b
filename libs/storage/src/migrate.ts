import pg from 'pg';
import { createDataSource } from './data-source.js';
import { ensureUpcomingPartitions } from './partitions.js';
import { writeSchemaVersion } from './schema-check.js';
import { writeMode, type Mode } from './settings.repository.js';

/** What `migrate` needs to bring a database up to date. */
export interface MigrateOptions {
  readonly url: string;
  /** Whether the prices of this database are real; a database of the other kind is refused. */
  readonly mode: Mode;
  /** The sources that this build knows. */
  readonly sources: readonly { readonly id: number; readonly name: string }[];
  /** The role that may only read; made when missing. Without a password an existing one is left as it is. */
  readonly reader: { readonly user: string; readonly password: string | undefined };
  readonly nowMs: number;
  /** Brings the tables of the queue up to date, under the same lock. */
  readonly migrateQueue?: (() => Promise<void>) | undefined;
}

/** The key of the lock under which one process at a time changes the schema: "tide" in ASCII. */
const MIGRATION_LOCK = 0x74696465;

/**
 * Changes the schema: tables, queue, role and grants, first partitions, sources. Safe to run at any time and several
 * times at once: TypeORM has no lock of its own, so everything happens under one advisory lock.
 */
export async function migrate(options: MigrateOptions): Promise<void> {
  const client = new pg.Client({ connectionString: options.url, application_name: 'tidemark-migrate' });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await migrateTables(options.url);
    await writeMode(client, options.mode);
    await options.migrateQueue?.();
    await grantReading(client, options.reader);
    await ensureUpcomingPartitions(client, options.nowMs);
    await seedSources(client, options.sources);
    // Last: until then the other processes wait.
    await writeSchemaVersion(client);
  } finally {
    await client.end();
  }
}

async function migrateTables(url: string): Promise<void> {
  const dataSource = createDataSource(url, 'tidemark-migrate');
  await dataSource.initialize();
  try {
    await dataSource.runMigrations();
  } finally {
    await dataSource.destroy();
  }
}

async function grantReading(client: pg.Client, reader: MigrateOptions['reader']): Promise<void> {
  const role = client.escapeIdentifier(reader.user);
  const known = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [reader.user]);
  if (known.rowCount === 0) {
    if (reader.password === undefined) {
      throw new Error(
        `The role ${reader.user}, which the API reads as, does not exist: set API_DATABASE_PASSWORD, and migrate makes it.`,
      );
    }
    await client.query(`CREATE ROLE ${role} LOGIN`);
  }
  if (reader.password !== undefined) {
    await client.query(`ALTER ROLE ${role} LOGIN PASSWORD ${client.escapeLiteral(reader.password)}`);
  }
  const database = await client.query<{ name: string }>('SELECT current_database() AS name');
  await client.query(`REVOKE CREATE ON SCHEMA public FROM PUBLIC`);
  await client.query(`GRANT CONNECT ON DATABASE ${client.escapeIdentifier(database.rows[0]?.name ?? '')} TO ${role}`);
  await client.query(`GRANT USAGE ON SCHEMA public TO ${role}`);
  await client.query(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`);
  // Partitions that are made later are read by the same role.
  await client.query(`ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO ${role}`);
}

async function seedSources(client: pg.Client, sources: MigrateOptions['sources']): Promise<void> {
  for (const source of sources) {
    await client.query(
      `INSERT INTO sources (id, name) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name`,
      [source.id, source.name],
    );
  }
}
