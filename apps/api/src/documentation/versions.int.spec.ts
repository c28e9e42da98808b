import { GOOD_BODY, openExplainedPast, sha256, type ExplainedPast } from '../../../../test/builders/explained-past.js';

let past: ExplainedPast;

beforeAll(async () => {
  past = await openExplainedPast();
}, 60_000);
afterAll(() => past.close());

describe('the routes under /v1', () => {
  it.each([
    ['prices', () => '/prices?ticker=btc_usd'],
    ['latest', () => '/prices/latest?ticker=btc_usd'],
    ['explain', () => `/prices/explain?ticker=sol_usd&timestamp=${past.slots.good}`],
    ['gaps', () => `/gaps?ticker=btc_usd&to=${past.slots.long}`],
    ['tickers', () => '/tickers'],
    ['the last samples', () => '/latest'],
    ['payloads', () => `/payloads/${sha256(GOOD_BODY)}`],
    ['health', () => '/health'],
    ['a wrong parameter', () => '/prices?ticker=btc_usd&from=yesterday'],
    ['an unknown ticker', () => '/gaps?ticker=btc_eur'],
    ['an unknown body', () => `/payloads/${sha256('nothing')}`],
  ])('answer %s as without it, with links and instance under /v1', async (_what, pathOf) => {
    const path = pathOf();
    const [plain, versioned] = [await past.api.get(path), await past.api.get(`/v1${path}`)];
    expect(versioned.status).toBe(plain.status);
    expect(versioned.headers.get('content-type')).toBe(plain.headers.get('content-type'));
    expect(lasting(versioned.text)).toBe(
      lasting(plain.text).replaceAll(/"(link|explain|instance)":"\//g, '"$1":"/v1/'),
    );
  });

  it('give links that lead on', async () => {
    const { json } = await past.api.get(`/v1/prices/explain?ticker=sol_usd&timestamp=${past.slots.good}`);
    const [sample] = json.samples.filter((one: { rate_price: unknown }) => one.rate_price !== null);
    expect(sample.rate_price.explain).toMatch(/^\/v1\/prices\/explain\?/);
    expect(await past.api.get(sample.rate_price.explain)).toMatchObject({ status: 200, json: { state: 'stored' } });
    expect(sample.fetch.payload.link).toMatch(/^\/v1\/payloads\//);
    expect((await past.api.get(sample.fetch.payload.link)).status).toBe(200);
  });

  it('share their cursors with those without it', async () => {
    const { json: all } = await past.api.get('/prices?ticker=btc_usd');
    const { json: first } = await past.api.get('/v1/prices?ticker=btc_usd&limit=1');
    const { json: rest } = await past.api.get(`/prices?ticker=btc_usd&cursor=${first.next}`);
    expect([...first.data, ...rest.data]).toEqual(all.data);
  });

  it('answer HEAD, and no method that changes something', async () => {
    expect(await past.api.get('/v1/tickers', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
    expect(await past.api.get('/v1/tickers', { method: 'POST' })).toMatchObject({ status: 405 });
  });

  it.each(['', '/', '/livez', '/readyz', '/metrics', '/docs', '/openapi.json', '/v1/prices', '/nothing'])(
    'do not hold %s',
    async (path) => {
      expect(await past.api.get(`/v1${path}`)).toMatchObject({ status: 404, json: { instance: `/v1${path}` } });
    },
  );
});

/** What is the same however late it is asked. */
function lasting(text: string): string {
  return text
    .replaceAll(/"(age_seconds|latency_ms|responseTime|offset_ms)":-?[\d.]+/g, '"$1":0')
    .replace(/"(timestamp|request_id)":"[^"]+"/, '"$1":""');
}
