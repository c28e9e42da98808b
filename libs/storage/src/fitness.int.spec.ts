import { createEmptyDatabase, type EmptyDatabase } from '../../../test/support/empty-database.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import { SCHEMA_VERSION } from './data-source.js';
import { whyUnfit } from './fitness.js';
import { migrate } from './migrate.js';
import { createPool } from './pool.js';
import { checkSchema } from './schema-check.js';
import { WrongModeError } from './settings.repository.js';

describe('whether a database fits', () => {
  let database: TestDatabase;
  let empty: EmptyDatabase;

  beforeAll(async () => {
    [database, empty] = [await createTestDatabase(), await createEmptyDatabase()];
  });
  afterAll(async () => {
    await database.drop();
    await empty.drop();
  });

  function poolOf(url: string) {
    return createPool({ url, applicationName: 'tidemark-test', maxConnections: 2, onIdleError: () => undefined });
  }

  test('a migrated database of the same mode does', async () => {
    expect(await checkSchema(database.pool)).toEqual({ fits: true });
    expect(await whyUnfit(database.pool, 'simulated')).toBeUndefined();
  });

  test('the other mode is an error, since waiting does not mend it', async () => {
    await expect(whyUnfit(database.pool, 'live')).rejects.toThrow(WrongModeError);
    await expect(whyUnfit(database.pool, 'live')).rejects.toThrow('set TIDEMARK_MODE=simulated');
  });

  test('an empty one does not yet: migrate makes it so', async () => {
    const pool = poolOf(empty.url);
    expect(await checkSchema(pool)).toMatchObject({ fits: false, found: undefined });
    expect(await whyUnfit(pool, 'live')).toMatch(/^the database has no Tidemark schema yet.*: run migrate$/);
    await pool.end();
  });

  test('the schema of another build does not, and both versions are named', async () => {
    const client = await database.pool.connect();
    try {
      await client.query('BEGIN');
      await client.query(`UPDATE settings SET value = '"Later99999999999999"' WHERE key = 'schema'`);
      const sameConnection = { query: client.query.bind(client) } as typeof database.pool;
      expect(await checkSchema(sameConnection)).toMatchObject({ fits: false, found: 'Later99999999999999' });
      expect(await whyUnfit(sameConnection, 'simulated')).toContain(SCHEMA_VERSION);
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
  });

  test('one that cannot be reached is a reason to wait and no error', async () => {
    const pool = poolOf('postgres://tidemark@127.0.0.1:1/none');
    expect(await whyUnfit(pool, 'live')).toMatch(/^the database cannot be reached: .*ECONNREFUSED/);
    await pool.end();
  });

  test('one that goes away between two questions is a reason to wait as well', async () => {
    let asked = 0;
    const goesAway = {
      query: (text: string) => {
        asked += 1;
        return asked < 3 ? database.pool.query(text) : Promise.reject(new Error('Connection terminated unexpectedly'));
      },
    } as unknown as typeof database.pool;
    expect(await whyUnfit(goesAway, 'simulated')).toBe(
      'the database cannot be reached: Connection terminated unexpectedly',
    );
  });

  test('one that is being migrated for the first time is a reason to wait until all of it is done', async () => {
    const fresh = await createEmptyDatabase();
    const pool = poolOf(fresh.url);
    try {
      let during: string | undefined;
      await migrate({
        url: fresh.url,
        mode: 'live',
        sources: [],
        reader: { user: fresh.role, password: 'x' },
        nowMs: Date.now(),
        migrateQueue: async () => {
          during = await whyUnfit(pool, 'live');
        },
      });
      expect(during).toContain('migrate is still at work');
      expect(await whyUnfit(pool, 'live')).toBeUndefined();
    } finally {
      await pool.end();
      await fresh.drop();
    }
  });
});
