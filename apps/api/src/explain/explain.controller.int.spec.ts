import { parserVersionOf } from '@app/sources';
import { AttemptRepository } from '@app/storage';
import {
  GOOD_BODY,
  LONG,
  openExplainedPast,
  sha256,
  type ExplainedPast,
} from '../../../../test/builders/explained-past.js';
import { deribitBody } from '../../../../test/support/fetch-fixture.js';

let past: ExplainedPast;
let SLOT: number;
let slots: ExplainedPast['slots'];

beforeAll(async () => {
  past = await openExplainedPast();
  ({ slots } = past);
  SLOT = slots.good;
}, 60_000);
afterAll(() => past.close());

async function explain(ticker: string, timestamp: number) {
  const { status, json } = await past.api.get(`/prices/explain?ticker=${ticker}&timestamp=${timestamp}`);
  expect(status).toBe(200);
  return json;
}

describe('GET /prices/explain', () => {
  it('leads from a price to the answer that it was read from', async () => {
    const json = await explain('btc_usd', SLOT);
    const body = GOOD_BODY;
    expect(json).toMatchObject({
      ticker: 'btc_usd',
      timestamp: SLOT,
      slot: SLOT,
      state: 'stored',
      summary: 'deribit is the first source in order that was accepted.',
      price: { price: '87123.4500', source: 'deribit', flags: [], revision: 0, consensus: null },
      earlier_prices: [],
      gap: null,
      schedule: {
        from: SLOT,
        to: null,
        interval_seconds: 60,
        rule: 'priority',
        sources: [
          { source: 'deribit', source_symbol: 'btc_usd', batch: 'btc_usd', standby: false, quoted_in: null, due: true },
          { source: 'coingecko', source_symbol: 'bitcoin', batch: 'coins', due: true },
        ],
      },
    });
    expect(json.samples).toHaveLength(2);
    const [first, second] = json.samples;
    expect(first).toMatchObject({
      source: 'deribit',
      outcome: 'accepted',
      reason: null,
      price: '87123.4500',
      served: true,
      raw: '87123.4500',
      rate: null,
      rate_uncertainty: null,
      rate_price: null,
      source_time: null,
      origin: 'live',
      revision: 0,
      earlier_samples: [],
      fetch: {
        status: 'answered',
        attempts: 1,
        endpoint: 'get_index_price',
        url: `${past.fixture.source.url}/public/get_index_price?index_name=btc_usd`,
        http_status: 200,
        headers: { date: expect.any(String) },
        error_kind: null,
        same_call: true,
        parser_version: parserVersionOf('deribit'),
        payload: {
          sha256: sha256(body),
          kept: true,
          not_kept_because: null,
          bytes: body.length,
          body,
          link: `/payloads/${sha256(body)}`,
        },
        earlier_attempts: [],
      },
    });
    expect(first.requested_at).toBeGreaterThanOrEqual(SLOT);
    expect(first.observed_at).toBeGreaterThanOrEqual(first.requested_at);
    expect(first.fetch.latency_ms).toBeGreaterThanOrEqual(0);
    expect(second).toMatchObject({
      source: 'coingecko',
      served: false,
      source_time: SLOT - 5,
      market_cap: '87120500000',
    });
  });

  it('takes any second of the slot', async () => {
    expect(await explain('btc_usd', SLOT + 59)).toMatchObject({ slot: SLOT, timestamp: SLOT + 59, price: {} });
    expect(await explain('btc_usd', SLOT + 60)).toMatchObject({ slot: SLOT + 60 });
  });

  it('says why the first source was not believed, and who served in its place', async () => {
    const json = await explain('btc_usd', slots.bad);
    expect(json).toMatchObject({
      state: 'stored',
      summary: 'coingecko is the first source in order that was accepted. Before it: deribit rejected (not_positive).',
      price: { price: '87120.5', source: 'coingecko' },
      samples: [
        { source: 'deribit', outcome: 'rejected', reason: 'not_positive', raw: '0', price: null, served: false },
        { source: 'coingecko', outcome: 'accepted', served: true },
      ],
    });
    expect(json.samples[0].fetch.payload.body).toBe(deribitBody('0'));
  });

  it('says why there is no price when every source failed, with their words', async () => {
    const json = await explain('btc_usd', slots.failed);
    expect(json).toMatchObject({
      state: 'missing',
      price: null,
      samples: [
        {
          outcome: 'failed',
          reason: 'not_found',
          raw: null,
          fetch: {
            status: 'failed',
            http_status: 400,
            error_kind: 'not_found',
            error_message: expect.stringContaining('Invalid params'),
            payload: { body: expect.stringContaining('-32602') },
          },
        },
        { source: 'coingecko', outcome: 'failed' },
      ],
    });
    expect(json.summary).toContain('deribit failed (not_found)');
  });

  it('leads from a converted price to the price that converted it', async () => {
    const json = await explain('sol_usd', SLOT);
    expect(json).toMatchObject({
      price: { price: '199.96', uncertainty: '0.015', source: 'deribit', flags: ['derived'] },
      samples: [
        {
          outcome: 'accepted',
          raw: '200.00',
          rate: '0.9998',
          rate_uncertainty: null,
          flags: ['derived'],
          rate_price: { ticker: 'usdc_usd', slot: SLOT, price: '0.9998', source: 'coingecko' },
        },
      ],
    });
    const rate = await past.api.get(json.samples[0].rate_price.explain);
    expect(rate.json).toMatchObject({ ticker: 'usdc_usd', slot: SLOT, price: { price: '0.9998', uncertainty: null } });

    const { pool } = past.fixture.database;
    await pool.query('UPDATE samples SET rate_uncertainty = 0.0000501 WHERE slot = $1 AND rate > 0', [past.slots.long]);
    const { samples } = await explain('sol_usd', past.slots.long);
    expect(samples).toMatchObject([{ rate: '0.9998', rate_uncertainty: '0.0000501' }]);
  });

  it('shows who a median is made of, and who was left out', async () => {
    const json = await explain('eth_usd', SLOT);
    expect(json).toMatchObject({
      state: 'stored',
      price: {
        source: 'median',
        consensus: {
          sources: 2,
          used: ['coingecko', 'deribit'],
          left_out: [{ source: 'bitstamp', price: '65000.00' }],
        },
      },
      schedule: { rule: 'median', rule_options: { median: { minimum_sources: 2 } } },
      samples: [
        { source: 'deribit', served: true },
        { source: 'coingecko', served: true },
        { source: 'bitstamp', served: false },
      ],
    });
    expect(json.summary).toMatch(
      /^The median of 2 sources that lie 0\.0000\d+ of the price apart; left out: bitstamp \(\w+\)\.$/,
    );
  });

  it('shows why a rule refused to name a price', async () => {
    const json = await explain('eth_usd', slots.failed);
    expect(json).toMatchObject({ state: 'gap', price: null, gap: { to: slots.failed + 1, reason: 'no_quorum' } });
    expect(json.summary).toMatch(/^The rule median refused to name a price \(no_quorum\)\. deribit failed/);
    expect(json.samples).toHaveLength(3);
  });

  it('shows the range of a slot that nobody planned', async () => {
    expect(await explain('btc_usd', past.gap.from + 10)).toMatchObject({
      slot: past.gap.from,
      state: 'gap',
      summary: 'Nobody planned this slot (not_planned).',
      price: null,
      gap: { ...past.gap, reason: 'not_planned', recorded_at: expect.any(Number) },
      samples: [
        { source: 'deribit', outcome: null, fetch: null },
        { source: 'coingecko', outcome: null },
      ],
    });
  });

  it('says of a time without a schedule that nothing was expected', async () => {
    expect(await explain('btc_usd', SLOT - 1)).toMatchObject({
      slot: null,
      state: 'not_expected',
      price: null,
      schedule: null,
      samples: [],
    });
  });

  it('says of a slot that is not over that its outcomes may still come', async () => {
    const now = Math.floor(Date.now() / 1000);
    expect(await explain('btc_usd', now + 60)).toMatchObject({ state: 'waiting', price: null });
    expect(await explain('btc_usd', now + 1_000_000)).toMatchObject({ state: 'waiting', gap: null });
  });

  it('gives the link of a body that is long', async () => {
    const json = await explain('btc_usd', slots.long);
    const { payload } = json.samples[0].fetch;
    expect(payload).toMatchObject({ kept: true, body: null, bytes: expect.any(Number) });
    expect(payload.bytes).toBeGreaterThan(65_536);
    const { status, text } = await past.api.get(payload.link);
    expect(status).toBe(200);
    expect(text).toBe(`${GOOD_BODY}${LONG}`);
  });

  it('shows what failed before the call that was answered', async () => {
    const { pool } = past.fixture.database;
    await new AttemptRepository(pool).record([
      {
        sourceId: 1,
        batch: 'btc_usd',
        slot: SLOT + 180,
        attempt: 1,
        errorKind: 'unavailable',
        errorMessage: 'deribit: HTTP 503',
        httpStatus: 503,
        requestedAt: new Date((SLOT + 180) * 1000),
        call: {
          url: 'https://example.com/',
          endpoint: 'get_index_price',
          headers: { 'retry-after': '1' },
          parserVersion: 'abc',
          payloadSha256: Buffer.from(sha256('busy'), 'hex'),
        },
      },
    ]);
    const json = await explain('btc_usd', slots.long);
    expect(json.samples[0].fetch.earlier_attempts).toMatchObject([
      {
        attempt: 1,
        error_kind: 'unavailable',
        http_status: 503,
        requested_at: SLOT + 180,
        headers: { 'retry-after': '1' },
        payload: { sha256: sha256('busy') },
      },
    ]);
  });

  it('shows what a price and its sample were before a correction', async () => {
    const { pool } = past.fixture.database;
    await pool.query(
      `INSERT INTO price_revisions (ticker_id, slot, revision, price, source_id, observed_at, flags, cause)
       SELECT id, $1, 0, 1.50, 2, now(), 5, 'replay' FROM tickers WHERE ticker = 'usdc_usd'`,
      [SLOT + 60],
    );
    await pool.query(
      `INSERT INTO sample_revisions (ticker_id, slot, source_id, revision, outcome, reason, raw, flags, cause)
       SELECT id, $1, 2, 0, 'rejected', 'drift', '1.50', 0, 'replay' FROM tickers WHERE ticker = 'usdc_usd'`,
      [SLOT + 60],
    );
    const json = await explain('usdc_usd', SLOT + 60);
    expect(json.earlier_prices).toMatchObject([
      {
        price: '1.50',
        source: 'coingecko',
        flags: ['derived', 'at_par'],
        revision: 0,
        cause: 'replay',
        replaced_at: expect.any(Number),
      },
    ]);
    expect(json.samples[0].earlier_samples).toMatchObject([
      { outcome: 'rejected', reason: 'drift', raw: '1.50', flags: [] },
    ]);
    expect(json.summary).toContain('Corrected 1 time.');
  });

  it('says 404 with the nearest names for a ticker that is not known', async () => {
    const { status, json } = await past.api.get(`/prices/explain?ticker=btc_usdt&timestamp=${SLOT}`);
    expect(status).toBe(404);
    expect(json).toMatchObject({ title: 'Unknown ticker', detail: expect.stringContaining('btc_usd') });
  });

  it.each([
    ['&timestamp=', 'timestamp', 'empty'],
    ['&timestamp=1766016000000', 'timestamp', 'Milliseconds?'],
    ['&timestamp=yesterday', 'timestamp', 'is neither UNIX seconds nor a time'],
    ['&timestamp=1766016000&timestamp=1766016000', 'timestamp', '2 times'],
    ['&timestamp=1766016000&from=1', 'from', 'not a parameter'],
  ])('says what is wrong with %s', async (query, parameter, detail) => {
    const { status, json } = await past.api.get(`/prices/explain?ticker=btc_usd${query}`);
    expect(status).toBe(400);
    expect(json.errors).toEqual([{ parameter, detail: expect.stringContaining(detail) }]);
  });
});
