import { serveReadyApi, type ServedApi } from '../../../../test/builders/served-api.js';
import { storePrices, storeSchedules } from '../../../../test/builders/stored-prices.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';

const NOW_S = 1_766_019_600;

let database: TestDatabase;
let api: ServedApi;
let nowMs = NOW_S * 1000;

beforeAll(async () => {
  database = await createTestDatabase();
  for (const ticker of ['btc_usd', 'eth_usd', 'new_usd'])
    await storeSchedules(database.pool, ticker, [{ fromSlot: NOW_S - 6_000, intervalSeconds: 60 }]);
  await storePrices(
    database.pool,
    'btc_usd',
    Array.from({ length: 100 }, (_, minute) => NOW_S - (100 - minute) * 60)
      .filter((slot) => slot !== NOW_S - 1_200)
      .map((slot, at) => ({ slot, price: `${80_000 + at}.0100` })),
  );
  api = await serveReadyApi(database.readerUrl, { now: () => nowMs });
}, 60_000);
afterAll(async () => {
  await api.close();
  await database.drop();
});

describe('the home page of stored prices', () => {
  it('shows the newest price to the digit, the change of the hour and a line that breaks where a minute is missing', async () => {
    nowMs += 10_000;
    const { text, headers } = await api.get('/');
    expect(headers.get('content-security-policy')).toContain("script-src 'self';");
    expect(text).toContain('<td class="number price">80098.0100</td>');
    expect(text).toMatch(/title="since 00:01:00 UTC, from 80041\.0100">\+0\.07 %/);
    expect(/<path d="([^"]*)"/.exec(text)?.[1]?.match(/M/g)).toHaveLength(2);
    expect(text).toContain('new_usd');
    expect(text).toContain('none yet');
  });

  it('is read once a second, however many have it open, and shows what came since', async () => {
    nowMs += 10_000;
    expect((await api.get('/')).text).not.toContain('3000.5');
    await storePrices(database.pool, 'eth_usd', [{ slot: NOW_S, price: '3000.5', observedAt: NOW_S + 0.5 }]);
    expect((await api.get('/')).text).not.toContain('3000.5');
    nowMs += 1_001;
    expect((await api.get('/')).text).toContain('3000.5');
  });

  it('does not call a fault of its own a database that is away', async () => {
    nowMs += 10_000;
    await database.pool.query('ALTER TABLE latest RENAME COLUMN price TO other');
    try {
      expect((await api.get('/')).status).toBe(500);
    } finally {
      await database.pool.query('ALTER TABLE latest RENAME COLUMN other TO price');
    }
  });

  it('runs a script that stands in a file of its own', async () => {
    const { status, headers, text } = await api.get('/home.js');
    expect([status, headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8']);
    expect(text).toContain('DOMParser');
  });
});
