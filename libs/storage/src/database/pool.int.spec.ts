import type pg from 'pg';
import { rowOf } from '../../../../test/builders/stored-schedules.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { databaseNowMs } from './database-clock.js';
import { createPool, inTransaction } from './pool.js';

describe('the pool', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let idleErrors: Error[];

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query('CREATE TABLE marks (mark int PRIMARY KEY)');
  });
  afterAll(() => database.drop());
  beforeEach(() => {
    idleErrors = [];
    pool = createPool({
      url: database.url,
      applicationName: 'tidemark-pool-test',
      maxConnections: 1,
      onIdleError: (error) => idleErrors.push(error),
    });
  });
  afterEach(async () => {
    await pool.end();
    await database.pool.query('TRUNCATE marks');
  });

  async function backendOf(client: Pick<pg.Pool, 'query'>): Promise<number> {
    const result = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    return result.rows[0]?.pid ?? 0;
  }

  /** Ends a connection from outside, as a crash does, and waits until it is gone. */
  async function terminate(pid: number): Promise<void> {
    await database.pool.query('SELECT pg_terminate_backend($1, 5000)', [pid]);
  }

  async function marks(): Promise<number[]> {
    return (await database.pool.query<{ mark: number }>('SELECT mark FROM marks ORDER BY mark')).rows.map(
      ({ mark }) => mark,
    );
  }

  test('gives slots and counts as numbers, prices as text with all their digits', async () => {
    const row = await rowOf(
      pool,
      `SELECT 1766000000::bigint AS slot, count(*) AS count, 1.500::numeric AS price FROM generate_series(1, 3)`,
    );
    expect(row).toEqual({ slot: 1_766_000_000, count: 3, price: '1.500' });
  });

  test('says who it is', async () => {
    const row = await rowOf<{ name: string }>(pool, `SELECT current_setting('application_name') AS name`);
    expect(row.name).toBe('tidemark-pool-test');
  });

  test('commits what a transaction did, and gives back its result', async () => {
    expect(
      await inTransaction(pool, async (client) => {
        await client.query('INSERT INTO marks VALUES (1), (2)');
        return 'done';
      }),
    ).toBe('done');
    expect(await marks()).toEqual([1, 2]);
  });

  test('rolls everything back when the work throws, and throws the same', async () => {
    const fault = new Error('changed my mind');
    await expect(
      inTransaction(pool, async (client) => {
        await client.query('INSERT INTO marks VALUES (1)');
        throw fault;
      }),
    ).rejects.toBe(fault);
    expect(await marks()).toEqual([]);
  });

  test('rolls back after a failed statement, and the connection serves on', async () => {
    const before = await backendOf(pool);
    await expect(
      inTransaction(pool, (client) => client.query('INSERT INTO marks VALUES (1), (1)')),
    ).rejects.toMatchObject({ code: '23505' });
    expect(await marks()).toEqual([]);
    expect(await backendOf(pool)).toBe(before);
    await inTransaction(pool, (client) => client.query('INSERT INTO marks VALUES (3)'));
    expect(await marks()).toEqual([3]);
  });

  test('a connection that broke within a transaction is not used again', async () => {
    let broken = 0;
    await expect(
      inTransaction(pool, async (client) => {
        await client.query('INSERT INTO marks VALUES (1)');
        broken = await backendOf(client);
        await terminate(broken);
        await client.query('INSERT INTO marks VALUES (2)');
      }),
    ).rejects.toThrow();
    expect(await backendOf(pool)).not.toBe(broken);
    expect(await marks()).toEqual([]);
  });

  test('a connection that breaks while a transaction does something else does not end the process', async () => {
    await expect(
      inTransaction(pool, async (client) => {
        // An "error" event without a listener ends a process; Jest itself would swallow that.
        expect(client.listenerCount('error')).toBeGreaterThan(0);
        const gone = new Promise((resolve) => client.once('end', resolve));
        await terminate(await backendOf(client));
        await gone;
      }),
    ).rejects.toThrow();
    expect(await marks()).toEqual([]);
    expect(await backendOf(pool)).toBeGreaterThan(0);
  });

  test('a connection that breaks while idle is reported and replaced', async () => {
    const pid = await backendOf(pool);
    const said = new Promise((resolve) => pool.once('error', resolve));
    await terminate(pid);
    await said;
    expect(idleErrors).toHaveLength(1);
    expect(await backendOf(pool)).not.toBe(pid);
  });

  test('a database that does not answer is an error and no hang', async () => {
    const nowhere = createPool({
      url: 'postgres://tidemark@127.0.0.1:1/none',
      applicationName: 'x',
      maxConnections: 1,
      onIdleError: () => undefined,
    });
    await expect(nowhere.query('SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(inTransaction(nowhere, async () => undefined)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await nowhere.end();
  });

  test("tells the database's clock in milliseconds, also within a transaction that began long ago", async () => {
    const [before, after] = [await databaseNowMs(pool), await databaseNowMs(pool)];
    const real = await rowOf<{ now: Date }>(pool, 'SELECT clock_timestamp() AS now');
    expect(after).toBeGreaterThan(before);
    expect(real.now.getTime() - after).toBeGreaterThanOrEqual(-1);
    expect(real.now.getTime() - before).toBeLessThan(30_000);
  });
});
