import pg from 'pg';
import { connectionFault } from '../database/connection-fault.js';
import { scramVerifier } from './scram-verifier.js';

/** The role that the API reads as. */
export interface Reader {
  readonly user: string;
  /** Undefined leaves the role as it is. */
  readonly password: string | undefined;
  /** Address of the database as this role: by it is seen whether the role has that password already. */
  readonly url?: string | undefined;
  /** The variable that gives this address; undefined when it is that of the user of migrate. */
  readonly urlVariable?: string | undefined;
}

/** Thrown when the user of the database may not do what has to be done; the message has the SQL that an administrator runs. */
export class MissingRightsError extends Error {
  override readonly name = 'MissingRightsError';
  /** No new start mends it. */
  readonly exitStatus = 2;
}

/** Who asks, and what of the rights can be read from the catalogue of Postgres. */
interface Standing {
  readonly owner: string;
  readonly database: string;
  readonly is_superuser: boolean;
  readonly may_make_roles: boolean;
  readonly may_create_tables: boolean;
  readonly may_create_schemas: boolean;
  readonly may_grant_database: boolean;
  readonly may_grant_schema: boolean;
  readonly has_extension: boolean;
  readonly is_extension_installed: boolean;
  readonly is_extension_trusted: boolean;
  readonly has_reader: boolean;
  readonly reader_connects: boolean;
  readonly reader_uses: boolean;
  /** Who owns the tables, where it is somebody as whom this user may not act. */
  readonly tables_of: string | null;
}

const EXTENSION = 'btree_gist';

const STANDING = `
  SELECT current_user AS owner, current_database() AS database,
    me.rolsuper AS is_superuser, me.rolcreaterole OR me.rolsuper AS may_make_roles,
    has_schema_privilege('public', 'USAGE') AND has_schema_privilege('public', 'CREATE') AS may_create_tables,
    has_database_privilege(current_database(), 'CREATE') AS may_create_schemas,
    has_database_privilege(current_database(), 'CONNECT WITH GRANT OPTION') AS may_grant_database,
    has_schema_privilege('public', 'USAGE WITH GRANT OPTION') AS may_grant_schema,
    EXISTS (SELECT FROM pg_extension WHERE extname = $2) AS has_extension,
    EXISTS (SELECT FROM pg_available_extensions WHERE name = $2) AS is_extension_installed,
    EXISTS (SELECT FROM pg_available_extension_versions WHERE name = $2 AND trusted) AS is_extension_trusted,
    reader.oid IS NOT NULL AS has_reader,
    has_database_privilege(coalesce(reader.rolname, 'public'), current_database(), 'CONNECT') AS reader_connects,
    has_schema_privilege(coalesce(reader.rolname, 'public'), 'public', 'USAGE') AS reader_uses,
    (SELECT tableowner FROM pg_tables
     WHERE schemaname = 'public' AND tablename = 'settings' AND NOT pg_has_role(tableowner, 'USAGE')) AS tables_of
  FROM pg_roles me LEFT JOIN pg_roles reader ON reader.rolname = $1
  WHERE me.rolname = current_user`;

/** SQLSTATE insufficient_privilege. */
const NO_RIGHT = '42501';

/** How long a log-in may take, in milliseconds: others wait for the lock of the migration meanwhile. */
const CONNECT_LIMIT_MS = 3_000;

/** SQLSTATE of a log-in that is refused: invalid_password, invalid_authorization_specification. */
const REFUSED: readonly unknown[] = ['28P01', '28000'];

/**
 * Makes sure, before anything is changed, that the user may do all that a migration has to.
 * @param carriesQueue whether the queue is in this database too, in a schema of its own.
 * @throws MissingRightsError with the SQL for everything that is missing.
 */
export async function checkRights(client: pg.Client, reader: Reader, carriesQueue: boolean): Promise<void> {
  const { rows } = await client.query<Standing>(STANDING, [reader.user, EXTENSION]);
  const [standing] = rows;
  if (standing === undefined || standing.is_superuser) return;
  const { owner, database, tables_of: tablesOf } = standing;
  if (tablesOf !== null) {
    throw new MissingRightsError(
      `The tables of the database ${database} belong to the user ${tablesOf}, and ${owner} may not change them. Nothing was changed. Run migrate as ${tablesOf}: name that user in DATABASE_URL.`,
    );
  }
  const statements = [
    ...ownStatements(client, standing, carriesQueue),
    ...(await readerStatements(client, standing, reader)),
  ];
  if (statements.length === 0) return;
  throw missingRights(owner, database, statements);
}

/**
 * Whether a role has this password already, so that nobody needs to set it.
 * @throws MissingRightsError when the server does not let the role log in from here, whatever its password.
 * @throws Error naming the address when it cannot be reached.
 */
export async function hasPassword(reader: Reader): Promise<boolean> {
  const { url, password } = reader;
  if (url === undefined || password === undefined) return false;
  const client = new pg.Client({
    connectionString: url,
    application_name: 'tidemark-look',
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw unreachable(reader, client, error);
    // The password comes first: only then is it looked whether the role may connect to this database.
    if (error.code === NO_RIGHT) return true;
    if (!REFUSED.includes(error.code)) throw error;
    // The name of the file stands there in every language.
    if (error.message.includes('pg_hba.conf')) throw keptOut(reader, client, error);
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function unreachable(reader: Reader, client: pg.Client, cause: unknown): Error {
  return new Error(
    `Whether the role ${reader.user} has the password of API_DATABASE_PASSWORD cannot be seen: the database at ${addressOf(reader, client)} cannot be reached (${connectionFault(cause)}).`,
    { cause },
  );
}

/** No statement mends it: the file is the server's own. */
function keptOut(reader: Reader, client: pg.Client, cause: Error): MissingRightsError {
  return new MissingRightsError(
    `The server of the database at ${addressOf(reader, client)} does not let the role ${reader.user} in, which the API reads as: ${cause.message}. Let its administrator add a line for that role to pg_hba.conf, then run migrate again.`,
    { cause },
  );
}

function addressOf({ urlVariable }: Reader, { host, port }: pg.Client): string {
  return `${host}:${port}${urlVariable === undefined ? '' : ` (${urlVariable})`}`;
}

/** Whether Postgres has refused something for want of a right. */
export function isRefused(error: unknown): boolean {
  const cause = error instanceof Error && 'driverError' in error ? error.driverError : error;
  return cause instanceof Error && 'code' in cause && cause.code === NO_RIGHT;
}

function ownStatements(client: pg.Client, standing: Standing, carriesQueue: boolean): string[] {
  const owner = client.escapeIdentifier(standing.owner);
  const database = client.escapeIdentifier(standing.database);
  const { has_extension: has, is_extension_installed: isInstalled, is_extension_trusted: isTrusted } = standing;
  if (!has && !isInstalled) {
    throw new MissingRightsError(
      `The server of the database ${standing.database} does not have the extension ${EXTENSION}, which is one of Postgres itself. Nothing was changed. Let its administrator install it (package postgresql-contrib).`,
    );
  }
  const needsSchemas = carriesQueue && !standing.may_create_schemas;
  const makesExtension = isTrusted && (standing.may_create_schemas || needsSchemas);
  return [
    ...(needsSchemas ? [`GRANT CREATE ON DATABASE ${database} TO ${owner};`] : []),
    ...(standing.may_create_tables ? [] : [`GRANT USAGE, CREATE ON SCHEMA public TO ${owner};`]),
    ...(has || makesExtension ? [] : [`CREATE EXTENSION ${EXTENSION} SCHEMA public;`]),
  ];
}

async function readerStatements(client: pg.Client, standing: Standing, reader: Reader): Promise<string[]> {
  const role = client.escapeIdentifier(reader.user);
  const { has_reader: isThere } = standing;
  const statements: string[] = [];
  if (!isThere && !standing.may_make_roles) {
    // Without a password it is said elsewhere that one is needed.
    if (reader.password === undefined) return [];
    statements.push(`CREATE ROLE ${role} LOGIN PASSWORD '${scramVerifier(reader.password)}';`);
  }
  if (isThere && reader.password !== undefined && !(await mayAlter(client, role)) && !(await hasPassword(reader))) {
    statements.push(`ALTER ROLE ${role} LOGIN PASSWORD '${scramVerifier(reader.password)}';`);
  }
  if (!standing.reader_connects && !standing.may_grant_database) {
    statements.push(`GRANT CONNECT ON DATABASE ${client.escapeIdentifier(standing.database)} TO ${role};`);
  }
  if (!standing.reader_uses && !standing.may_grant_schema) {
    statements.push(`GRANT USAGE ON SCHEMA public TO ${role};`);
  }
  return statements;
}

/** Tried and taken back: since Postgres 16 it depends on who made the role. */
async function mayAlter(client: pg.Client, role: string): Promise<boolean> {
  await client.query('BEGIN');
  try {
    await client.query(`ALTER ROLE ${role} LOGIN PASSWORD '${scramVerifier('tried')}'`);
    return true;
  } catch (error) {
    if (isRefused(error)) return false;
    // Two at once: what it says of rights is not known, and is seen when it is done.
    return true;
  } finally {
    await client.query('ROLLBACK');
  }
}

function missingRights(owner: string, database: string, statements: readonly string[]): MissingRightsError {
  const passwords = statements.some((statement) => statement.includes('SCRAM-SHA-256$'))
    ? '\n\nThe password in it is that of API_DATABASE_PASSWORD, hashed.'
    : '';
  return new MissingRightsError(
    `The user ${owner} may not do in the database ${database} what migrate has to do. Nothing was changed. Let an administrator of the database run this, connected to ${database}, then run migrate again:\n\n${statements.map((statement) => `  ${statement}`).join('\n')}${passwords}`,
  );
}
