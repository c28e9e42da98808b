import '../../../../test/support/one-realm-of-errors.js';
import { sourceByName } from '@app/sources';
import { keptTerminal } from '../../../../test/support/cli-terminal.js';
import { type FetchCli, FETCH_NOW_MS, startFetchCli } from '../../../../test/support/fetch-cli.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { readCliSettings } from '../cli-settings.js';
import { CommandBudget } from './command-budget.js';

const COINPAPRIKA = '{"id":"btc-bitcoin","last_updated":"2026-11-20T20:05:00Z","quotes":{"USD":{"price":81400.5}}}';
const KRAKEN = '{"error":[],"result":{"XXBTZUSD":{"c":["81400.5","1"]}}}';

describe('fetch', () => {
  let cli: FetchCli;
  let database: TestDatabase;
  beforeAll(async () => {
    cli = await startFetchCli();
    database = await createTestDatabase();
    await database.pool.query(
      `INSERT INTO sources (id, name) VALUES (3, 'coinpaprika'), (7, 'kraken') ON CONFLICT DO NOTHING`,
    );
  });
  beforeEach(() => database.pool.query('TRUNCATE source_credits, source_states'));
  afterAll(async () => {
    await cli.server.close();
    await database.drop();
  });

  const fetched = (source: string, more: readonly string[] = []) =>
    cli.fetched(
      { '/coinpaprika': COINPAPRIKA, '/kraken': KRAKEN },
      ['--ticker', 'btc_usd', '--source', source, ...more],
      { DATABASE_URL: database.url },
    );

  /** The fleet has used up the limit of kraken for so long from the time of the command. */
  const useUp = (forMs: number) =>
    database.pool.query(
      'INSERT INTO source_states (source_id, weighed_until) VALUES (7, to_timestamp($1::float8 / 1000))',
      [FETCH_NOW_MS + forMs],
    );

  it('counts its call against the month of a source that has one', async () => {
    expect((await fetched('coinpaprika')).status).toBe(0);
    const { rows } = await database.pool.query('SELECT source_id, month::text, used FROM source_credits');
    expect(rows).toEqual([{ source_id: 3, month: '2026-11-01', used: 1 }]);
  });

  it('makes no call when the month is spent', async () => {
    await database.pool.query(`INSERT INTO source_credits VALUES (3, '2026-11-01', 20000)`);
    const before = cli.server.requests.length;
    const { status, report } = await fetched('coinpaprika');
    expect(status).toBe(1);
    expect(report.attempts).toMatchObject([{ outcome: 'failed', reason: 'no_credits' }]);
    expect(cli.server.requests.slice(before)).toEqual([]);
  });

  it('waits until the limit has room beside the calls of the fleet, says so, and is counted among them', async () => {
    await useUp(1_000);
    const { status, complained } = await fetched('kraken');
    expect(status).toBe(0);
    // A fifth of 2.2 s may be taken early.
    expect(complained).toContain('waiting 0.6 s until the limit of kraken has room');
    const { rows } = await database.pool.query(
      'SELECT (extract(epoch FROM weighed_until) * 1000)::float8 - $1::float8 AS ms FROM source_states',
      [FETCH_NOW_MS],
    );
    expect(rows[0].ms).toBeCloseTo(1_000 + 2_222.222, 2);
  });

  it('makes no call when the fleet uses up the limit for longer than anybody waits', async () => {
    await useUp(62_000);
    const before = cli.server.requests.length;
    const { status, report } = await fetched('kraken');
    expect(status).toBe(1);
    expect(report.attempts).toMatchObject([{ outcome: 'failed', reason: 'rate_limited' }]);
    expect(cli.server.requests.slice(before)).toEqual([]);
  });

  it('says once that calls are not counted where no database is reached, and asks all the same', async () => {
    const words = ['--ticker', 'btc_usd', '--source', 'kraken,coinpaprika,bitstamp,deribit'];
    const { complained, report } = await cli.fetched({}, words);
    expect(report.attempts).toHaveLength(4);
    expect(complained.split('calls are not counted')).toHaveLength(2);
  });

  it('keeps the limit within the command where no database is reached', async () => {
    const kraken = sourceByName('kraken');
    if (kraken === undefined) throw new Error('no kraken');
    const environment = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' };
    const settings = readCliSettings(keptTerminal({ nowMs: FETCH_NOW_MS, environment }), [kraken]);
    const said: string[] = [];
    const say = (text: string): unknown => said.push(text);
    const budget = new CommandBudget({ settings, now: Date.now, signal: undefined, say });
    const began = performance.now();
    expect([await budget.take(kraken, 1), await budget.take(kraken, 1)]).toEqual([true, true]);
    // 45 % of one a second is one in 2.2 s, of which a fifth may be left.
    expect(performance.now() - began).toBeGreaterThanOrEqual(1_770);
    expect(said).toEqual([
      expect.stringContaining('calls are not counted'),
      'waiting 1.8 s until the limit of kraken has room',
    ]);
    await budget.close();
  });
});
