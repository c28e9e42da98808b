import '../../../../test/support/one-realm-of-errors.js';
import { RefusedSymbolRepository } from '@app/storage';
import { catalogueTickers } from '../../../../test/builders/catalogued-ticker.js';
import { ReportedSlots } from '../../../../test/builders/reported-slots.js';
import { storeFailures, storePrices } from '../../../../test/builders/stored-prices.js';
import { startControlServer, type ControlServer } from '../../../../test/support/control-server.js';
import { releaseDate, setDate } from '../../../../test/support/movable-date.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';

/** Midnight of tomorrow: partitions are there, and the server itself has planned nothing of that day. */
const DAY = (Math.floor(Date.now() / 86_400_000) + 1) * 86_400;

describe('GET /status', () => {
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
      'TRUNCATE tickers, schedules, ticker_sources, gaps, fetches, samples, prices, latest, candles, source_states, source_credits, refused_symbols CASCADE',
    );
    await catalogueTickers(database.url, {
      ticker: 'btc_usd',
      fromSlot: DAY - 600,
      intervalSeconds: 60,
      sources: [
        { sourceId: 1, sourceSymbol: 'btc_usd' },
        { sourceId: 2, sourceSymbol: 'bitcoin' },
      ],
    });
    setDate((DAY + 633) * 1000);
  });
  afterEach(() => releaseDate());

  it('tells of each ticker its last price, its age, and how many of today\u2019s slots have none', async () => {
    await storePrices(database.pool, 'btc_usd', [{ slot: DAY + 540, price: '87123.450', observedAt: DAY + 541 }]);
    await database.pool.query(
      `INSERT INTO candles (ticker_id, bucket, open, open_slot, high, low, close, close_slot, count)
       SELECT id, $1, 1, $1, 1, 1, 1, $1, 7 FROM tickers`,
      [DAY],
    );
    const { json } = await server.ask('GET', '/status');
    // Slots 0 to 540 of the day are closed: window 15 s, grace 10 s, and 8 s for the closer.
    expect(json['tickers']).toEqual([
      {
        ticker: 'btc_usd',
        interval_seconds: 60,
        price: '87123.450',
        source: 'deribit',
        timestamp: DAY + 540,
        age_seconds: 92,
        expected_today: 11,
        gaps_today: 4,
      },
    ]);
  });

  it('tells of a ticker without a price that there is none', async () => {
    const { json } = await server.ask('GET', '/status');
    expect(json['tickers']).toMatchObject([
      { price: null, source: null, timestamp: null, age_seconds: null, gaps_today: 11 },
    ]);
  });

  it('tells of each source that is asked how it stands', async () => {
    await database.pool.query(
      `INSERT INTO source_states (source_id, failures, circuit_open_until, circuit_reason, last_success_at, last_latency_ms,
         last_failure_at, last_failure_kind, last_failure_message)
       VALUES (2, 5, to_timestamp($1), 'unavailable', to_timestamp($2), 87, to_timestamp($2 + 20), 'unavailable', 'coingecko: HTTP 503')`,
      [DAY + 700, DAY + 500],
    );
    await database.pool.query(`INSERT INTO source_credits (source_id, month, used) VALUES (2, $1, 321)`, [
      `${new Date(DAY * 1000).toISOString().slice(0, 7)}-01`,
    ]);
    const { json } = await server.ask('GET', '/status');
    expect(json['sources']).toMatchObject([
      {
        source: 'deribit',
        state: 'not_asked_yet',
        tickers: 1,
        batches: 1,
        last_success: null,
        last_failure: null,
        credits: null,
      },
      {
        source: 'coingecko',
        state: 'circuit_open',
        circuit_open_until: new Date((DAY + 700) * 1000).toISOString(),
        circuit_reason: 'unavailable',
        latency_ms: 87,
        failures_in_a_row: 5,
        last_success: new Date((DAY + 500) * 1000).toISOString(),
        last_failure: { reason: 'unavailable', detail: 'coingecko: HTTP 503' },
        // The control server of the tests has a key for every source, which is a plan with a month.
        credits: { used: 321 },
      },
    ]);
  });

  it.each([
    ['paused', `paused_until = to_timestamp(${DAY + 900})`],
    ['failing', 'failures = 1'],
    ['ok', 'last_success_at = now()'],
    ['ok', `last_success_at = now(), circuit_open_until = to_timestamp(${DAY + 600})`],
  ])('calls a source %s with %s', async (state, change) => {
    await database.pool.query(`INSERT INTO source_states (source_id) VALUES (1)`);
    await database.pool.query(`UPDATE source_states SET ${change}`);
    const { json } = await server.ask('GET', '/status');
    expect(json['sources']).toMatchObject([{ source: 'deribit', state }, {}]);
  });

  it('tells of a source whose circuit is open until it has a key', async () => {
    await database.pool.query(
      `INSERT INTO source_states (source_id, circuit_open_until, circuit_reason) VALUES (1, 'infinity', 'needs_key')`,
    );
    const { status, json } = await server.ask('GET', '/status');
    expect(status).toBe(200);
    expect(json['sources']).toMatchObject([{ source: 'deribit', circuit_open_until: null }, {}]);
  });

  it.each([1.25, 0.81])('names a source whose answers are %s times the market, and the ticker', async (factor) => {
    const { pool } = database;
    await catalogueTickers(database.url, {
      ticker: 'eth_usd',
      fromSlot: DAY,
      intervalSeconds: 60,
      sources: [1, 2, 7].map((sourceId) => ({ sourceId, sourceSymbol: 'eth_usd' })),
    });
    const { rows } = await pool.query<{ id: number }>(`SELECT id FROM tickers WHERE ticker = 'eth_usd'`);
    const tickerId = rows[0]?.id ?? 0;
    const reported = new ReportedSlots(pool);
    for (let slot = DAY; slot <= DAY + 600; slot += 60)
      for (const [sourceId, price] of [
        [1, 3_017.45 + (slot % 7)],
        [2, 3_016.9 + (slot % 7)],
        [7, 3_017 * (slot === DAY ? 1 : factor)],
      ] as const)
        await reported.report({ tickerId, sourceId, slot, batch: 'eth_usd' }, price.toFixed(3));
    await pool.query(
      `INSERT INTO source_states (source_id, last_success_at) SELECT unnest('{1, 2, 7}'::smallint[]), to_timestamp($1)`,
      [DAY + 601],
    );
    const { json } = await server.ask('GET', '/status');
    expect(json['sources']).toMatchObject([
      { source: 'deribit', state: 'ok', disagreements: [] },
      { source: 'coingecko', state: 'ok', disagreements: [] },
      {
        source: 'kraken',
        state: 'disagrees',
        samples: [{ outcome: 'rejected', reason: 'jump', count: 10 }],
        disagreeing_tickers: 1,
        disagreements: [{ ticker: 'eth_usd', reason: 'jump', since: new Date((DAY + 60) * 1000).toISOString() }],
      },
    ]);
  });

  it('names a source of which nothing can be used', async () => {
    await storeFailures(
      database.pool,
      'btc_usd',
      [540, 480, 420, 360].map((after) => ({ slot: DAY + after, outcome: 'rejected', reason: 'stale', sourceId: 2 })),
    );
    await database.pool.query(`INSERT INTO source_states (source_id, last_success_at) VALUES (2, now())`);
    const { json } = await server.ask('GET', '/status');
    expect(json['sources']).toMatchObject([
      {},
      { state: 'unusable', samples: [{ outcome: 'rejected', reason: 'stale', count: 4 }] },
    ]);
  });

  it('names the symbols that a source refuses, since when, and when they are asked for again; no suspects', async () => {
    const symbols = new RefusedSymbolRepository(database.pool);
    await symbols.learn(2, {
      refused: ['bitcoin', 'no-ticker-has-it'].map((symbol) => ({ symbol, detail: 'HTTP 404' })),
      ...{ suspects: [], answered: [] },
    });
    await symbols.learn(1, {
      ...{ refused: [], answered: [] },
      suspects: [{ symbols: ['btc_usd'], detail: 'error 10001' }],
    });
    const [known] = await symbols.list();
    const { json } = await server.ask('GET', '/status');
    expect(json['sources']).toMatchObject([
      { source: 'deribit', refused_symbols: [] },
      {
        source: 'coingecko',
        refused_symbols: [
          {
            source_symbol: 'bitcoin',
            since: known?.since.toISOString(),
            last_try: known?.lastTriedAt.toISOString(),
            next_try: known?.nextTryAt.toISOString(),
            detail: 'HTTP 404',
          },
        ],
      },
    ]);
    expect((known?.nextTryAt.getTime() ?? 0) - (known?.since.getTime() ?? 0)).toBe(60_000);
  });

  it('does not let prices of slots that are not expected yet hide a gap', async () => {
    // Of the day's eleven closed slots nine have a price, and so has the one that runs.
    setDate((DAY + 665) * 1000);
    await storePrices(database.pool, 'btc_usd', [{ slot: DAY + 660, price: '2' }]);
    await database.pool.query(
      `INSERT INTO candles (ticker_id, bucket, open, open_slot, high, low, close, close_slot, count)
       SELECT id, $1, 1, $1, 1, 1, 1, $1, 10 FROM tickers`,
      [DAY],
    );
    const { json } = await server.ask('GET', '/status');
    expect(json['tickers']).toMatchObject([{ expected_today: 11, gaps_today: 2 }]);
  });

  it('asks for the login', async () => {
    expect((await server.ask('GET', '/status', undefined, {})).status).toBe(401);
  });
});
