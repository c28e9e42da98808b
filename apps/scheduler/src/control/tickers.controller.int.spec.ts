import '../../../../test/support/one-realm-of-errors.js';
import { startControlServer, type Answer, type ControlServer } from '../../../../test/support/control-server.js';
import { eventually } from '../../../../test/support/processes.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';

describe('the catalogue over HTTP', () => {
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

  it('makes a ticker, tells it, and lists it', async () => {
    const made = await server.ask('POST', '/tickers', {
      ticker: 'btc_usd',
      interval_seconds: 5,
      sources: ['deribit', 'coingecko'],
    });
    expect(made.status).toBe(201);
    expect(made.json).toMatchObject({
      ticker: 'btc_usd',
      enabled: true,
      interval_seconds: 5,
      rule: 'priority',
      sources: [
        { source: 'deribit', source_symbol: 'btc_usd', batch: 'btc_usd', interval_seconds: 5 },
        { source: 'coingecko', source_symbol: 'bitcoin', batch: 'btc_usd', interval_seconds: 5 },
      ],
      until_slot: null,
    });
    expect(await server.ask('GET', '/tickers/btc_usd')).toMatchObject({ status: 200, json: made.json });
    expect(await server.ask('GET', '/tickers')).toMatchObject({ status: 200, json: { tickers: [made.json] } });
  });

  it('lists nothing at first', async () => {
    expect(await server.ask('GET', '/tickers')).toMatchObject({ status: 200, json: { tickers: [] } });
  });

  it('changes a ticker, and closes the version before', async () => {
    await sampledBefore('btc_usd');
    const changed = await server.ask('PATCH', '/tickers/btc_usd', { interval_seconds: 5 });
    expect(changed).toMatchObject({ status: 200, json: { interval_seconds: 5, enabled: true, until_slot: null } });
    const versions = await database.pool.query<{ interval_seconds: number; to_slot: number | null }>(
      'SELECT interval_seconds, to_slot FROM schedules ORDER BY from_slot',
    );
    expect(versions.rows).toEqual([
      { interval_seconds: 1, to_slot: changed.json['since_slot'] },
      { interval_seconds: 5, to_slot: null },
    ]);
  });

  it('plans the changed ticker without a restart', async () => {
    // It needs a scheduler that plans by itself, and so a database that nobody else touches.
    const own = await createTestDatabase();
    const planning = await startControlServer(own.url);
    try {
      await planning.ask('POST', '/tickers', { ticker: 'btc_usd', interval_seconds: 1 });
      const slots = await eventually('two slots', 20_000, async () => {
        const { rows } = await own.pool.query('SELECT slot FROM fetches');
        return rows.length >= 2 ? rows : undefined;
      });
      expect(slots.length).toBeGreaterThanOrEqual(2);
    } finally {
      await planning.stop();
      await own.drop();
    }
  });

  it('disables a ticker, keeps it in the list, and takes it up again', async () => {
    await sampledBefore('btc_usd');
    expect(await server.ask('DELETE', '/tickers/btc_usd')).toMatchObject({
      status: 200,
      json: { ticker: 'btc_usd', enabled: false },
    });
    expect(await server.ask('DELETE', '/tickers/btc_usd')).toMatchObject({ status: 200, json: { enabled: false } });
    const { json } = await server.ask('GET', '/tickers/btc_usd');
    expect(json).toMatchObject({ enabled: false, until_slot: expect.any(Number) });
    expect(await server.ask('POST', '/tickers', { ticker: 'btc_usd' })).toMatchObject({
      status: 201,
      json: { enabled: true, interval_seconds: 1 },
    });
  });

  it('refuses to make a ticker that is sampled, and to change one that is disabled', async () => {
    await sampledBefore('btc_usd');
    expectProblem(
      await server.ask('POST', '/tickers', { ticker: 'btc_usd' }),
      409,
      /sampled already: change it with PATCH/,
    );
    await server.ask('DELETE', '/tickers/btc_usd');
    expectProblem(
      await server.ask('PATCH', '/tickers/btc_usd', { interval_seconds: 5 }),
      409,
      /disabled: enable it with POST \/tickers, or by "enabled": true in the same change/,
    );
  });

  it.each(['BTC/USD', 'btc-usd', 'BTC_USD'])('takes a ticker written %s for btc_usd', async (written) => {
    const made = await server.ask('POST', '/tickers', { ticker: written });
    expect(made).toMatchObject({ status: 201, json: { ticker: 'btc_usd' } });
    const path = `/tickers/${encodeURIComponent(written)}`;
    expect(await server.ask('GET', path)).toMatchObject({ status: 200, json: { ticker: 'btc_usd' } });
    expect(await server.ask('PATCH', path, { interval_seconds: 5 })).toMatchObject({
      status: 200,
      json: { ticker: 'btc_usd', interval_seconds: 5 },
    });
    expect(await server.ask('POST', '/fetch', { tickers: [written] })).toMatchObject({ status: 202 });
    expect((await server.ask('GET', '/tickers')).json).toMatchObject({ tickers: [{ ticker: 'btc_usd' }] });
    expect(await server.ask('DELETE', path)).toMatchObject({
      status: 200,
      json: { ticker: 'btc_usd', enabled: false },
    });
  });

  it('names the nearest ticker for one that is unknown', async () => {
    await sampledBefore('btc_usd');
    for (const [method, path, body] of [
      ['GET', '/tickers/BTC-USDT'],
      ['DELETE', '/tickers/BTC%2FUSDT'],
      ['POST', '/fetch', { tickers: ['btc/usdt'] }],
      ['POST', '/fetch', { tickers: ['btc/usdt'], sources: ['deribit'] }],
    ] as const) {
      expectProblem(await server.ask(method, path, body), 404, /btc_usdt is not known: did you mean btc_usd\?/);
    }
  });

  it('asks for an underscore where hyphens alone do not tell base and quote apart', async () => {
    expectProblem(await server.ask('POST', '/tickers', { ticker: 'usd-coin-usd' }), 400, /write usd-coin_usd or/);
    expectProblem(await server.ask('GET', '/tickers/usd-coin-usd'), 404, /write usd-coin_usd or/);
  });

  it.each(['abc_usd', 'nothing', 'btc%00_usd', '%F0%9F%92%A9', "btc_usd'--", '..%2Ftickers'])(
    'knows no ticker %s',
    async (name) => {
      for (const [method, body] of [['GET'], ['PATCH', { interval_seconds: 5 }], ['DELETE']] as const) {
        expectProblem(await server.ask(method, `/tickers/${name}`, body), 404);
      }
    },
  );

  it('names every fault of a body at once', async () => {
    const body = {
      ticker: 'BTC',
      interval_seconds: 0,
      rule: 'best',
      sources: [{ source_symbol: 'a b', batch: 'C', interval_seconds: 1.5, nme: 1 }],
      colour: 'red',
    };
    const answer = await server.ask('POST', '/tickers', body);
    expectProblem(answer, 400);
    expect(faults(answer)).toEqual([
      'colour',
      'interval_seconds',
      'rule',
      'sources.0.batch',
      'sources.0.interval_seconds',
      'sources.0.nme',
      'sources.0.source',
      'sources.0.source_symbol',
      'ticker',
    ]);
  });

  it.each([
    ['no object', [], ['body']],
    ['null', 'null', ['body']],
    ['a number for a ticker', { ticker: 5 }, ['ticker']],
    ['a text for an interval', { ticker: 'btc_usd', interval_seconds: '60' }, ['interval_seconds']],
    ['null for an interval', { ticker: 'btc_usd', interval_seconds: null }, ['interval_seconds']],
    ['an endless interval', '{"ticker":"btc_usd","interval_seconds":1e999}', ['interval_seconds']],
    ['an over-long ticker', { ticker: `${'a'.repeat(5_000)}_usd` }, ['ticker']],
    ['an over-long source', { ticker: 'btc_usd', sources: ['x'.repeat(5_000)] }, ['sources.0.source']],
    [
      'an over-long name',
      { ticker: 'btc_usd', sources: [{ source: 'deribit', source_symbol: 'x'.repeat(101) }] },
      ['sources.0.source_symbol'],
    ],
    ['too many sources', { ticker: 'btc_usd', sources: Array.from({ length: 17 }, () => 'deribit') }, ['sources']],
    ['an unknown source', { ticker: 'btc_usd', sources: ['deribt'] }, ['sources']],
    ['a source twice', { ticker: 'btc_usd', sources: ['deribit', 'deribit'] }, ['sources']],
    [
      'a name that holds what Postgres takes for no text',
      { ticker: 'btc_usd', sources: [{ source: 'deribit', source_symbol: 'a\0b' }] },
      ['sources.0.source_symbol'],
    ],
  ])('refuses %s', async (_what, body, parameters) => {
    const answer = await server.ask('POST', '/tickers', body);
    expectProblem(answer, 400);
    expect(faults(answer)).toEqual(parameters);
    expect(answer.text.length).toBeLessThan(2_000);
    expect((await server.ask('GET', '/tickers')).json).toEqual({ tickers: [] });
  });

  it('says with an unknown source which one may be meant', async () => {
    const { json } = await server.ask('POST', '/tickers', { ticker: 'btc_usd', sources: ['deribt'] });
    expect(json['errors']).toEqual([
      {
        parameter: 'sources',
        detail: expect.stringContaining(
          'btc_usd: there is no source deribt; did you mean deribit? Known: deribit, coingecko',
        ) as string,
      },
    ]);
  });

  it.each([
    ['that is empty', {}, ['body']],
    ['of the ticker itself', { ticker: 'eth_usd' }, ['ticker']],
    ['to a wrong interval', { interval_seconds: 90_000 }, ['interval_seconds']],
    ['to an unknown rule', { rule: 'best' }, ['rule']],
    ['to no sources', { sources: [] }, ['sources']],
  ])('refuses a change %s', async (_what, body, parameters) => {
    await sampledBefore('btc_usd');
    const answer = await server.ask('PATCH', '/tickers/btc_usd', body);
    expectProblem(answer, 400);
    expect(faults(answer)).toEqual(parameters);
  });

  it('refuses a change that would ask a source less often than once a day', async () => {
    await server.ask('POST', '/tickers', {
      ticker: 'btc_usd',
      interval_seconds: 3_600,
      sources: ['deribit', { source: 'coingecko', interval_seconds: 86_400 }],
    });
    expectProblem(await server.ask('PATCH', '/tickers/btc_usd', { interval_seconds: 7_200 }), 400, /more than a day/);
  });

  it.each([
    ['{"ticker": "btc_usd"', 400],
    ['', 400],
    ['{"__proto__": {"ticker": "btc_usd"}}', 400],
    [`{"ticker": "${'a'.repeat(1_100_000)}"}`, 413],
  ])('answers a body such as %.30s with a problem', async (body, status) => {
    expectProblem(await server.ask('POST', '/tickers', body), status);
  });

  it('takes an empty body that is called JSON for none', async () => {
    await sampledBefore('btc_usd');
    const deleted = await server.ask('DELETE', '/tickers/btc_usd', '');
    expect(deleted).toMatchObject({ status: 200, json: { ticker: 'btc_usd', enabled: false } });
    for (const [method, path, fault] of [
      ['POST', '/tickers', 'must be an object with a ticker'],
      ['PATCH', '/tickers/btc_usd', 'must be an object with what shall change'],
    ] as const) {
      const answer = await server.ask(method, path, '');
      expectProblem(answer, 400);
      expect(answer.json['errors']).toEqual([{ parameter: 'body', detail: expect.stringContaining(fault) as string }]);
    }
  });

  it('answers what it has no route, no type or no method for with a problem', async () => {
    expectProblem(await server.ask('GET', '/nothing'), 404);
    expectProblem(await server.ask('PUT', '/tickers/btc_usd', {}), 404);
    expectProblem(await server.ask('GET', '/tickers/%zz'), 400);
    expectProblem(await server.ask('GET', `/tickers/${'a'.repeat(3_000)}`), 414);
    const login = { authorization: `Basic ${Buffer.from('tidemark:control-password').toString('base64')}` };
    expectProblem(
      await server.ask('POST', '/tickers', 'ticker=btc_usd', { ...login, 'content-type': 'text/csv' }),
      415,
    );
  });

  it('tells a fault of its own in one sentence, and logs it in full', async () => {
    await database.pool.query('ALTER TABLE tickers RENAME TO tickers_away');
    const broken = await server.ask('GET', '/tickers');
    await database.pool.query('ALTER TABLE tickers_away RENAME TO tickers');
    expectProblem(broken, 500, /its log tells more/);
    expect(broken.text).not.toContain('tickers_away');
    expect(server.log.of('request_failed')).toMatchObject([
      { request_id: broken.json['request_id'], path: '/tickers' },
    ]);
  });

  /** A ticker that has been sampled every second for an hour. */
  async function sampledBefore(ticker: string): Promise<void> {
    expect(await server.ask('POST', '/tickers', { ticker, interval_seconds: 1 })).toMatchObject({ status: 201 });
    await database.pool.query('UPDATE schedules SET from_slot = from_slot - 3600');
  }

  function expectProblem({ status, headers, json, text }: Answer, expected: number, detail = /./): void {
    expect({ status, text }).toMatchObject({ status: expected });
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(json).toMatchObject({
      status: expected,
      type: expect.any(String),
      title: expect.any(String),
      instance: expect.stringMatching(/^\//),
    });
    expect(json['detail']).toMatch(detail);
    expect(json['request_id']).toMatch(/^[0-9a-f-]{36}$/);
  }

  function faults({ json }: Answer): string[] {
    return (json['errors'] as { parameter: string }[]).map((error) => error.parameter).sort();
  }
});
