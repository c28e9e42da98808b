import fc from 'fast-check';
import { serveReadyApi, type ServedApi } from '../../../../test/builders/served-api.js';
import { storeSchedules } from '../../../../test/builders/stored-prices.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';

let database: TestDatabase;
let api: ServedApi;

beforeAll(async () => {
  database = await createTestDatabase();
  await storeSchedules(database.pool, 'btc_usd', [{ fromSlot: 1_766_016_000, intervalSeconds: 60 }]);
  await storeSchedules(database.pool, 'eth_usd', [{ fromSlot: 1_766_016_000, intervalSeconds: 60 }]);
  api = await serveReadyApi(database.readerUrl);
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

const good = '/prices?ticker=btc_usd';
const thousand = 'a'.repeat(1_000);

describe('wrong input', () => {
  it.each([
    ['/prices', 'ticker', 'missing'],
    ['/prices?ticker=', 'ticker', 'empty'],
    ['/prices?ticker=btc_usd&ticker=btc_usd', 'ticker', '2 times'],
    [`/prices?ticker=${thousand}`, 'ticker', 'too long'],
    ['/prices?ticker=btc%00usd', 'ticker', 'cannot be seen'],
    ['/prices?ticker=btc%E2%80%AEusd', 'ticker', 'cannot be seen'],
    ['/prices?ticker=btc%20usd', 'ticker', 'spaces'],
    [`${good}&from=1766016000000`, 'from', 'milliseconds? divide by 1000: 1766016000'],
    [`${good}&to=1766016000000000`, 'to', 'microseconds? divide by 1000000: 1766016000'],
    [`${good}&from=1766016000000000000`, 'from', 'nanoseconds?'],
    [`${good}&from=yesterday`, 'from', 'neither unix seconds nor a time'],
    [`${good}&from=2026-02-30`, 'from', 'no time that there is'],
    [`${good}&from=2025-12-18T25:00:00Z`, 'from', 'no time that there is'],
    [`${good}&to=1969-12-31`, 'to', 'before 1970'],
    [`${good}&from=2025-12-19&to=2025-12-18`, 'from', 'is after to'],
    ['/prices/explain?ticker=btc_usd&timestamp=1766016000000', 'timestamp', 'milliseconds? divide by 1000: 1766016000'],
    ['/prices/explain?ticker=btc_usd&timestamp=2026-02-30', 'timestamp', 'no time that there is'],
    [`${good}&from=-5`, 'from', 'negative'],
    [`${good}&from=5.5`, 'from', 'fraction'],
    [`${good}&from=1e9`, 'from', 'neither unix seconds nor a time'],
    [`${good}&from=0x10`, 'from', 'neither unix seconds nor a time'],
    [`${good}&from=NaN`, 'from', 'neither unix seconds nor a time'],
    [`${good}&from=%D9%A1%D9%A2`, 'from', 'neither unix seconds nor a time'],
    [`${good}&from=`, 'from', 'empty'],
    [`${good}&from=10000000000`, 'from', 'at most'],
    [`${good}&from=${'9'.repeat(60)}`, 'from', 'at most'],
    [`${good}&from=1${thousand}`, 'from', 'too long'],
    [`${good}&from=20&to=10`, 'from', 'after to 10'],
    [`${good}&limit=0`, 'limit', '1 to'],
    [`${good}&limit=-1`, 'limit', '1 to'],
    [`${good}&limit=1000001`, 'limit', '1 to'],
    [`${good}&limit=ten`, 'limit', '1 to'],
    [`${good}&order=up`, 'order', 'asc'],
    [`${good}&cursor=x`, 'cursor', 'not a cursor'],
    [`${good}&cursor=%00`, 'cursor', 'not a cursor'],
    [`${good}&cursor=${thousand}`, 'cursor', 'too long'],
    [`${good}&form=5`, 'form', 'did you mean from'],
    [`${good}&__proto__=5`, '__proto__', 'not a parameter'],
    [`${good}&constructor=5`, 'constructor', 'not a parameter'],
    ['/prices?cursor=x', 'cursor', 'not a cursor'],
    ['/gaps?limit=5', 'ticker', 'missing'],
    ['/prices/latest?ticker=btc_usd&from=5', 'from', 'not a parameter'],
    ['/tickers?ticker=btc_usd', 'ticker', 'not a parameter'],
    ['/gaps?ticker=btc_usd&limit=10001', 'limit', '1 to 10000'],
    ['/gaps?ticker=btc_usd&order=asc', 'order', 'not a parameter'],
  ])('%s is answered that %s is wrong', async (path, parameter, detail) => {
    const { status, headers, json } = await api.get(path);
    expect(status).toBe(400);
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(json).toMatchObject({
      type: expect.any(String),
      title: expect.any(String),
      status: 400,
      detail: expect.any(String),
    });
    expect(json.request_id).toBe(headers.get('x-request-id'));
    expect(json.errors).toHaveLength(1);
    expect(json.errors[0].parameter).toBe(parameter);
    expect(json.errors[0].detail.toLowerCase()).toContain(detail);
  });

  it('names every wrong parameter at once, the unknown ticker too', async () => {
    const { status, json } = await api.get('/prices?ticker=btc_usdt&from=x&to=-1&limit=0&order=1&cursor=!&foo=1');
    expect(status).toBe(400);
    expect(json.errors.map((error: { parameter: string }) => error.parameter).sort()).toEqual([
      'cursor',
      'foo',
      'from',
      'limit',
      'order',
      'ticker',
      'to',
    ]);
  });

  it.each([
    ['btc_usdt', 'btc_usd'],
    ['BTC/USDT', 'btc_usdt is not known: did you mean btc_usd or'],
    ['eth-usdt', 'eth_usdt is not known: did you mean eth_usd'],
    ['usd-coin-usd', 'has 2 hyphens'],
    ['b-tc-usd', 'write b-tc_usd or b_tc-usd; did you mean btc_usd'],
    [
      'dogecoin',
      'dogecoin is no ticker: write base and quote as in btc_usd, BTC/USD or BTC-USD; the nearest are btc_usd',
    ],
    ['%E0%A4%A', 'btc_usd'],
    ["btc_usd'--", 'btc_usd'],
  ])('ticker %s alone is not found, with the nearest names', async (ticker, nearest) => {
    for (const route of ['/prices', '/prices/latest', '/gaps']) {
      const { status, json } = await api.get(`${route}?ticker=${ticker}`);
      expect([status, json.type]).toEqual([404, 'urn:tidemark:problem:unknown-ticker']);
      expect(json.errors[0]).toMatchObject({ parameter: 'ticker', detail: expect.stringContaining(nearest) });
    }
  });

  it.each(['btc_usd', 'BTC_USD', 'BTC/USD', 'BTC%2FUSD', 'btc-usd', 'Btc-Usd'])(
    'ticker %s is btc_usd',
    async (written) => {
      for (const route of ['/prices', '/gaps', '/prices/explain']) {
        const { status, json } = await api.get(`${route}?ticker=${written}`);
        expect([status, json.ticker]).toEqual([200, 'btc_usd']);
      }
    },
  );

  it('whatever it is, it is never the fault of the API', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc.constantFrom('btc_usd', '1766016000', 'asc', '%', '%zz'),
    );
    const name = fc.oneof(fc.constantFrom('ticker', 'from', 'to', 'limit', 'order', 'cursor'), fc.string());
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('/prices', '/prices/latest', '/latest', '/gaps', '/tickers', '/', '/nothing'),
        fc.array(fc.tuple(name, text), { maxLength: 6 }),
        fc.boolean(),
        async (route, pairs, raw) => {
          const query = pairs.map(([key, value]) =>
            raw
              ? `${key}=${value}`.replace(/[^!-~]|#/gu, '')
              : new URLSearchParams([[key, value.toWellFormed()]]).toString(),
          );
          const { status } = await api.get(`${route}?${query.join('&')}`);
          expect(status).toBeLessThan(500);
        },
      ),
      { numRuns: 300 },
    );
    expect(api.book.of('request_failed')).toEqual([]);
  });
});

describe('other requests', () => {
  it('for an unknown path are not found', async () => {
    const { status, headers, json } = await api.get('/nothing?x=1');
    expect([status, json.status, json.instance]).toEqual([404, 404, '/nothing']);
    expect(headers.get('content-type')).toContain('application/problem+json');
  });

  it('with broken percent-encoding in the path are refused', async () => {
    const { status, json, headers } = await api.get('/%E0%A4%A');
    expect([status, json.status]).toEqual([400, 400]);
    expect(headers.get('x-request-id')).toBe(json.request_id);
  });

  it('beyond 16 kB are refused', async () => {
    const { status, json } = await api.get(`/prices?ticker=${'a'.repeat(20_000)}`);
    expect([status, json.status]).toEqual([431, 431]);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('by %s are refused: this API only reads', async (method) => {
    const { status, headers, json } = await api.get('/prices?ticker=btc_usd', { method });
    expect([status, headers.get('allow'), json.status]).toEqual([405, 'GET, HEAD', 405]);
  });

  it('keep a good request id and get one otherwise', async () => {
    const given = await api.get('/livez', { headers: { 'x-request-id': 'trace-1:abc' } });
    expect(given.headers.get('x-request-id')).toBe('trace-1:abc');
    for (const bad of ['', 'with spaces', 'x'.repeat(101)]) {
      const { headers } = await api.get('/livez', { headers: { 'x-request-id': bad } });
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });
});

describe('pages and metrics', () => {
  it('serves the page, the documentation and its document', async () => {
    const home = await api.get('/');
    expect(home.text).toContain('Simulated prices');
    expect(home.headers.get('content-security-policy')).toContain("default-src 'self'");
    const docs = (await api.get('/docs')).text;
    expect(docs).toContain('swagger-ui');
    expect(docs).toContain('@media (max-width: 640px)');
    expect((await api.get('/docs/swagger-ui-bundle.js')).status).toBe(200);
    expect((await api.get('/openapi.json')).json.paths).toHaveProperty('/prices');
  });

  it('shows the address by which a visitor reached the proxy in front', async () => {
    const proxied = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'prices.example.com' };
    const { text } = await api.get('/', { headers: proxied });
    expect(text).toContain('https://prices.example.com/prices?');
  });

  it('measures requests by route template, whatever was asked for', async () => {
    await api.get('/some-random-path');
    await api.get('/prices/latest?ticker=btc_usd');
    await api.get('/prices', { method: 'DELETE' });
    const { text } = await api.get('/metrics');
    expect(text).toMatch(
      /tidemark_http_request_duration_seconds_count\{method="GET",route="\/prices\/latest",status="404"\} \d/,
    );
    expect(text).toContain('route="unmatched"');
    expect(text).toContain('method="other"');
    expect(text).not.toContain('some-random-path');
    expect(text).toContain('tidemark_database_connections ');
    expect(text).toContain('process_resident_memory_bytes');
  });
});
