import { PayloadRepository } from '@app/storage';
import { GOOD_BODY, openExplainedPast, sha256, type ExplainedPast } from '../../../../test/builders/explained-past.js';

let past: ExplainedPast;
let slots: ExplainedPast['slots'];

beforeAll(async () => {
  past = await openExplainedPast();
  ({ slots } = past);
}, 60_000);
afterAll(() => past.close());

describe('flags and consensus in the other answers', () => {
  it('stand in the newest price', async () => {
    expect((await past.api.get('/prices/latest?ticker=sol_usd')).json).toMatchObject({
      flags: ['derived'],
      consensus: null,
    });
    expect((await past.api.get('/prices/latest?ticker=eth_usd')).json).toMatchObject({
      source: 'median',
      consensus: { sources: 2, used: ['coingecko', 'deribit'] },
    });
  });

  it('stand in a range where there are any', async () => {
    const sol = await past.api.get(`/prices?ticker=sol_usd&to=${slots.good + 1}`);
    expect(sol.text).toContain('"observed_at":');
    expect(sol.json.data).toMatchObject([{ price: '199.96', flags: ['derived'] }]);
    await past.fixture.database.pool.query('UPDATE prices SET flags = 7 WHERE slot = $1', [slots.long]);
    const last = await past.api.get(`/prices?ticker=sol_usd&order=desc&limit=1`);
    expect(last.json.data[0].flags).toEqual(['derived', 'mapped', 'at_par']);
    await past.fixture.database.pool.query('UPDATE prices SET flags = 0 WHERE slot = $1', [slots.bad]);
    const plain = await past.api.get(`/prices?ticker=btc_usd&from=${slots.bad}&to=${slots.bad + 1}`);
    expect(plain.json.data[0]).not.toHaveProperty('flags');
  });
});

describe('GET /payloads/{sha256}', () => {
  const body = GOOD_BODY;

  it('gives a body as it came, as text that nobody takes for a page', async () => {
    const { status, headers, text } = await past.api.get(`/payloads/${sha256(body)}`);
    expect(status).toBe(200);
    expect(text).toBe(body);
    expect(headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
  });

  it('answers HEAD without the body', async () => {
    const { status, text } = await past.api.get(`/payloads/${sha256(body)}`, { method: 'HEAD' });
    expect([status, text]).toEqual([200, '']);
  });

  it('says 404 for a body that is not kept', async () => {
    const { status, json } = await past.api.get(`/payloads/${sha256('nothing')}`);
    expect(status).toBe(404);
    expect(json).toMatchObject({
      type: 'urn:tidemark:problem:unknown-payload',
      instance: `/payloads/${sha256('nothing')}`,
    });
  });

  it.each(['abc', sha256(body).toUpperCase(), `${sha256(body)}0`, '..%2f..%2fetc%2fpasswd'])(
    'says 400 for %s',
    async (name) => {
      const { status, json } = await past.api.get(`/payloads/${name}`);
      expect(status).toBe(400);
      expect(json.errors).toMatchObject([{ parameter: 'sha256' }]);
    },
  );

  it('says 400 for a parameter', async () => {
    expect((await past.api.get(`/payloads/${sha256(body)}?format=json`)).status).toBe(400);
  });
});

describe('a body that is not there', () => {
  const explainGood = async () => (await past.api.get(`/prices/explain?ticker=btc_usd&timestamp=${slots.good}`)).json;
  let changes: () => Promise<unknown>;

  beforeEach(async () => {
    const { pool } = past.fixture.database;
    await pool.query(
      'CREATE TABLE kept_payloads AS SELECT * FROM payloads; CREATE TABLE kept_days AS SELECT * FROM payload_days',
    );
    changes = () =>
      pool.query(
        `DELETE FROM payloads; DELETE FROM payload_days; INSERT INTO payloads SELECT * FROM kept_payloads; INSERT INTO payload_days SELECT * FROM kept_days;
         DROP TABLE kept_payloads, kept_days`,
      );
  });
  afterEach(() => changes());

  it.each([
    ['past_retention', `UPDATE payload_days SET dropped_at = now()`],
    ['over_daily_limit', `UPDATE payload_days SET refused = 1`],
    ['none_kept_that_day', `DELETE FROM payload_days`],
    ['lost', `UPDATE payload_days SET refused = 0`],
  ])('says why: %s', async (reason, statement) => {
    await past.fixture.database.pool.query(`DELETE FROM payloads; ${statement}`);
    const { payload } = (await explainGood()).samples[0].fetch;
    expect(payload).toEqual({
      sha256: sha256(GOOD_BODY),
      kept: false,
      not_kept_because: reason,
      bytes: null,
      body: null,
      link: null,
    });
  });

  it('says so when its retention ends', async () => {
    const tomorrow = new Date((slots.good + 2 * 86_400) * 1000).toISOString().slice(0, 10);
    await new PayloadRepository(past.fixture.database.pool).drop(tomorrow, 1_000);
    expect((await explainGood()).samples[0].fetch.payload).toMatchObject({
      not_kept_because: 'past_retention',
    });
  });
});
