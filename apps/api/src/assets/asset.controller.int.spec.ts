import { IngestionRepository, type BatchCounts } from '@app/storage';
import { serveReadyApi, type ServedApi } from '../../../../test/builders/served-api.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';

const AT = new Date('2026-03-01T12:00:00Z');

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
beforeEach(() =>
  database.pool.query(
    'TRUNCATE etl_runs, etl_checkpoints, etl_pages, etl_records, raw_records, assets, asset_values, etl_quarantine RESTART IDENTITY',
  ),
);

/** A run of a source over these assets, by symbol and price. */
async function read(source: string, prices: Readonly<Record<string, string>>, error?: string): Promise<BatchCounts> {
  const runs = new IngestionRepository(database.pool);
  const { runId, lock } = await runs.begin(source);
  const records = Object.entries(prices).map(([symbol, priceUsd]) => ({
    ...{ id: `${symbol}-id`, place: 'row 1', payload: `{"price":${priceUsd}}` },
    asset: {
      ...{ assetId: `${symbol}-id`, symbol: symbol.toUpperCase(), name: `${symbol} coin`, priceUsd, updatedAt: AT },
      ...{ marketCap: priceUsd, volume24h: priceUsd },
    },
  }));
  await runs.keepPage(source, runId, { page: '1', nextPage: null, fetchedAt: AT, records });
  const counts = await runs.storeBatch({ source, runId, processed: 0 }, records);
  await runs.endPage(source, runId);
  await runs.end(source, runId, error === undefined ? undefined : { error });
  await lock.release();
  return counts;
}

describe('GET /data', () => {
  it('has one row for each source and asset, page by page, with the digits that came', async () => {
    await read('coinpaprika', { btc: '87123.450', eth: '3000' });
    await read('coingecko', { btc: '87124.00', wbtc: '87001', doge: '0.17' });
    const { status, json, headers } = await api.get('/data');
    expect([status, json.total, json.page, json.page_size]).toEqual([200, 5, 1, 50]);
    expect(json.request_id).toBe(headers.get('x-request-id'));
    expect(json.api_latency_ms).toBeGreaterThan(0);
    expect((json.data as { source: string; symbol: string }[]).map((row) => `${row.source} ${row.symbol}`)).toEqual([
      'coingecko BTC',
      'coingecko WBTC',
      'coingecko DOGE',
      'coinpaprika BTC',
      'coinpaprika ETH',
    ]);
    expect((json.data as unknown[])[3]).toEqual({
      ...{ asset_id: 'btc-id', symbol: 'BTC', name: 'btc coin', price_usd: '87123.450', market_cap: '87123.450' },
      ...{ volume_24h: '87123.450', source: 'coinpaprika', updated_at: '2026-03-01T12:00:00.000Z' },
    });
    const second = await api.get('/data?page=2&page_size=2');
    expect(second.json).toMatchObject({ total: 5, page: 2, data: [{ symbol: 'DOGE' }, { source: 'coinpaprika' }] });
  });

  it.each([
    ['symbol=BT', ['BTC', 'WBTC', 'BTC']],
    ['symbol=btc&source=coinpaprika', ['BTC']],
    ['symbol=%25', []],
    ['symbol=_', []],
    ['source=kraken', []],
  ])('filters by %s', async (query, symbols) => {
    await read('coinpaprika', { btc: '87123.450', eth: '3000' });
    await read('coingecko', { btc: '87124', wbtc: '87001' });
    const { json } = await api.get(`/data?${query}`);
    expect((json.data as { symbol: string }[]).map(({ symbol }) => symbol)).toEqual(symbols);
    expect(json.total).toBe(symbols.length);
  });

  it.each(['page=0', 'page_size=101', 'symbol=', 'source=Kraken', 'ticker=btc_usd'])('refuses %s', async (query) => {
    expect((await api.get(`/data?${query}`)).status).toBe(400);
  });

  it('takes a request id that is sane, and makes one otherwise', async () => {
    const given = await fetch(`${api.url}/data`, { headers: { 'x-request-id': 'invoice-17' } });
    expect(await given.json()).toMatchObject({ request_id: 'invoice-17' });
    const made = await fetch(`${api.url}/data`, { headers: { 'x-request-id': 'a b' } });
    expect(((await made.json()) as { request_id: string }).request_id).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('GET /stats', () => {
  it('says of each source how far its newest run came', async () => {
    expect((await api.get('/stats')).json).toEqual({
      ...{ records_processed: 0, last_success: null, last_failure: null, sources: {} },
    });
    await read('coinpaprika', { btc: '1', eth: '2' });
    await read('coingecko', { btc: '1' }, 'the network was away');
    expect((await api.get('/stats')).json).toMatchObject({
      ...{ records_processed: 3, last_success: expect.any(String), last_failure: expect.any(String) },
      sources: {
        coingecko: { last_processed_id: 'btc-id', status: 'failed', run_id: 2 },
        coinpaprika: {
          last_processed_id: 'eth-id',
          last_processed_at: expect.any(String),
          status: 'completed',
          run_id: 1,
        },
      },
    });
  });
});

describe('GET /rankings', () => {
  it('ranks the assets of one source, and says which', async () => {
    await read('coinpaprika', { btc: '9', eth: '30', doge: '100' });
    await read('coingecko', { btc: '1' });
    expect((await api.get('/rankings?limit=2')).json).toMatchObject({
      ...{ by: 'market_cap', source: 'coinpaprika' },
      data: [
        { rank: 1, symbol: 'DOGE' },
        { rank: 2, symbol: 'ETH' },
      ],
    });
    expect((await api.get('/rankings?by=volume&source=coingecko')).json).toMatchObject({
      ...{ by: 'volume', source: 'coingecko' },
      data: [{ symbol: 'BTC' }],
    });
    expect((await api.get('/rankings?by=age')).status).toBe(400);
  });

  it('leaves out what has no value, and ranks ties by their ids, and nothing last', async () => {
    await database.pool.query(
      `INSERT INTO assets (source, asset_id, symbol, name, market_cap, volume_24h, updated_at)
       SELECT 'coinpaprika', id, id, id, cap::numeric, volume::numeric, now()
       FROM (VALUES ('b', '5', NULL), ('a', '5.0', '1'), ('none', NULL, '0.5'), ('zero', '0', NULL)) v(id, cap, volume)`,
    );
    const idsBy = async (by: string) => {
      const { json } = await api.get(`/rankings?by=${by}`);
      return [json.source, ...(json.data as { asset_id: string }[]).map((row) => row.asset_id)];
    };
    expect(await idsBy('market_cap')).toEqual(['coinpaprika', 'a', 'b', 'zero']);
    expect(await idsBy('volume')).toEqual(['coinpaprika', 'a', 'none']);
    expect((await api.get('/rankings?source=nobody')).json).toEqual({ by: 'market_cap', source: 'nobody', data: [] });
  });

  it('is of nobody when no list was read, and says what it can rank by', async () => {
    expect((await api.get('/rankings')).json).toEqual({ by: 'market_cap', source: null, data: [] });
    const refused = await api.get('/rankings?by=age');
    expect([refused.status, JSON.stringify(refused.json)]).toEqual([
      400,
      expect.stringContaining('volume or market_cap'),
    ]);
    expect((await api.get('/rankings?limit=1001')).status).toBe(400);
  });
});

describe('GET /data with 20,000 assets', () => {
  it('reads a page in the order of an index', async () => {
    await database.pool.query(
      `INSERT INTO assets (source, asset_id, symbol, name, market_cap, updated_at)
       SELECT 'coingecko', 'id' || n, 'S_' || n, 'name', n, now() FROM generate_series(1, 20000) n`,
    );
    await database.pool.query('ANALYZE assets');
    const { rows } = await database.pool.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN SELECT * FROM crypto_market_data ORDER BY source, market_cap DESC NULLS LAST, asset_id LIMIT 50`,
    );
    expect(rows.map((row) => row['QUERY PLAN']).join()).toContain('assets_by_size');
    expect((await api.get('/data?symbol=S_1999&page=1')).json).toMatchObject({ total: 11, data: { length: 11 } });
  });
});
