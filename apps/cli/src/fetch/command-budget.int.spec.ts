import '../../../../test/support/one-realm-of-errors.js';
import { type FetchCli, startFetchCli } from '../../../../test/support/fetch-cli.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';

const TICKER = '{"id":"btc-bitcoin","last_updated":"2026-11-20T20:05:00Z","quotes":{"USD":{"price":81400.5}}}';

describe('fetch', () => {
  let cli: FetchCli;
  let database: TestDatabase;
  beforeAll(async () => {
    cli = await startFetchCli();
    database = await createTestDatabase();
    await database.pool.query(`INSERT INTO sources (id, name) VALUES (3, 'coinpaprika') ON CONFLICT DO NOTHING`);
  });
  beforeEach(() => database.pool.query('TRUNCATE source_credits'));
  afterAll(async () => {
    await cli.server.close();
    await database.drop();
  });

  const words = ['--ticker', 'btc_usd', '--source', 'coinpaprika'];

  it('counts its call against the month of a source that has one', async () => {
    const { status } = await cli.fetched({ '/coinpaprika': TICKER }, words, { DATABASE_URL: database.url });
    expect(status).toBe(0);
    const { rows } = await database.pool.query('SELECT source_id, month::text, used FROM source_credits');
    expect(rows).toEqual([{ source_id: 3, month: '2026-11-01', used: 1 }]);
  });

  it('makes no call when the month is spent', async () => {
    await database.pool.query(`INSERT INTO source_credits VALUES (3, '2026-11-01', 20000)`);
    const before = cli.server.requests.length;
    const { status, report } = await cli.fetched({ '/coinpaprika': TICKER }, words, { DATABASE_URL: database.url });
    expect(status).toBe(1);
    expect(report.attempts).toMatchObject([{ outcome: 'failed', reason: 'no_credits' }]);
    expect(cli.server.requests.slice(before)).toEqual([]);
  });

  it('says so when it cannot count, and asks all the same', async () => {
    const environment = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' };
    const { status, complained } = await cli.fetched({ '/coinpaprika': TICKER }, words, environment);
    expect(status).toBe(0);
    expect(complained).toContain('not counted against its month');
  });
});
