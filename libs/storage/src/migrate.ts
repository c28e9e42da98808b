import pg from 'pg';
import { createDataSource } from './data-source.js';
import { ensureUpcomingPartitions } from './partitions.js';
import { writeSchemaVersion } from './schema-check.js';
import { checkMode, readMode, writeMode, type Mode } from './settings.repository.js';

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
  // A connection that breaks fails the next statement; without a listener it would end the process without a word.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await refuseOtherMode(client, options.mode);
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

/** Before anything is changed: a demo must not even bring the schema of a live database up to date. */
async function refuseOtherMode(client: pg.Client, mode: Mode): Promise<void> {
  const settings = await client.query(`SELECT 1 FROM pg_tables WHERE schemaname = 'public' AND tablename = 'settings'`);
  if (settings.rowCount !== 0 && (await readMode(client)) !== undefined) await checkMode(client, mode);
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
  const { database, owner } = await whereAndWho(client);
  if (reader.user === owner) {
    throw new Error(
      `The API would read as ${owner}, who owns the tables and may write: set API_DATABASE_USER to a role of its own.`,
    );
  }
  await repeatWhenRaced(() => ensureRole(client, reader));
  const role = client.escapeIdentifier(reader.user);
  await client.query(`REVOKE CREATE ON SCHEMA public FROM PUBLIC`);
  await client.query(`REVOKE TEMPORARY ON DATABASE ${client.escapeIdentifier(database)} FROM PUBLIC`);
  await client.query(`GRANT CONNECT ON DATABASE ${client.escapeIdentifier(database)} TO ${role}`);
  await client.query(`GRANT USAGE ON SCHEMA public TO ${role}`);
  await client.query(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`);
  // Partitions that are made later are read by the same role.
  await client.query(`ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO ${role}`);
}

async function whereAndWho(client: pg.Client): Promise<{ database: string; owner: string }> {
  const result = await client.query<{ database: string; owner: string }>(
    'SELECT current_database() AS database, current_user AS owner',
  );
  if (result.rows[0] === undefined) throw new Error('the database did not say who we are there');
  return result.rows[0];
}

async function ensureRole(client: pg.Client, { user, password }: MigrateOptions['reader']): Promise<void> {
  const role = client.escapeIdentifier(user);
  const known = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [user]);
  if (known.rowCount === 0) {
    if (password === undefined) {
      throw new Error(
        `The role ${user}, which the API reads as, does not exist: set API_DATABASE_PASSWORD, and migrate makes it.`,
      );
    }
    await client.query(`CREATE ROLE ${role} LOGIN`);
  }
  if (password !== undefined) {
    await client.query(`ALTER ROLE ${role} LOGIN PASSWORD ${client.escapeLiteral(password)}`);
  }
}

/** What Postgres says when two touch one role at once: it exists already (42710, 23505), or "tuple concurrently updated" (XX000). */
const ROLE_RACES: readonly unknown[] = ['42710', '23505', 'XX000'];

const MAX_RACES = 20;

/** Roles belong to the whole server and the migration lock to one database, so that two databases may race for a role. */
async function repeatWhenRaced(work: () => Promise<void>): Promise<void> {
  for (let race = 1; ; race += 1) {
    try {
      return await work();
    } catch (error) {
      const isRace = error instanceof pg.DatabaseError && ROLE_RACES.includes(error.code);
      if (!isRace || race === MAX_RACES) throw error;
    }
  }
}

async function seedSources(client: pg.Client, sources: MigrateOptions['sources']): Promise<void> {
  for (const source of sources) {
    await client.query(
      `INSERT INTO sources (id, name) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name`,
      [source.id, source.name],
    );
  }
}
