import { ListIntervalRepository } from '@app/storage';
import { serveReadyApi, type ServedApi } from '../../../../test/builders/served-api.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';

let database: TestDatabase;
let api: ServedApi;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await serveReadyApi(database.readerUrl);
});
afterAll(async () => {
  await api.close();
  await database.drop();
});
beforeEach(() => database.pool.query('TRUNCATE etl_lists, etl_runs CASCADE'));

/** Says that lists are read every 300 s, for so many seconds by now. */
async function readLists(sources: readonly string[], forSeconds: number): Promise<void> {
  await new ListIntervalRepository(database.pool).keep(new Map(sources.map((source) => [source, 300])));
  await database.pool.query(`UPDATE etl_lists SET read_since = read_since - make_interval(secs => $1)`, [forSeconds]);
}

/** A run that ended so many seconds ago. */
async function run(source: string, status: 'completed' | 'failed', endedSecondsAgo: number): Promise<void> {
  await database.pool.query(
    `INSERT INTO etl_runs (source, status, started_at, ended_at, error)
     SELECT $1, $2, ended, ended, CASE $2 WHEN 'failed' THEN 'no answer' END
     FROM (SELECT clock_timestamp() - make_interval(secs => $3)) AS at(ended)`,
    [source, status, endedSecondsAgo],
  );
}

async function etl(): Promise<unknown> {
  const { status, json } = await api.get('/health');
  expect(status).toBe(200);
  return json.etl;
}

describe('/health about lists of assets', () => {
  it('says that none is read', async () => {
    expect(await etl()).toEqual({ status: 'disabled' });
    await readLists(['coinpaprika'], 0);
    await new ListIntervalRepository(database.pool).keep(new Map());
    expect(await etl()).toEqual({ status: 'disabled' });
  });

  it('waits for three intervals before the first run', async () => {
    await readLists(['coinpaprika'], 800);
    const list = { source: 'coinpaprika', late: false, interval_seconds: 300, last_success: null };
    expect(await etl()).toEqual({ status: 'healthy', lists: [list] });
    await readLists(['coinpaprika'], 200);
    expect(await etl()).toEqual({ status: 'unhealthy', lists: [{ ...list, late: true }] });
  });

  it('asks when a run of each list last came to its end, by the interval of that list', async () => {
    await readLists(['coingecko', 'coinpaprika'], 100_000);
    await run('coingecko', 'completed', 2_000);
    await run('coinpaprika', 'completed', 890);
    await run('coinpaprika', 'failed', 10);
    const late = (source: string, isLate: boolean) =>
      expect.objectContaining({ source, late: isLate, last_success: expect.any(String) as string }) as unknown;
    expect(await etl()).toEqual({ status: 'unhealthy', lists: [late('coingecko', true), late('coinpaprika', false)] });
    await new ListIntervalRepository(database.pool).keep(
      new Map([
        ['coingecko', 1_800],
        ['coinpaprika', 300],
      ]),
    );
    expect(await etl()).toEqual({ status: 'healthy', lists: [late('coingecko', false), late('coinpaprika', false)] });
  });

  it('is degraded by a list that is late, and never down', async () => {
    const before = (await api.get('/health')).json;
    await readLists(['csv'], 1_000);
    const { status, json } = await api.get('/health');
    expect([status, json.status, json.etl.status]).toEqual([200, 'degraded', 'unhealthy']);
    expect(json.sampling).toEqual(before.sampling);
  });
});
