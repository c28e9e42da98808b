import { serveReadyApi, type ServedApi } from '../../../../test/builders/served-api.js';
import { storePrices, storeSchedules } from '../../../../test/builders/stored-prices.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';

const SLOT = 1_766_016_000;

let database: TestDatabase;
let api: ServedApi;
let now: number;

beforeAll(async () => {
  database = await createTestDatabase();
  await storeSchedules(database.pool, 'btc_usd', [
    { fromSlot: SLOT, toSlot: SLOT + 200, intervalSeconds: 5 },
    { fromSlot: SLOT + 240, intervalSeconds: 60 },
  ]);
  await storeSchedules(database.pool, 'old_usd', [{ fromSlot: SLOT, toSlot: SLOT + 122, intervalSeconds: 5 }]);
  await storeSchedules(database.pool, 'new_usd', [{ fromSlot: SLOT + 600, intervalSeconds: 60 }]);
  await storePrices(database.pool, 'btc_usd', [{ slot: SLOT + 300, price: '87123.45' }]);
  api = await serveReadyApi(database.readerUrl, { now: () => now * 1000 });
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

describe('GET /prices/explain without a timestamp', () => {
  it.each([
    ['the slot with the newest price, before its grace is over', 'btc_usd', 301, 300, 'stored'],
    ['the newest slot that is past its grace, when it has no price', 'btc_usd', 1_000, 960, 'missing'],
    ['the last slot of a ticker that is no longer sampled', 'old_usd', 100_000, 120, 'missing'],
    ['the first slot, while none is decided', 'new_usd', 601, 600, 'waiting'],
  ])('explains %s', async (_what, ticker, second, slot, state) => {
    now = SLOT + second;
    const { status, json } = await api.get(`/prices/explain?ticker=${ticker}`);
    expect([status, json]).toEqual([
      200,
      expect.objectContaining({ ticker, slot: SLOT + slot, timestamp: SLOT + slot, state }),
    ]);
  });

  it('takes a time of ISO 8601 besides, a fraction of a second too', async () => {
    now = SLOT + 1_000;
    const { json } = await api.get('/prices/explain?ticker=BTC/USD&timestamp=2025-12-18T00:05:59.999Z');
    expect(json).toMatchObject({ ticker: 'btc_usd', timestamp: SLOT + 359, slot: SLOT + 300, state: 'stored' });
  });
});
