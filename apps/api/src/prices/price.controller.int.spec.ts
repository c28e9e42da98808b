import fc from 'fast-check';
import { encodeCursor } from '../http/cursor.js';
import { serveReadyApi, type ServedApi } from '../../../../test/builders/served-api.js';
import { storePrices, storeSchedules } from '../../../../test/builders/stored-prices.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';

const SLOT = 1_766_016_000;

let database: TestDatabase;
let api: ServedApi;
let nowMs = (SLOT + 300) * 1000;

beforeAll(async () => {
  database = await createTestDatabase();
  await storeSchedules(database.pool, 'btc_usd', [{ fromSlot: SLOT, intervalSeconds: 60 }]);
  await storeSchedules(database.pool, 'eth_usd', [{ fromSlot: SLOT, toSlot: SLOT + 600, intervalSeconds: 5 }]);
  await storeSchedules(database.pool, 'new_usd', [{ fromSlot: SLOT, intervalSeconds: 60 }]);
  await storeSchedules(database.pool, 'never_usd', [{ fromSlot: SLOT, toSlot: SLOT, intervalSeconds: 60 }]);
  await storeSchedules(database.pool, 'later_usd', [
    { fromSlot: SLOT, toSlot: SLOT, intervalSeconds: 3_600 },
    { fromSlot: SLOT + 60, intervalSeconds: 60 },
  ]);
  await storePrices(database.pool, 'btc_usd', [
    { slot: SLOT, price: '87123.45', observedAt: SLOT + 0.412 },
    { slot: SLOT + 60, price: '87000.10', observedAt: SLOT + 61, sourceId: 2 },
    { slot: SLOT + 120, price: '1234567890123456789012345678901.234567890' },
    { slot: SLOT + 180, price: '0.000000015000' },
    { slot: SLOT + 240, price: '9007199254740993' },
  ]);
  await storePrices(database.pool, 'eth_usd', [{ slot: SLOT, price: '3000', observedAt: SLOT + 290 }]);
  api = await serveReadyApi(database.readerUrl, { now: () => nowMs });
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

const slotsOf = (json: { data: { timestamp: number }[] }) => json.data.map(({ timestamp }) => timestamp - SLOT);

describe('GET /prices', () => {
  it('gives every stored price, oldest first, with exactly the stored digits', async () => {
    const answer = await api.get('/prices?ticker=btc_usd');
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(answer.text).toBe(
      `{"ticker":"btc_usd","data":[` +
        `{"timestamp":${SLOT},"price":"87123.45","source":"deribit","observed_at":${SLOT}.412},` +
        `{"timestamp":${SLOT + 60},"price":"87000.10","source":"coingecko","observed_at":${SLOT + 61}},` +
        `{"timestamp":${SLOT + 120},"price":"1234567890123456789012345678901.234567890","source":"deribit","observed_at":${SLOT + 120}.25},` +
        `{"timestamp":${SLOT + 180},"price":"0.000000015000","source":"deribit","observed_at":${SLOT + 180}.25},` +
        `{"timestamp":${SLOT + 240},"price":"9007199254740993","source":"deribit","observed_at":${SLOT + 240}.25}],"next":null}`,
    );
  });

  it.each([
    [`from=${SLOT + 60}`, [60, 120, 180, 240]],
    [`from=${SLOT + 61}`, [120, 180, 240]],
    [`to=${SLOT + 120}`, [0, 60]],
    [`from=${SLOT + 60}&to=${SLOT + 180}`, [60, 120]],
    [`from=${SLOT}&to=${SLOT}`, []],
    [`to=${SLOT}`, []],
    [`from=9999999999`, []],
    [`order=desc`, [240, 180, 120, 60, 0]],
    [`order=desc&limit=2`, [240, 180]],
    [`from=${SLOT + 60}&order=desc&to=${SLOT + 180}`, [120, 60]],
  ])('reads the range of %s', async (query, slots) => {
    expect(slotsOf((await api.get(`/prices?ticker=btc_usd&${query}`)).json)).toEqual(slots);
  });

  it('gives a cursor exactly when more is left', async () => {
    expect((await api.get('/prices?ticker=btc_usd&limit=5')).json.next).toBeNull();
    expect((await api.get('/prices?ticker=btc_usd&limit=4')).json.next).toEqual(expect.any(String));
    expect((await api.get('/prices?ticker=new_usd&limit=1')).json).toEqual({ ticker: 'new_usd', data: [], next: null });
  });

  it('goes through any range in any pages without losing or doubling a price', async () => {
    const ticker = 'page_usd';
    await storeSchedules(database.pool, ticker, [{ fromSlot: SLOT, intervalSeconds: 1 }]);
    const stored = fc.sample(fc.uniqueArray(fc.nat(500), { minLength: 200, maxLength: 200 }), 1)[0] ?? [];
    await storePrices(
      database.pool,
      ticker,
      stored.map((offset) => ({ slot: SLOT + offset, price: String(offset + 1) })),
    );
    // Later than any list of tickers that was read before, in whatever order the tests come.
    nowMs += 60_000;
    const instant = fc.option(fc.integer({ min: -20, max: 520 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(
        instant,
        instant,
        fc.boolean(),
        fc.integer({ min: 1, max: 90 }),
        fc.constantFrom('alone', 'repeated', 'written another way'),
        async (one, other, descending, limit, how) => {
          const [from, to] = one !== undefined && other !== undefined && one > other ? [other, one] : [one, other];
          const range =
            (from === undefined ? '' : `&from=${SLOT + from}`) + (to === undefined ? '' : `&to=${SLOT + to}`);
          const limited = `/prices?limit=${limit}`;
          const asked = `${limited}&ticker=${ticker}${descending ? '&order=desc' : ''}${range}`;
          const again = how === 'repeated' ? asked : writtenAnotherWay(asked);
          const found: number[] = [];
          for (let next: string | null = ''; next !== null;) {
            const rest: string = `${how === 'alone' ? limited : again}&cursor=${next}`;
            const page = await api.get(next === '' ? asked : rest);
            expect(page.status).toBe(200);
            expect(page.json.data.length).toBeLessThanOrEqual(limit);
            found.push(...slotsOf(page.json));
            next = page.json.next as string | null;
          }
          const expected = stored
            .filter((offset) => offset >= (from ?? -Infinity) && offset < (to ?? Infinity))
            .sort((left, right) => (descending ? right - left : left - right));
          expect(found).toEqual(expected);
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([
    [
      'ticker=ETH/USD',
      'ticker',
      'is ETH/USD (eth_usd), and the cursor goes on with btc_usd: leave ticker out to go on',
    ],
    ['ticker=nope_usd', 'ticker', 'is nope_usd, and the cursor goes on with btc_usd'],
    ['order=desc', 'order', 'is desc, and the cursor goes on with asc: leave order out to go on, or the cursor to ask'],
    ['from=1', 'from', `is 1, and the cursor goes on with ${SLOT}`],
    ['from=2025-12-19', 'from', `is 2025-12-19 (1766102400), and the cursor goes on with ${SLOT}`],
    [`to=${SLOT + 60}`, 'to', `is ${SLOT + 60}, and the cursor goes on without to`],
  ])('says of a cursor beside %s that they contradict each other', async (beside, parameter, detail) => {
    const { json } = await api.get(`/prices?ticker=btc_usd&from=${SLOT}&limit=1`);
    const answer = await api.get(`/prices?${beside}&limit=1&cursor=${json.next}`);
    expect(answer.status).toBe(400);
    expect(answer.json.errors).toEqual([{ parameter, detail: expect.stringContaining(detail) }]);
  });

  it('names every contradiction at once', async () => {
    const { json } = await api.get('/prices?ticker=btc_usd&limit=1');
    const answer = await api.get(`/prices?ticker=eth_usd&order=desc&from=1&limit=0&cursor=${json.next}`);
    const wrong = answer.json.errors.map((error: { parameter: string }) => error.parameter);
    expect(wrong).toEqual(['limit', 'ticker', 'order', 'from']);
  });

  it('goes on newest first with the cursor alone, by another limit', async () => {
    const { json: all } = await api.get('/prices?ticker=btc_usd&order=desc');
    const { json: first } = await api.get('/prices?ticker=btc_usd&order=desc&limit=1');
    const { json: second } = await api.get(`/prices?cursor=${first.next}&limit=2`);
    const { json: rest } = await api.get(`/prices?cursor=${second.next}`);
    expect([...first.data, ...second.data, ...rest.data]).toEqual(all.data);
    expect([second.ticker, rest.next]).toEqual(['btc_usd', null]);
  });

  it('sends a cursor to the route that it comes from', async () => {
    const { json } = await api.get('/prices?ticker=btc_usd&limit=1');
    expect(await api.get(`/gaps?cursor=${json.next}`)).toMatchObject({
      status: 400,
      json: {
        errors: [
          { parameter: 'cursor', detail: 'goes on with an answer of /prices, and this is /gaps: give it there' },
        ],
      },
    });
  });

  it.each([
    ['of a build before', [1, 0, 'prices', 'btc_usd', 'asc']],
    ['of an order that is none', [1, 0, 'prices', 'btc_usd', 'up', null, null]],
    ['with a time that is none', [1, 0, 'prices', 'btc_usd', 'asc', -1, null]],
    ['without a ticker', [1, 0, 'prices', null, 'asc', null, null]],
    ['of another version', [2, 0, 'prices', 'btc_usd', 'asc', null, null]],
  ])('refuses a cursor %s', async (_what, content) => {
    const text = Buffer.from(JSON.stringify(content)).toString('base64url');
    expect(await api.get(`/prices?cursor=${text}`)).toMatchObject({
      status: 400,
      json: { errors: [{ parameter: 'cursor', detail: expect.stringContaining('is not a cursor') }] },
    });
  });

  it('knows no ticker of a cursor that is gone', async () => {
    const text = encodeCursor({ key: ['prices', 'gone_usd', 'asc', null, null], position: 0 });
    expect(await api.get(`/prices?cursor=${text}`)).toMatchObject({ status: 404 });
  });

  it.each([
    ['2025-12-18', '2025-12-18T00:02:00Z', 2],
    ['2025-12-18T00:00:00.000Z', '2025-12-18T00:02:00.000Z', 2],
    ['2025-12-18T02:00:00+02:00', '2025-12-18T02:02:00%2B02:00', 2],
    ['2025-12-18T00:00:00.001', '2025-12-18T00:02:00.001', 2],
    ['2025-12-17', '2025-12-18', 0],
  ])('takes from %s to %s', async (from, to, count) => {
    const { status, json } = await api.get(`/prices?ticker=btc_usd&from=${from}&to=${to}`);
    expect([status, json.data?.length]).toEqual([200, count]);
  });

  it('answers HEAD without a body', async () => {
    const answer = await api.get('/prices?ticker=btc_usd', { method: 'HEAD' });
    expect([answer.status, answer.text]).toEqual([200, '']);
  });
});

describe('GET /prices/latest', () => {
  it('gives the newest price with its age', async () => {
    nowMs = (SLOT + 300) * 1000;
    expect((await api.get('/prices/latest?ticker=btc_usd')).json).toEqual({
      ticker: 'btc_usd',
      timestamp: SLOT + 240,
      price: '9007199254740993',
      source: 'deribit',
      observed_at: SLOT + 240.25,
      flags: [],
      consensus: null,
      age_seconds: 59.75,
      stale: false,
    });
  });

  it('calls it stale when it is older than twice the interval, of a disabled ticker too', async () => {
    nowMs = (SLOT + 300) * 1000;
    expect((await api.get('/prices/latest?ticker=eth_usd')).json).toMatchObject({ age_seconds: 10, stale: false });
    nowMs += 1;
    expect((await api.get('/prices/latest?ticker=eth_usd')).json).toMatchObject({ age_seconds: 10.001, stale: true });
  });

  it('is not found for a known ticker without a price', async () => {
    const answer = await api.get('/prices/latest?ticker=new_usd');
    expect([answer.status, answer.json.type]).toEqual([404, 'urn:tidemark:problem:no-price-yet']);
  });

  it('asks the database far less often than it is asked', async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, () => api.get('/prices/latest?ticker=btc_usd')));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
  });
});

describe('GET /tickers', () => {
  it('lists tickers by name with how they are sampled', async () => {
    nowMs += 2_000;
    const { json } = await api.get('/tickers');
    expect(json.tickers[0]).toEqual({
      ticker: 'btc_usd',
      base: 'btc',
      quote: 'usd',
      enabled: true,
      interval_seconds: 60,
      rule: 'priority',
      sources: ['deribit', 'coingecko'],
      first_slot: SLOT,
      last_slot: SLOT + 240,
      last_price: '9007199254740993',
    });
    expect(json.tickers).toContainEqual(expect.objectContaining({ ticker: 'eth_usd', enabled: false }));
    expect(json.tickers).toContainEqual(
      expect.objectContaining({ ticker: 'new_usd', last_slot: null, last_price: null }),
    );
    expect(json.tickers).toContainEqual(expect.objectContaining({ ticker: 'never_usd', first_slot: null }));
    expect(json.tickers).toContainEqual(expect.objectContaining({ ticker: 'later_usd', first_slot: SLOT + 60 }));
  });
});

/** The same question in other words: the ticker in capitals with a slash, times of ISO 8601. */
function writtenAnotherWay(path: string): string {
  return path
    .replace(/ticker=(\w+)_(\w+)/, (_all, base: string, quote: string) => `ticker=${base.toUpperCase()}/${quote}`)
    .replaceAll(/(from|to)=(\d+)/g, (_all, name: string, seconds: string) => {
      return `${name}=${new Date(Number(seconds) * 1000).toISOString()}`;
    });
}
