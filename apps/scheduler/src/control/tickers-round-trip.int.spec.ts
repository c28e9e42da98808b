import '../../../../test/support/one-realm-of-errors.js';
import { startControlServer, type ControlServer } from '../../../../test/support/control-server.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';

const CHECKS = {
  max_age_seconds: null,
  max_lead_seconds: 5,
  minimum: '0.01',
  maximum: '1e9',
  jump_ratio: null,
  jump_memory_seconds: 600,
  agreement_ratio: 0.01,
  max_uncertainty_ratio: null,
  max_rate_age_seconds: 600,
};

/** Tickers of every kind, all of them sampled before. */
const KINDS: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ['as usual', {}],
  [
    'with rule median',
    {
      interval_seconds: 10,
      rule: 'median',
      sources: ['deribit', 'kraken', 'coinbase'],
      median: { minimum_sources: 2, maximum_spread: 0.05, outlier_factor: 4, outlier_floor: 0.001 },
      checks: { jump_ratio: 0.2 },
    },
  ],
  [
    'with a standby source that is asked less often',
    { interval_seconds: 60, sources: ['deribit', { source: 'coingecko', interval_seconds: 300, standby: true }] },
  ],
  [
    'with a batch and a source symbol of its own',
    { sources: [{ source: 'coingecko', source_symbol: 'bitcoin', batch: 'coins' }] },
  ],
  ['with checks', { checks: CHECKS }],
  ['quoted in another currency', { sources: [{ source: 'binance', source_symbol: 'BTCUSDC', quoted_in: 'usdc' }] }],
];

describe('a ticker over HTTP', () => {
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
    await database.pool.query('TRUNCATE tickers, schedules, ticker_sources, gaps CASCADE');
  });

  describe.each(KINDS)('%s', (_kind, fields) => {
    it('is what it was when all that GET shows is sent back by PATCH, enabled or not', async () => {
      await sampledBefore(fields);
      for (const method of ['PATCH', 'DELETE'] as const) {
        if (method === 'DELETE') await server.ask('DELETE', '/tickers/btc_usd');
        const shown = (await server.ask('GET', '/tickers/btc_usd')).json;
        expect(shown).toMatchObject({ enabled: method === 'PATCH' });
        const versions = await storedVersions();
        const answer = await server.ask('PATCH', '/tickers/btc_usd', shown);
        expect(answer).toMatchObject({ status: 200 });
        expect(withoutWarnings(answer.json)).toEqual(shown);
        expect(await storedVersions()).toEqual(versions);
      }
    });

    it('is asked at another interval when all that GET shows is sent back with it, sources asked less often as before', async () => {
      await sampledBefore(fields);
      const shown = (await server.ask('GET', '/tickers/btc_usd')).json;
      const changed = await server.ask('PATCH', '/tickers/btc_usd', { ...shown, interval_seconds: 30 });
      expect(changed).toMatchObject({ status: 200 });
      const sources = (shown['sources'] as { interval_seconds: number }[]).map((source) => ({
        ...source,
        interval_seconds: source.interval_seconds === shown['interval_seconds'] ? 30 : source.interval_seconds,
      }));
      expect(samplingOf(changed.json)).toEqual({ ...samplingOf(shown), interval_seconds: 30, sources });
    });

    it.each([
      ['rule', 'priority', { median: undefined }],
      ['checks', { jump_ratio: 0.3 }, {}],
      ['sources', ['kraken', 'deribit'], { sources: [{ source: 'kraken' }, { source: 'deribit' }] }],
    ])(
      'is changed in %s alone when all that GET shows is sent back with another value',
      async (name, value, others) => {
        await sampledBefore(fields);
        const shown = (await server.ask('GET', '/tickers/btc_usd')).json;
        const changed = await server.ask('PATCH', '/tickers/btc_usd', { ...shown, [name]: value });
        expect(changed).toMatchObject({ status: 200 });
        expect({ median: undefined, ...samplingOf(changed.json) }).toMatchObject({
          ...samplingOf(shown),
          [name]: value,
          ...others,
        });
      },
    );

    it('is sampled as before when it is posted again after DELETE', async () => {
      await sampledBefore(fields);
      const before = (await server.ask('GET', '/tickers/btc_usd')).json;
      await server.ask('DELETE', '/tickers/btc_usd');
      const again = await server.ask('POST', '/tickers', { ticker: 'BTC/USD' });
      expect(again).toMatchObject({ status: 201 });
      expect(samplingOf(again.json)).toEqual(samplingOf(before));
      expect(again.json).toMatchObject({ enabled: true, until_slot: null });
    });

    it('is disabled and enabled by PATCH', async () => {
      await sampledBefore(fields);
      const before = (await server.ask('GET', '/tickers/btc_usd')).json;
      const disabled = await server.ask('PATCH', '/tickers/btc_usd', { ...before, enabled: false });
      expect(disabled).toMatchObject({ status: 200, json: { enabled: false, until_slot: expect.any(Number) } });
      const enabled = await server.ask('PATCH', '/tickers/btc_usd', { enabled: true });
      expect(enabled).toMatchObject({ status: 200, json: { enabled: true, until_slot: null } });
      expect(samplingOf(enabled.json)).toEqual(samplingOf(before));
    });
  });

  describe('with an interval of 60 s, and a source that is asked every 300 s', () => {
    const EVERY_SLOT = { source: 'kraken', source_symbol: 'ADAUSD', batch: 'btc_usd', interval_seconds: 60 };
    const SELDOM = { source: 'coingecko', source_symbol: 'cardano', batch: 'btc_usd', interval_seconds: 300 };

    it.each([
      ['another interval alone', { interval_seconds: 30 }, [30, 150]],
      [
        'another interval with its sources as GET shows them',
        { interval_seconds: 30, sources: [EVERY_SLOT, SELDOM] },
        [30, 300],
      ],
      [
        'a longer interval with its sources as GET shows them',
        { interval_seconds: 300, sources: [EVERY_SLOT, SELDOM] },
        [300, 300],
      ],
      [
        'another interval and other ones of its sources',
        { interval_seconds: 30, sources: [EVERY_SLOT, { ...SELDOM, interval_seconds: 30 }] },
        [60, 30],
      ],
      [
        'its interval and other ones of its sources',
        { interval_seconds: 60, sources: [EVERY_SLOT, { ...SELDOM, interval_seconds: 600 }] },
        [60, 600],
      ],
      ['its sources by their names alone', { interval_seconds: 30, sources: ['kraken', 'coingecko'] }, [30, 30]],
    ])('is asked as often as given by %s, and the same again changes nothing', async (_what, change, intervals) => {
      await sampledBefore({ sources: [EVERY_SLOT, SELDOM] });
      const changed = await server.ask('PATCH', '/tickers/btc_usd', change);
      expect(changed).toMatchObject({ status: 200, json: { interval_seconds: change.interval_seconds } });
      expect(intervalsOf(changed.json)).toEqual(intervals);
      const versions = await storedVersions();
      expect(await server.ask('PATCH', '/tickers/btc_usd', change)).toMatchObject({ status: 200, json: changed.json });
      expect(await storedVersions()).toEqual(versions);
    });

    it('says of a longer interval which of its sources does not fit', async () => {
      await sampledBefore({ sources: [EVERY_SLOT, SELDOM] });
      const change = { interval_seconds: 120, sources: [EVERY_SLOT, SELDOM] };
      expect(await server.ask('PATCH', '/tickers/btc_usd', change)).toMatchObject({
        status: 400,
        json: { detail: expect.stringContaining('coingecko every 300 s is no multiple of 120 s') as string },
      });
    });

    it('is asked alike when it is posted after DELETE', async () => {
      await sampledBefore({ sources: [EVERY_SLOT, SELDOM] });
      await server.ask('DELETE', '/tickers/btc_usd');
      const again = { ticker: 'btc_usd', interval_seconds: 30, sources: [EVERY_SLOT, SELDOM] };
      const restored = await server.ask('POST', '/tickers', again);
      expect(restored).toMatchObject({ status: 201, json: { interval_seconds: 30 } });
      expect(intervalsOf(restored.json)).toEqual([30, 300]);
    });
  });

  it('is restored also when it was deleted before its first slot had come', async () => {
    await server.ask('POST', '/tickers', { ticker: 'btc_usd', interval_seconds: 86_400, sources: ['kraken'] });
    await server.ask('DELETE', '/tickers/btc_usd');
    expect(await server.ask('GET', '/tickers/btc_usd')).toMatchObject({ status: 200, json: { enabled: false } });
    expect(await server.ask('POST', '/tickers', { ticker: 'btc_usd' })).toMatchObject({
      status: 201,
      json: { enabled: true, interval_seconds: 86_400, sources: [{ source: 'kraken' }] },
    });
  });

  it('is restored with what the body says otherwise, field by field', async () => {
    await sampledBefore({ interval_seconds: 10, rule: 'median', sources: ['deribit', 'kraken'], checks: CHECKS });
    await server.ask('DELETE', '/tickers/btc_usd');
    const again = await server.ask('POST', '/tickers', { ticker: 'btc_usd', interval_seconds: 20, checks: null });
    expect(again).toMatchObject({
      status: 201,
      json: {
        interval_seconds: 20,
        rule: 'median',
        sources: [
          { source: 'deribit', interval_seconds: 20 },
          { source: 'kraken', interval_seconds: 20 },
        ],
      },
    });
    expect(again.json).not.toHaveProperty('checks');
  });

  it('leaves the limits of a median behind with its rule', async () => {
    await sampledBefore({ rule: 'median', sources: ['deribit', 'kraken'], median: { minimum_sources: 1 } });
    const changed = await server.ask('PATCH', '/tickers/btc_usd', { rule: 'priority' });
    expect(changed).toMatchObject({ status: 200, json: { rule: 'priority' } });
    expect(changed.json).not.toHaveProperty('median');
  });

  it('changes nothing that is read-only, and says what it is', async () => {
    await sampledBefore({});
    const { since_slot: since } = (await server.ask('GET', '/tickers/btc_usd')).json;
    const change = { ticker: 'ETH/USD', since_slot: 5, until_slot: 5, warnings: ['It rains.'], interval_seconds: 5 };
    const answer = await server.ask('PATCH', '/tickers/btc_usd', change);
    expect(answer.status).toBe(400);
    expect(answer.json['errors']).toEqual([
      { parameter: 'ticker', detail: 'is read-only, and is "btc_usd" now: leave it out, or read the ticker again' },
      { parameter: 'since_slot', detail: expect.stringContaining(`and is ${String(since)} now`) as string },
      { parameter: 'until_slot', detail: expect.stringContaining('and is null now') as string },
      { parameter: 'warnings', detail: expect.stringContaining('and is [] now') as string },
    ]);
    expect((await server.ask('GET', '/tickers/btc_usd')).json).toMatchObject({ interval_seconds: 60 });
  });

  it('takes its own warnings back', async () => {
    const made = await server.ask('POST', '/tickers', {
      ticker: 'btc_usd',
      sources: [{ source: 'binance', source_symbol: 'BTCUSDC', quoted_in: 'usdc' }],
    });
    expect(made.json['warnings']).toHaveLength(1);
    expect(await server.ask('PATCH', '/tickers/btc_usd', made.json)).toMatchObject({ status: 200, json: made.json });
  });

  it('is not changed and disabled at once', async () => {
    await sampledBefore({});
    expect(await server.ask('PATCH', '/tickers/btc_usd', { enabled: false, interval_seconds: 5 })).toMatchObject({
      status: 409,
      json: { detail: expect.stringContaining('cannot be changed and disabled at once') as string },
    });
    await server.ask('DELETE', '/tickers/btc_usd');
    expect(await server.ask('PATCH', '/tickers/btc_usd', { enabled: true, interval_seconds: 5 })).toMatchObject({
      status: 200,
      json: { enabled: true, interval_seconds: 5 },
    });
  });

  /** `btc_usd`, sampled so for an hour. */
  async function sampledBefore(fields: object): Promise<void> {
    expect(await server.ask('POST', '/tickers', { ticker: 'btc_usd', ...fields })).toMatchObject({ status: 201 });
    await database.pool.query(
      'UPDATE schedules SET from_slot = from_slot - 3600, planned_to = from_slot + interval_seconds',
    );
  }

  async function storedVersions(): Promise<unknown[]> {
    return (await database.pool.query('SELECT id, from_slot, to_slot FROM schedules ORDER BY id')).rows;
  }
});

/** How it is sampled, of what is shown of a ticker. */
function samplingOf({ since_slot: _since, until_slot: _until, enabled: _enabled, ...sampling }: object & Shown) {
  return withoutWarnings(sampling);
}

function intervalsOf({ sources }: Shown): number[] {
  return (sources as { interval_seconds: number }[]).map((source) => source.interval_seconds);
}

function withoutWarnings({ warnings: _warnings, ...shown }: object & Shown) {
  return shown;
}

type Shown = Readonly<Record<string, unknown>>;
