import { createEmptyDatabase, type EmptyDatabase } from '../../../../test/support/empty-database.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { SCHEMA_VERSION } from './data-source.js';
import { whyUnfit } from './fitness.js';
import { migrate } from './migrate.js';
import { createPool } from '../database/pool.js';
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

  describe('of another build', () => {
    /** What this build says of a schema that is at `version` and compatible since another. */
    async function whatItSays(version: string, compatibleSince?: string, isFinished = true) {
      const client = await database.pool.connect();
      try {
        await client.query('BEGIN');
        await client.query(`UPDATE settings SET value = to_jsonb($1::text) WHERE key = 'schema'`, [version]);
        await client.query(`UPDATE settings SET value = to_jsonb($1::boolean) WHERE key = 'schema_finished'`, [
          isFinished,
        ]);
        await client.query(`DELETE FROM settings WHERE key = 'compatible_since'`);
        if (compatibleSince !== undefined)
          await client.query(`INSERT INTO settings VALUES ('compatible_since', to_jsonb($1::text))`, [compatibleSince]);
        const sameConnection = { query: client.query.bind(client) } as typeof database.pool;
        return { schema: await checkSchema(sameConnection), unfit: await whyUnfit(sameConnection, 'simulated') };
      } finally {
        await client.query('ROLLBACK');
        client.release();
      }
    }

    test('a later one that is compatible since this build, or before it, fits', async () => {
      for (const since of [SCHEMA_VERSION, 'Spine1763600000000'])
        expect(await whatItSays('Later1999999999999', since)).toEqual({
          schema: { fits: true, later: 'Later1999999999999' },
          unfit: undefined,
        });
    });

    test('a later one does not, compatible as it is, while its migration is at work', async () => {
      const { schema, unfit } = await whatItSays('Later1999999999999', SCHEMA_VERSION, false);
      expect(schema).toMatchObject({ fits: false, found: 'Later1999999999999' });
      expect(unfit).toMatch(
        /to Later1999999999999 is still at work, or was interrupted: run the migrate of that build$/,
      );
    });

    test('a later one that is compatible since a later build does not, and says which build to use', async () => {
      const { schema, unfit } = await whatItSays('Later1999999999999', 'Break1888888888888');
      expect(schema).toMatchObject({ fits: false, found: 'Later1999999999999' });
      expect(unfit).toContain(SCHEMA_VERSION);
      expect(unfit).toMatch(/builds since Break1888888888888 run.*: use a newer build$/);
    });

    test('a later one that says nothing of its compatibility does not', async () => {
      expect(await whatItSays('Later1999999999999')).toMatchObject({ schema: { fits: false } });
    });

    test('an older one does not, and migrate makes it so', async () => {
      const { unfit } = await whatItSays('Spine1763600000000', 'Spine1763600000000');
      expect(unfit).toMatch(/at Spine1763600000000.*: run the migrate of this build$/);
    });
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
