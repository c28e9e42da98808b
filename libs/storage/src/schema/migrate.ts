import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { MigrationExecutor } from 'typeorm';
import { createDataSource } from './data-source.js';
import { ensureUpcomingPartitions } from './partitions.js';
import { checkRights, hasPassword, isRefused, MissingRightsError, type Reader } from './rights.js';
import { isLater, readSchema, THIS_BUILD, writeSchema, type BuildVersions, type StoredSchema } from './schema-check.js';
import { checkMode, readMode, writeMode, type Mode } from './settings.repository.js';

/** What `migrate` needs to bring a database up to date. */
export interface MigrateOptions {
  readonly url: string;
  /** Whether the prices of this database are real; a database of the other kind is refused. */
  readonly mode: Mode;
  /** The sources that this build knows. */
  readonly sources: readonly { readonly id: number; readonly name: string }[];
  /** The role that may only read; made when missing. Without a password an existing one is left as it is. */
  readonly reader: Reader;
  /** Whether the queue is in this database too; default: no. */
  readonly carriesQueue?: boolean;
  readonly nowMs: number;
  /** Brings the tables of the queue up to date, under the same lock. */
  readonly migrateQueue?: (() => Promise<void>) | undefined;
  /** Whether every other process is stopped, which a breaking migration needs; default: no. */
  readonly afterStop?: boolean;
  /** Default: this build. */
  readonly build?: BuildVersions;
  /** How often the tables are tried before they are given up; each try waits half a second at most for a lock. Default 20. */
  readonly tries?: number;
}

/** What `migrate` did: brought the schema to this build's, or left that of a later build as it is. */
export type MigrateOutcome = 'migrated' | 'later';

/** Thrown when this build must not touch the database as it is. */
export class MigrateError extends Error {
  override readonly name = 'MigrateError';
  /** No new start mends it. */
  readonly exitStatus = 2;
}

/** Thrown when the migration would pull the schema from under the processes that may run. */
export class NeedsStopError extends Error {
  override readonly name = 'NeedsStopError';
  /** No new start mends it. */
  readonly exitStatus = 2;

  constructor(stored: string, { version, compatibleSince }: BuildVersions) {
    super(
      `This update needs a stop: processes of the build for ${stored} cannot run on ${version}, which is compatible since ${compatibleSince}. Nothing was changed. Stop scheduler, worker and api of the old build, then run migrate with MIGRATE_AFTER_STOP=true.`,
    );
  }
}

/** The key of the lock under which one process at a time changes the schema: "tide" in ASCII. */
const MIGRATION_LOCK = 0x74696465;

/**
 * Changes the schema: tables, queue, role and grants, first partitions, sources. Safe to run at any time and several
 * times at once: TypeORM has no lock of its own, so everything happens under one advisory lock. The schema of a later build
 * is left as it is, so that a build can be rolled back.
 * @throws MissingRightsError, before anything is changed, when the user of the database may not do all of this.
 * @throws NeedsStopError when running processes of the stored schema's build could not go on.
 */
export async function migrate(options: MigrateOptions): Promise<MigrateOutcome> {
  const client = new pg.Client({ connectionString: options.url, application_name: 'tidemark-migrate' });
  // A connection that breaks fails the next statement; without a listener it would end the process without a word.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await checkRights(client, options.reader, options.carriesQueue ?? false);
    await refuseOtherMode(client, options.mode);
    const build = options.build ?? THIS_BUILD;
    const stored = await readSchema(client);
    if (stored !== undefined && isOfLaterBuild(stored, build)) return 'later';
    const isBreaking = stored !== undefined && isLater(build.compatibleSince, stored.version);
    if (isBreaking && options.afterStop !== true) throw new NeedsStopError(stored.version, build);
    await migrateTables(options, isBreaking ? build : undefined);
    await writeMode(client, options.mode);
    await options.migrateQueue?.();
    await grantReading(client, options.reader);
    await ensureUpcomingPartitions(client, options.nowMs);
    await seedSources(client, options.sources);
    // Last: until then the other processes wait.
    await writeSchema(client, { ...build, isFinished: true });
    return 'migrated';
  } catch (error) {
    // What no look beforehand has found: the queue in another database, say.
    throw isRefused(error)
      ? new MissingRightsError(
          `${refusalOf(error)} Let an administrator of the database grant that to the user of migrate, then run it again.`,
          { cause: error },
        )
      : error;
  } finally {
    await client.end();
  }
}

/** Before anything is changed: a demo must not even bring the schema of a live database up to date. */
async function refuseOtherMode(client: pg.Client, mode: Mode): Promise<void> {
  const settings = await client.query(`SELECT 1 FROM pg_tables WHERE schemaname = 'public' AND tablename = 'settings'`);
  if (settings.rowCount !== 0 && (await readMode(client)) !== undefined) await checkMode(client, mode);
}

/** @throws when this build must not touch the schema: a later one has closed the door behind itself, or has not ended its migration. */
function isOfLaterBuild(stored: StoredSchema, build: BuildVersions): boolean {
  if (!isLater(stored.version, build.version)) return false;
  if (isLater(stored.compatibleSince, build.version)) {
    throw new MigrateError(
      `The database is at ${stored.version}, on which builds since ${stored.compatibleSince} run, and this build works with ${build.version}: use a newer build. Nothing was changed.`,
    );
  }
  if (!stored.isFinished) {
    throw new MigrateError(
      `The migration of the database to ${stored.version} was interrupted: run the migrate of that build. Nothing was changed.`,
    );
  }
  return true;
}

const TABLES_IN_USE =
  'The tables are in use by a long transaction, such as a backup with pg_dump. Nothing was changed: run migrate again when it has ended.';

const MIGRATION_TRIES = 20;

/**
 * While a statement waits for a lock on a table, everybody else waits behind it: a migration that does not get its locks soon lets
 * the others pass and begins anew.
 * @param breaking the versions of a build whose migration those of before cannot live with.
 */
async function migrateTables(
  { url, tries: limit = MIGRATION_TRIES }: MigrateOptions,
  breaking: BuildVersions | undefined,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await tryTables(url, breaking);
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      if (tries >= limit) throw new Error(TABLES_IN_USE, { cause: error });
    }
    await pause(MIGRATION_LOCK_TIMEOUT_MS);
  }
}

/**
 * Everything in one transaction. With a breaking migration its versions are stored in the same one: whatever fails after it, no build
 * of before finds its own version on tables that it does not know.
 */
async function tryTables(url: string, breaking: BuildVersions | undefined): Promise<void> {
  const dataSource = createDataSource(url, 'tidemark-migrate', MIGRATION_LOCK_TIMEOUT_MS);
  await dataSource.initialize();
  try {
    await dataSource.transaction(async (manager) => {
      // It joins the transaction that is open.
      await new MigrationExecutor(dataSource, manager.queryRunner).executePendingMigrations();
      if (breaking !== undefined) await writeSchema(manager, { ...breaking, isFinished: false });
    });
  } finally {
    await dataSource.destroy();
  }
}

/** The longest that others wait behind a migration, in milliseconds: a quarter of what a call of theirs may take. */
const MIGRATION_LOCK_TIMEOUT_MS = 500;

/** SQLSTATE lock_not_available. */
function isLockTimeout(error: unknown): boolean {
  const cause = error instanceof Error && 'driverError' in error ? error.driverError : error;
  return cause instanceof Error && 'code' in cause && cause.code === '55P03';
}

/** What Postgres says, as a sentence. */
function refusalOf(error: unknown): string {
  return `The database refuses what migrate has to do: ${error instanceof Error ? error.message : String(error)}.`;
}

async function grantReading(client: pg.Client, reader: Reader): Promise<void> {
  const { database, owner } = await whereAndWho(client);
  if (reader.user === owner) {
    throw new MigrateError(
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

async function ensureRole(client: pg.Client, reader: Reader): Promise<void> {
  const { user, password } = reader;
  const role = client.escapeIdentifier(user);
  const known = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [user]);
  if (known.rowCount === 0) {
    if (password === undefined) {
      throw new MigrateError(
        `The role ${user}, which the API reads as, does not exist: set API_DATABASE_PASSWORD, and migrate makes it.`,
      );
    }
    await client.query(`CREATE ROLE ${role} LOGIN`);
  }
  if (password === undefined) return;
  try {
    await client.query(`ALTER ROLE ${role} LOGIN PASSWORD ${client.escapeLiteral(password)}`);
  } catch (error) {
    // An administrator has made it, with this password.
    if (!isRefused(error) || !(await hasPassword(reader))) throw error;
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

/** @throws MigrateError when a name is stored with another id: samples are known by the id, so a name keeps the one that it has. */
async function seedSources(client: pg.Client, sources: MigrateOptions['sources']): Promise<void> {
  const { rows } = await client.query<{ id: number; name: string }>('SELECT id, name FROM sources');
  // A source that has another name now makes room for one of its old name.
  const stored = rows.map(({ id, name }) => sources.find((source) => source.id === id) ?? { id, name });
  for (const { id, name } of sources) {
    const other = stored.find((source) => source.name === name && source.id !== id);
    if (other === undefined) continue;
    throw new MigrateError(
      `the database has the source ${name} with the id ${other.id}, and now its id is ${id}: give the new one another name`,
    );
  }
  const isStored = ({ id }: { readonly id: number }): boolean => rows.some((row) => row.id === id);
  for (const source of [...sources.filter(isStored), ...sources.filter((source) => !isStored(source))]) {
    await client.query(
      `INSERT INTO sources (id, name) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name`,
      [source.id, source.name],
    );
  }
}
