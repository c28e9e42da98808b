import '../../../../test/support/one-realm-of-errors.js';
import { slotAt } from '@app/domain';
import { catalogueTickers } from '../../../../test/builders/catalogued-ticker.js';
import { planFetches } from '../../../../test/builders/planned-fetch.js';
import { storeFailures, storePrices } from '../../../../test/builders/stored-prices.js';
import { startControlServer, type Answer, type ControlServer } from '../../../../test/support/control-server.js';
import { releaseDate, setDate } from '../../../../test/support/movable-date.js';
import { eventually } from '../../../../test/support/processes.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';

/** A whole hour near now, so that its partitions are there and nothing is planned for it by the server itself. */
const SLOT = slotAt(Date.now() + 3_600_000, 3_600);

describe('POST /fetch', () => {
  let database: TestDatabase;
  let server: ControlServer;

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await startControlServer(database.url);
    await server.rest();
  });
  afterAll(async () => {
    await server.stop();
    await database.drop();
  });
  beforeEach(async () => {
    await server.idle();
    await database.pool.query(
      'TRUNCATE tickers, schedules, ticker_sources, gaps, fetches, samples, prices, latest, source_states CASCADE',
    );
    const sources = [
      { sourceId: 1, sourceSymbol: 'btc_usd' },
      { sourceId: 2, sourceSymbol: 'bitcoin', batch: 'both' },
    ];
    await catalogueTickers(
      database.url,
      { ticker: 'btc_usd', fromSlot: SLOT, intervalSeconds: 60, sources },
      {
        ticker: 'eth_usd',
        fromSlot: SLOT,
        intervalSeconds: 60,
        sources: [{ sourceId: 2, sourceSymbol: 'ethereum', batch: 'both' }],
      },
    );
    setDate(SLOT * 1000 + 3_000);
  });
  afterEach(() => releaseDate());

  it('plans a call for every ticker and source under the slot that runs, and hands it to the queue', async () => {
    const answer = await server.ask('POST', '/fetch', {});
    expect(answer.status).toBe(202);
    expect(statesOf(answer)).toEqual([
      'btc_usd deribit fetching',
      'btc_usd coingecko fetching',
      'eth_usd coingecko fetching',
    ]);
    await untilFetches(['1 btc_usd queued 2', '2 both queued 2']);
  });

  it('does nothing twice', async () => {
    await server.ask('POST', '/fetch', {});
    const again = await server.ask('POST', '/fetch', {});
    expect(statesOf(again)).toEqual([
      'btc_usd deribit under_way',
      'btc_usd coingecko under_way',
      'eth_usd coingecko under_way',
    ]);
    expect(await fetches()).toHaveLength(2);
  });

  it('takes some tickers or sources alone', async () => {
    const answer = await server.ask('POST', '/fetch', { tickers: ['btc_usd'], sources: ['deribit'] });
    expect(statesOf(answer)).toEqual(['btc_usd deribit fetching']);
    expect(statesOf(await server.ask('POST', '/fetch', { sources: ['coingecko'] }))).toHaveLength(2);
  });

  it('says when the slot already had its sample', async () => {
    await planFetches(database.pool, SLOT);
    await database.pool.query(`UPDATE fetches SET status = 'answered', attempts = 1`);
    await storeFailures(database.pool, 'btc_usd', [{ slot: SLOT, outcome: 'rejected', reason: 'not_positive' }]);
    const answer = await server.ask('POST', '/fetch', { tickers: ['btc_usd'], sources: ['deribit'] });
    expect(answer.json['fetches']).toEqual([
      {
        ticker: 'btc_usd',
        source: 'deribit',
        timestamp: SLOT,
        state: 'sampled',
        detail: 'this slot already has its sample, and a slot has one from each source',
        outcome: 'rejected',
        reason: 'not_positive',
      },
    ]);
  });

  it('asks once more when the slot has a failure, and its attempts allow it', async () => {
    await planFetches(database.pool, SLOT);
    await database.pool.query(`UPDATE fetches SET status = 'failed', attempts = max_attempts`);
    await storeFailures(database.pool, 'btc_usd', [{ slot: SLOT, outcome: 'failed', reason: 'unavailable' }]);
    const ask = () => server.ask('POST', '/fetch', { tickers: ['btc_usd'], sources: ['deribit'] });
    expect((await ask()).json['fetches']).toMatchObject([
      { state: 'fetching', outcome: 'failed', reason: 'unavailable' },
    ]);
    await untilFetches(expect.arrayContaining(['1 btc_usd queued 4']) as unknown);
    await database.pool.query(`UPDATE fetches SET status = 'failed', attempts = 10, max_attempts = 10`);
    expect(statesOf(await ask())).toEqual(['btc_usd deribit attempts_spent']);
  });

  it('leaves the call alone that has been answered, although the answer left a ticker out', async () => {
    await planFetches(database.pool, SLOT);
    await database.pool.query(`UPDATE fetches SET status = 'answered', attempts = 1`);
    await storeFailures(database.pool, 'eth_usd', [{ slot: SLOT, sourceId: 2, outcome: 'failed', reason: 'absent' }]);
    expect(statesOf(await server.ask('POST', '/fetch', { tickers: ['eth_usd'] }))).toEqual([
      'eth_usd coingecko sampled',
    ]);
    expect(await fetches()).toContain('2 both answered 3');
  });

  it('makes no call whose answer would change nothing: the slot has its price', async () => {
    await planFetches(database.pool, SLOT);
    await database.pool.query(`UPDATE fetches SET status = 'failed', attempts = 1`);
    await storeFailures(database.pool, 'btc_usd', [{ slot: SLOT, outcome: 'failed', reason: 'timeout' }]);
    await storePrices(database.pool, 'btc_usd', [{ slot: SLOT, price: '1', sourceId: 2 }]);
    const answer = await server.ask('POST', '/fetch', { tickers: ['btc_usd'], sources: ['deribit'] });
    expect(statesOf(answer)).toEqual(['btc_usd deribit decided']);
  });

  it('makes no call to a source whose circuit is open', async () => {
    await database.pool.query(
      `INSERT INTO source_states (source_id, circuit_open_until, circuit_reason) VALUES (1, 'infinity', 'needs_key')`,
    );
    const answer = await server.ask('POST', '/fetch', { sources: ['deribit'] });
    expect(statesOf(answer)).toEqual(['btc_usd deribit source_unavailable']);
    expect(await fetches()).toEqual([]);
  });

  it('calls a standby source only when it is named', async () => {
    await database.pool.query('UPDATE ticker_sources SET standby = true WHERE source_id = 2');
    expect(statesOf(await server.ask('POST', '/fetch', {}))).toEqual(['btc_usd deribit fetching']);
    expect(statesOf(await server.ask('POST', '/fetch', { sources: ['coingecko'] }))).toHaveLength(2);
  });

  it('files nothing under a slot whose window is over, and tells when the next begins', async () => {
    setDate(SLOT * 1000 + 15_000);
    const answer = await server.ask('POST', '/fetch', { tickers: ['eth_usd'] });
    expect(statesOf(answer)).toEqual(['eth_usd coingecko window_over']);
    expect(answer.text).toContain(new Date((SLOT + 60) * 1000).toISOString().slice(0, 19));
    expect(await fetches()).toEqual([]);
  });

  it('says of a disabled ticker how it is enabled', async () => {
    await server.ask('DELETE', '/tickers/btc_usd');
    expect(await server.ask('POST', '/fetch', { tickers: ['BTC/USD'] })).toMatchObject({
      status: 409,
      json: { detail: 'btc_usd is disabled: enable it with PATCH /tickers/btc_usd and {"enabled":true}' },
    });
  });

  it.each([
    ['a ticker that is not known', { tickers: ['nope_usd'] }, 404],
    ['what is no ticker', { tickers: ['NOPE'] }, 404],
    ['a source that is not known', { sources: ['krakken'] }, 400],
    ['a ticker that is not sampled from the source', { tickers: ['eth_usd'], sources: ['deribit'] }, 400],
    ['an empty list', { tickers: [] }, 400],
    ['another field', { ticker: 'btc_usd' }, 400],
    ['a list', ['btc_usd'], 400],
  ])('refuses %s', async (_what, body, status) => {
    const answer = await server.ask('POST', '/fetch', body);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(await fetches()).toEqual([]);
  });

  async function untilFetches(expected: unknown): Promise<void> {
    await eventually('the fetches to be queued', 5_000, async () => {
      const found = await fetches();
      expect(found).toEqual(expected);
      return found;
    });
  }

  async function fetches(): Promise<string[]> {
    const { rows } = await database.pool.query<{ text: string }>(
      `SELECT concat_ws(' ', source_id, batch, status, max_attempts) AS text FROM fetches ORDER BY source_id, batch`,
    );
    return rows.map((row) => row.text);
  }
});

function statesOf(answer: Answer): string[] {
  const fetches = answer.json['fetches'] as { ticker: string; source: string; state: string }[];
  return fetches.map(({ ticker, source, state }) => `${ticker} ${source} ${state}`);
}
