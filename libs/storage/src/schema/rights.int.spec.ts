import pg from 'pg';
import { migrateOptions, pictureOf } from '../../../../test/builders/migrated-database.js';
import { createEmptyDatabase, type EmptyDatabase } from '../../../../test/support/empty-database.js';
import { migrate, type MigrateOptions } from './migrate.js';
import { MissingRightsError } from './rights.js';
import { scramVerifier } from './scram-verifier.js';

describe('migrate as a user without rights', () => {
  let database: EmptyDatabase;
  /** A user who may connect and nothing else, with what it was granted besides. */
  let owner: string;
  let ownerUrl: string;

  beforeEach(async () => {
    database = await createEmptyDatabase();
    owner = `${database.role}_owner`.slice(-60);
    const url = new URL(database.url);
    [url.username, url.password] = [owner, 'owner'];
    ownerUrl = url.href;
    await database.ask(`CREATE ROLE ${owner} LOGIN PASSWORD 'owner'`);
  });
  afterEach(async () => {
    await database.ask(`DROP OWNED BY ${owner} CASCADE`);
    await database.ask(`DROP OWNED BY ${database.role} CASCADE`).catch(() => undefined);
    await database.drop();
    await runAsAdministrator(`DROP ROLE ${owner}`);
  });

  function optionsAsOwner(change: Partial<MigrateOptions> = {}): MigrateOptions {
    const reader = { user: database.role, password: 'first', url: database.urlAs('first') };
    return migrateOptions(database, { url: ownerUrl, reader, ...change });
  }

  async function refusal(change?: Partial<MigrateOptions>): Promise<string> {
    const error: unknown = await migrate(optionsAsOwner(change)).catch((fault: unknown) => fault);
    expect(error).toBeInstanceOf(MissingRightsError);
    expect(error).toMatchObject({ exitStatus: 2 });
    return (error as Error).message;
  }

  /** The statements of a refusal, as they stand there. */
  function sqlOf(message: string): string {
    return message
      .split('\n')
      .filter((line) => line.startsWith('  '))
      .join('\n');
  }

  it('names all that is missing, changes nothing, and works when exactly that was run', async () => {
    const message = await refusal({ carriesQueue: true });
    const name = new URL(database.url).pathname.slice(1);
    const [first, ...rest] = message.split('\n');
    expect(first).toBe(
      `The user ${owner} may not do in the database ${name} what migrate has to do. Nothing was changed. Let an administrator of the database run this, connected to ${name}, then run migrate again:`,
    );
    expect(rest).toEqual([
      '',
      `  GRANT CREATE ON DATABASE "${name}" TO "${owner}";`,
      `  GRANT USAGE, CREATE ON SCHEMA public TO "${owner}";`,
      expect.stringMatching(new RegExp(`^  CREATE ROLE "${database.role}" LOGIN PASSWORD 'SCRAM-SHA-256\\$4096:`)),
      '',
      'The password in it is that of API_DATABASE_PASSWORD, hashed.',
    ]);
    expect(message).not.toContain('first');
    expect(await database.ask(`SELECT FROM pg_tables WHERE schemaname = 'public'`)).toEqual([]);

    await database.ask(sqlOf(message));
    await migrate(optionsAsOwner({ carriesQueue: true }));
    await migrate(optionsAsOwner({ carriesQueue: true }));
    expect(await readAs('first')).toBe(0);
  });

  it('names the password when the role is there with another, and the extension where it may not be made', async () => {
    await database.ask(`GRANT USAGE, CREATE ON SCHEMA public TO ${owner}`);
    await database.ask(`CREATE ROLE ${database.role} LOGIN PASSWORD 'another'`);
    const sql = sqlOf(await refusal());
    expect(sql.split('\n')).toEqual([
      '  CREATE EXTENSION btree_gist SCHEMA public;',
      expect.stringMatching(/^ {2}ALTER ROLE "\w+" LOGIN PASSWORD 'SCRAM-SHA-256\$/),
    ]);
    await database.ask(sql);
    await migrate(optionsAsOwner());
    expect(await readAs('first')).toBe(0);
  });

  it('names what keeps the reading role out where nobody may do anything unasked', async () => {
    await database.ask(`REVOKE ALL ON SCHEMA public FROM PUBLIC`);
    const name = new URL(database.url).pathname.slice(1);
    await database.ask(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC; GRANT CONNECT ON DATABASE ${name} TO ${owner}`);
    const sql = sqlOf(await refusal());
    expect(sql).toContain(`GRANT CONNECT ON DATABASE "${name}" TO "${database.role}";`);
    expect(sql).toContain(`GRANT USAGE ON SCHEMA public TO "${database.role}";`);
    await database.ask(sql);
    await migrate(optionsAsOwner());
    expect(await readAs('first')).toBe(0);
  });

  it('asks the owner of the database for the reading role alone, and lets that role in itself', async () => {
    const name = new URL(database.url).pathname.slice(1);
    await database.ask(`ALTER DATABASE ${name} OWNER TO ${owner}; REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC`);
    const sql = sqlOf(await refusal({ carriesQueue: true }));
    expect(sql).toMatch(/^ {2}CREATE ROLE "\w+" LOGIN PASSWORD '[^']+';$/);
    await database.ask(sql);
    await migrate(optionsAsOwner({ carriesQueue: true }));
    await migrate(optionsAsOwner({ carriesQueue: true }));
    expect(await readAs('first')).toBe(0);
  });

  it('names the owner of the tables when they belong to somebody else', async () => {
    await migrate(migrateOptions(database));
    const before = await pictureOf(database);
    expect(await refusal()).toMatch(
      new RegExp(`^The tables of the database \\w+ belong to the user \\w+, and ${owner} may not change them\\.`),
    );
    expect(await pictureOf(database)).toBe(before);
  });

  it('is as any other where the user may do it all', async () => {
    await database.ask(`ALTER ROLE ${owner} CREATEROLE`);
    await database.ask(`GRANT CREATE ON DATABASE ${new URL(database.url).pathname.slice(1)} TO ${owner}`);
    await database.ask(`GRANT CREATE ON SCHEMA public TO ${owner}`);
    await migrate(optionsAsOwner({ carriesQueue: true }));
    expect(await readAs('first')).toBe(0);
    await migrate(optionsAsOwner({ reader: { user: database.role, password: 'second' } }));
    expect(await readAs('second')).toBe(0);
  });

  /** What the API reads first: how many tickers there are. */
  async function readAs(password: string): Promise<number | undefined> {
    const client = new pg.Client({ connectionString: database.urlAs(password) });
    await client.connect();
    try {
      const { rows } = await client.query<{ count: number }>('SELECT count(*)::int AS count FROM tickers');
      return rows[0]?.count;
    } finally {
      await client.end();
    }
  }
});

async function runAsAdministrator(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: process.env['TEST_DATABASE_URL'] });
  await client.connect();
  await client.query(text).finally(() => client.end());
}

test('a verifier is what Postgres would have made of the password', () => {
  // Of RFC 7677, with its salt: user "user", password "pencil".
  expect(scramVerifier('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'))).toBe(
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  );
});
