import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { openDatabase, type ProcessDatabase } from './process-database.js';

describe('the database of a process', () => {
  let database: TestDatabase;
  let opened: ProcessDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  beforeEach(() => {
    opened = open(database.url);
  });
  afterEach(() => opened.close());
  afterAll(() => database.drop());

  it('can be worked with, and gives its clock', async () => {
    expect(await opened.whyUnfitAtStart()).toBeUndefined();
    expect(await opened.whyUnfit()).toBeUndefined();
    expect(Math.abs((await opened.nowMs()) - Date.now())).toBeLessThan(5_000);
  });

  it('does not look as if it were away when every connection that works is busy', async () => {
    const busy = await Promise.all([opened.pool.connect(), opened.pool.connect()]);
    expect(opened.pool.idleCount).toBe(0);
    expect(await opened.whyUnfit()).toBeUndefined();
    for (const client of busy) client.release();
  });

  it('cannot be stored to while it takes no writes, and may be read', async () => {
    const standby = open(`${database.url}?options=-c%20default_transaction_read_only%3Don`);
    expect(await standby.whyUnfit()).toMatch(/name the primary in DATABASE_URL/);
    expect(await standby.whyUnfitAtStart()).toBeUndefined();
    await standby.close();
  });

  it('tells its connections apart by name', async () => {
    await opened.pool.query('SELECT 1');
    await opened.nowMs();
    const { rows } = await database.pool.query<{ name: string }>(
      `SELECT DISTINCT application_name AS name FROM pg_stat_activity WHERE application_name LIKE 'tidemark-some%' ORDER BY 1`,
    );
    expect(rows.map(({ name }) => name)).toEqual(['tidemark-some', 'tidemark-some-watch']);
  });
});

function open(url: string): ProcessDatabase {
  const name = { applicationName: 'tidemark-some', maxConnections: 2, mode: 'simulated' as const };
  return openDatabase({ url, ...name, onIdleError: () => undefined });
}
