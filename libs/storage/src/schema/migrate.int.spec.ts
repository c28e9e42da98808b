import pg from 'pg';
import { MIGRATED_SOURCES, migrateOptions, pictureOf } from '../../../../test/builders/migrated-database.js';
import { makeEarlierSchema } from '../../../../test/builders/earlier-schema.js';
import { createEmptyDatabase, type EmptyDatabase } from '../../../../test/support/empty-database.js';
import { MIGRATIONS, SCHEMA_VERSION } from './data-source.js';
import { Words1763800000000 } from './migrations/3-words.migration.js';
import { migrate } from './migrate.js';
import { ensurePartitions } from './partitions.js';

/** What a median's prices have for a source. */
const MEDIAN = { id: 0, name: 'median' };

/** Waits until a session of the migration waits for a lock. */
async function waitForLock(database: EmptyDatabase): Promise<void> {
  for (;;) {
    const waiting = await database.ask(
      `SELECT 1 FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'tidemark-migrate' AND wait_event_type = 'Lock'`,
    );
    if (waiting.length > 0) return;
  }
}

test('the version that a build expects is its newest migration', () => {
  const names = MIGRATIONS.map((migration) => new migration().name);
  expect(names.at(-1)).toBe(SCHEMA_VERSION);
  expect([...names].sort((left, right) => Number(left.slice(-13)) - Number(right.slice(-13)))).toEqual(names);
});

describe('migrate', () => {
  let database: EmptyDatabase;

  beforeEach(async () => {
    database = await createEmptyDatabase();
  });
  afterEach(() => database.drop());

  test('brings an empty database up: tables, sources, mode, partitions', async () => {
    await migrate(migrateOptions(database));
    expect(await database.ask('SELECT id, name FROM sources ORDER BY id')).toEqual([MEDIAN, ...MIGRATED_SOURCES]);
    expect(await database.ask(`SELECT value FROM settings WHERE key = 'mode'`)).toEqual([{ value: 'live' }]);
    const partitions = await database.ask<{ relname: string }>(
      `SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' AND relname LIKE 'prices%' ORDER BY relname`,
    );
    expect(partitions.map(({ relname }) => relname)).toEqual(['prices_y2025m11', 'prices_y2025m12', 'prices_y2026m01']);
  });

  test('changes nothing the second time', async () => {
    await migrate(migrateOptions(database));
    const first = await pictureOf(database);
    await migrate(migrateOptions(database));
    expect(await pictureOf(database)).toBe(first);
  });

  test('refuses a source whose name is stored with another id, and says so', async () => {
    const declared = [...MIGRATED_SOURCES, { id: 100, name: 'example' }];
    await migrate({ ...migrateOptions(database), sources: declared });
    const moved = [...MIGRATED_SOURCES, { id: 9, name: 'example' }];
    await expect(migrate({ ...migrateOptions(database), sources: moved })).rejects.toMatchObject({
      message:
        'the database has the source example with the id 100, and now its id is 9: give the new one another name',
      exitStatus: 2,
    });
    expect(await database.ask('SELECT id FROM sources WHERE id IN (9, 100)')).toEqual([{ id: 100 }]);
    const renamed = [...moved, { id: 100, name: 'example-http' }];
    await migrate({ ...migrateOptions(database), sources: renamed });
  });

  test('four at once all succeed, and the queue is migrated by one at a time', async () => {
    let inHand = 0;
    let most = 0;
    const migrateQueue = async (): Promise<void> => {
      most = Math.max(most, (inHand += 1));
      await database.ask('SELECT 1');
      inHand -= 1;
    };
    await Promise.all(Array.from({ length: 4 }, () => migrate(migrateOptions(database, { migrateQueue }))));
    expect(most).toBe(1);
    expect(await database.ask('SELECT count(*)::int AS count FROM migrations')).toEqual([{ count: MIGRATIONS.length }]);
  });

  test('two databases of one server may be migrated at once, with the same reading role', async () => {
    const others = await Promise.all([createEmptyDatabase(), createEmptyDatabase(), createEmptyDatabase()]);
    try {
      const reader = { user: database.role, password: 'shared' };
      for (let round = 0; round < 3; round += 1) {
        await Promise.all([database, ...others].map((one) => migrate(migrateOptions(one, { reader }))));
      }
    } finally {
      for (const other of others) await other.drop();
    }
  });

  test('what fails is thrown, and the lock is free for the next one', async () => {
    const migrateQueue = async (): Promise<void> => {
      throw new Error('the queue store is away');
    };
    await expect(migrate(migrateOptions(database, { migrateQueue }))).rejects.toThrow('the queue store is away');
    await migrate(migrateOptions(database));
  });

  test('refuses a database of the other mode with the cure, and leaves it as it is', async () => {
    await migrate(migrateOptions(database));
    const before = await pictureOf(database);
    await expect(
      migrate(migrateOptions(database, { mode: 'simulated', sources: [{ id: 9, name: 'other' }] })),
    ).rejects.toThrow(
      'This database holds live prices and this process was started as simulated: name another database in DATABASE_URL, or set TIDEMARK_MODE=live.',
    );
    expect(await pictureOf(database)).toBe(before);
  });

  test('lets others pass while it waits for a table that somebody holds, and gets it in the end', async () => {
    // The first statement that is still to be made changes the sources of the tickers.
    await makeEarlierSchema(database, MIGRATIONS.indexOf(Words1763800000000), Date.now() / 1000);
    const holder = new pg.Client({ connectionString: database.url });
    await holder.connect();
    await holder.query('BEGIN; SELECT 1 FROM ticker_sources LIMIT 1');
    const migrating = migrate(migrateOptions(database, { afterStop: true }));
    await waitForLock(database);
    // Whoever came behind it would wait for ever if it waited for ever.
    const client = new pg.Client({ connectionString: database.url, query_timeout: 5_000 });
    await client.connect();
    await client.query('SELECT 1 FROM ticker_sources LIMIT 1');
    await client.end();
    await holder.query('COMMIT');
    await holder.end();
    expect(await migrating).toBe('migrated');
  });

  test('a renamed source keeps its id', async () => {
    await migrate(migrateOptions(database));
    await migrate(migrateOptions(database, { sources: [{ id: 1, name: 'deribit_v2' }] }));
    expect(await database.ask('SELECT id, name FROM sources ORDER BY id')).toEqual([
      MEDIAN,
      { id: 1, name: 'deribit_v2' },
      MIGRATED_SOURCES[1],
    ]);
  });

  describe('the reading role', () => {
    let reading: pg.Client;

    async function connect(password = 'first'): Promise<void> {
      reading = new pg.Client({ connectionString: database.urlAs(password) });
      await reading.connect();
    }
    afterEach(async () => {
      await reading?.end();
    });

    test('cannot be made without a password, and the message says which variable to set', async () => {
      await expect(
        migrate(migrateOptions(database, { reader: { user: database.role, password: undefined } })),
      ).rejects.toThrow(
        `The role ${database.role}, which the API reads as, does not exist: set API_DATABASE_PASSWORD, and migrate makes it.`,
      );
    });

    test('keeps its password when none is given', async () => {
      await migrate(migrateOptions(database));
      const [before] = await database.ask('SELECT rolpassword FROM pg_authid WHERE rolname = $1', [database.role]);
      await migrate(migrateOptions(database, { reader: { user: database.role, password: undefined } }));
      expect(await database.ask('SELECT rolpassword FROM pg_authid WHERE rolname = $1', [database.role])).toEqual([
        before,
      ]);
    });

    test('takes a password with quotes and backslashes, and no statement hides in it', async () => {
      await migrate(
        migrateOptions(database, { reader: { user: database.role, password: `it's \\'; DROP TABLE settings; --` } }),
      );
      await connect(`it's \\'; DROP TABLE settings; --`);
      expect((await reading.query(`SELECT value FROM settings WHERE key = 'mode'`)).rowCount).toBe(1);
    });

    test('may not be the owner of the tables, who may write', async () => {
      const [{ current_user: owner } = { current_user: '' }] = await database.ask<{ current_user: string }>(
        'SELECT current_user',
      );
      await expect(migrate(migrateOptions(database, { reader: { user: owner, password: 'x' } }))).rejects.toThrow(
        'API_DATABASE_USER',
      );
    });

    test('sees nothing of the queue', async () => {
      await migrate(
        migrateOptions(database, {
          migrateQueue: () =>
            database.ask('CREATE SCHEMA bullmq; CREATE TABLE bullmq.job (id int)').then(() => undefined),
        }),
      );
      await connect();
      await expect(reading.query('SELECT * FROM bullmq.job')).rejects.toMatchObject({ code: '42501' });
    });
  });
});

describe('the reading role that migrate has made', () => {
  let database: EmptyDatabase;
  let reading: pg.Client;

  beforeAll(async () => {
    database = await createEmptyDatabase();
    await migrate(migrateOptions(database));
    const owner = new pg.Client({ connectionString: database.url });
    await owner.connect();
    await ensurePartitions(owner, Date.UTC(2027, 0, 1) / 1000, Date.UTC(2027, 0, 2) / 1000);
    await owner.end();
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    reading = new pg.Client({ connectionString: database.urlAs('first') });
    await reading.connect();
  });
  afterEach(() => reading.end());

  test('may read every table, and those that are made later', async () => {
    const tables = await reading.query<{ name: string }>(
      `SELECT oid::regclass::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')`,
    );
    expect(tables.rows.map(({ name }) => name)).toContain('prices_y2027m01');
    for (const { name } of tables.rows) await reading.query(`SELECT * FROM ${name} LIMIT 1`);
  });

  test('may change nothing, neither now nor in a partition that is made later', async () => {
    for (const statement of [
      `INSERT INTO settings VALUES ('mode', '"simulated"')`,
      `UPDATE settings SET value = '"simulated"'`,
      `DELETE FROM prices`,
      `DELETE FROM prices_y2027m01`,
      `INSERT INTO fetches_y2027m01 DEFAULT VALUES`,
      `TRUNCATE samples`,
      `DROP TABLE prices_y2027m01`,
      `ALTER TABLE prices ADD COLUMN extra int`,
      `CREATE TABLE mine (id int)`,
      `CREATE TEMPORARY TABLE mine (id int)`,
      `CREATE SCHEMA mine`,
      `CREATE VIEW public.mine AS SELECT 1`,
      `SELECT * FROM prices FOR UPDATE`,
      `SELECT nextval('tickers_id_seq')`,
      `CREATE ROLE mine`,
      `BEGIN; LOCK TABLE prices IN ACCESS EXCLUSIVE MODE`,
    ]) {
      await expect(reading.query(statement)).rejects.toMatchObject({ code: '42501' });
    }
  });
});
