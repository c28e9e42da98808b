import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { keptTerminal } from '../../../../test/support/cli-terminal.js';
import { runCli } from '../program.js';

const SLOT = 1_766_000_000;

/** What a route answers: a status and a body; by path and query. */
type Answers = (url: URL) => readonly [status: number, body: unknown];

describe('a question to an API', () => {
  let server: Server;
  let url: string;
  let answers: Answers;
  let asked: string[];
  let health: unknown;

  beforeAll(async () => {
    server = createServer((request: IncomingMessage, response: ServerResponse) => {
      if (request.url === '/v1/health?') return response.end(JSON.stringify(health));
      asked.push(request.url ?? '');
      const [status, body] = answers(new URL(request.url ?? '', 'http://api'));
      response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    asked = [];
    health = { status: 'ok', mode: 'live' };
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  async function ask(line: string, api = url) {
    const terminal = keptTerminal({ columns: 80, environment: { API_URL: api } });
    const status = await runCli(line.split(' '), terminal);
    const [printed, complained] = [terminal.printed(), terminal.complained()];
    if (!line.includes('--json')) expect(printed.split('\n').filter(({ length }) => length > 80)).toEqual([]);
    return { status, printed, complained };
  }

  const latest = (ticker: string, change: object = {}) => ({
    ...{ ticker, timestamp: SLOT, price: '87123.450', source: 'kraken', observed_at: SLOT + 0.4, flags: [] },
    ...{ consensus: null, age_seconds: 3.588, stale: false, ...change },
  });
  const problem = (status: number, type: string, detail: string, errors?: object[]) =>
    [status, { type: `urn:tidemark:problem:${type}`, title: 'x', status, detail, errors }] as const;

  it('shows the newest prices of the tickers that are named, as they are written', async () => {
    answers = ({ searchParams }) => [
      200,
      latest(searchParams.get('ticker') === 'BTC/USD' ? 'btc_usd' : 'eth_usd', { stale: true, flags: ['derived'] }),
    ];
    const { status, printed, complained } = await ask('latest BTC/USD eth_usd');
    expect({ status, complained }).toEqual({ status: 0, complained: `Asking the API at ${url}.\n` });
    expect(asked.toSorted()).toEqual(['/v1/prices/latest?ticker=BTC%2FUSD', '/v1/prices/latest?ticker=eth_usd']);
    expect(printed).toBe(`TICKER   PRICE      SOURCE  TIME (UTC)           AGE    NOTE
btc_usd  87123.450  kraken  2025-12-17 19:33:20  3.6 s  stale, derived
eth_usd  87123.450  kraken  2025-12-17 19:33:20  3.6 s  stale, derived
`);
  });

  it.each([
    ['simulated', ' (simulated prices)'],
    ['live', ''],
    [undefined, ''],
  ])('says of prices of mode %s that they are so, where they are not real', async (mode, note) => {
    health = { status: 'ok', mode };
    answers = () => [200, { tickers: [] }];
    expect((await ask('tickers')).complained).toBe(`Asking the API at ${url}${note}.\n`);
  });

  it('asks for every ticker that is sampled and has a price when none is named', async () => {
    const ticker = (name: string, enabled: boolean, last_slot: number | null) => ({
      ...{ ticker: name, enabled, interval_seconds: 60, rule: 'median', sources: ['kraken'], last_slot },
    });
    const tickers = [ticker('btc_usd', true, SLOT), ticker('old_usd', false, SLOT), ticker('new_usd', true, null)];
    answers = ({ pathname }) => [200, pathname === '/v1/tickers' ? { tickers } : latest('btc_usd')];
    expect((await ask('latest')).printed).toContain('btc_usd');
    expect(asked).toEqual(['/v1/tickers?', '/v1/prices/latest?ticker=btc_usd']);
    expect((await ask('tickers')).printed).toMatch(/^old_usd +stopped +median +2025-12-17 19:33:20 +kraken$/m);
  });

  it("prints the API's own answers with --json, one a line", async () => {
    const body =
      '{"ticker":"btc_usd","timestamp":1,"price":"1.10","source":"x","flags":[],"age_seconds":1,"stale":false}';
    answers = () => [200, body];
    expect((await ask('latest a_usd b_usd --json')).printed).toBe(`${body}\n${body}\n`);
  });

  it('shows those that have a price, says what is wrong with the others, and ends with the status of the worst', async () => {
    answers = ({ searchParams }) =>
      searchParams.get('ticker') === 'btc_usd'
        ? [200, latest('btc_usd')]
        : problem(404, 'no-price-yet', 'new_usd has no price yet; /gaps?ticker=new_usd tells why.');
    const partly = await ask('latest btc_usd new_usd');
    expect(partly).toMatchObject({ status: 1, printed: expect.stringContaining('btc_usd') as string });
    expect(partly.complained).toContain('error: new_usd has no price yet; /gaps?ticker=new_usd tells why.\n');
    answers = () => problem(404, 'unknown-ticker', 'ticker btc_us is not known: did you mean btc_usd?');
    const unknown = await ask('latest btc_us');
    expect(unknown).toMatchObject({ status: 2, printed: '' });
    expect(unknown.complained).toContain('error: ticker btc_us is not known: did you mean btc_usd?\n');
  });

  it('leaves times to the API, and says every fault that it finds', async () => {
    const errors = [
      { parameter: 'from', detail: 'is no time' },
      { parameter: 'to', detail: 'is no time either' },
    ];
    answers = () => problem(400, 'invalid-parameters', '2 parameters are wrong', errors);
    const { status, complained } = await ask('gaps btc_usd --from soon --to later');
    expect(status).toBe(2);
    expect(complained).toContain('error: from is no time\n  to is no time either\n');
    expect(asked).toEqual(['/v1/gaps?ticker=btc_usd&from=soon&to=later&limit=1000']);
  });

  const gap = (from: number, sources: object[]) => ({ from, to: from + 60, slots: 1, reason: 'timeout', sources });
  const gapsPage = (gaps: object[], next: string | null) => ({
    ...{ ticker: 'btc_usd', from: SLOT, to: SLOT + 3600, decided_to: SLOT + 3600, expected: 60, stored: 58 },
    ...{ missing: 2, unexplained: 0, gaps, next },
  });

  it('follows the pages of a long answer to its end, or to --limit', async () => {
    const six = ['kraken', 'bitstamp', 'coinbase', 'binance', 'deribit', 'coingecko'];
    const sources = six.map((source) => ({ source, outcome: 'failed', reason: 'timeout' }));
    answers = ({ searchParams }) => [
      200,
      searchParams.get('cursor') === 'x' ? gapsPage([gap(SLOT + 600, [])], null) : gapsPage([gap(SLOT, sources)], 'x'),
    ];
    const { status, printed } = await ask('gaps btc_usd');
    expect(status).toBe(0);
    expect(printed).toContain('60 slots expected, 58 stored, 2 missing, 0 of them without a reason.');
    expect(printed).toMatch(/^2025-12-17 19:33:20 +19:34:20 +1 +timeout +kraken failed: timeout,/m);
    expect(printed).toMatch(/^2025-12-17 19:43:20 /m);
    expect(asked.at(-1)).toBe('/v1/gaps?ticker=btc_usd&limit=1000&cursor=x');
    const one = await ask('gaps btc_usd --limit 1');
    expect(one.complained).toContain('There are more than 1 gaps');
    expect(asked.at(-1)).toBe('/v1/gaps?ticker=btc_usd&limit=1');
    expect((await ask('gaps btc_usd --json')).printed.trim().split('\n')).toHaveLength(2);
  });

  it('shows the newest 20 prices, or all of a range', async () => {
    const data = [
      { timestamp: SLOT, price: '0.00001234567890123456789012345678901234567890', source: 'median', observed_at: 1 },
    ];
    answers = () => [200, { ticker: 'btc_usd', data, next: null }];
    const { printed } = await ask('prices btc_usd');
    // Not a digit is left out.
    expect(printed.replace(/\s/g, '')).toContain('median');
    expect(printed).toContain('0.00001234567890123');
    expect(asked.at(-1)).toBe('/v1/prices?ticker=btc_usd&order=desc&limit=20');
    await ask('prices btc_usd --from 2025-12-17');
    expect(asked.at(-1)).toBe('/v1/prices?ticker=btc_usd&from=2025-12-17&limit=1000');
    answers = () => [200, { ticker: 'btc_usd', data, next: 'x' }];
    const { complained } = await ask('prices btc_usd --limit 1');
    expect(complained).toContain('There are more than 1 prices: give a higher --limit, or --from and --to.\n');
  });

  const explanation = {
    ...{ ticker: 'btc_usd', timestamp: SLOT, slot: SLOT, state: 'stored', gap: null, earlier_prices: [] },
    summary:
      'The median of 2 sources that lie 0.0001 of the price apart; left out: bitstamp (jump), and some more words.',
    price: { price: '87123.45', source: 'median', observed_at: SLOT + 0.4, flags: ['derived'], revision: 0 },
    schedule: { interval_seconds: 10, rule: 'median' },
    samples: [
      {
        ...{ source: 'bitstamp', outcome: 'rejected', reason: 'jump', price: null, raw: '65342.10', served: false },
        detail: '65342.10 is more than 0.1 away from the last price 85703.08461855, and no other source agrees',
        fetch: { http_status: 200, latency_ms: 58, url: 'https://example.org' },
      },
    ],
  };

  it.each([
    ['explain btc_usd', '/v1/prices/explain?ticker=btc_usd'],
    ['explain btc_usd 2025-12-17T19:33:20Z', '/v1/prices/explain?ticker=btc_usd&timestamp=2025-12-17T19%3A33%3A20Z'],
  ])('explains by `%s`', async (line, path) => {
    answers = () => [200, explanation];
    const { status, printed } = await ask(line);
    expect({ status, asked }).toEqual({ status: 0, asked: [path] });
    expect(printed).toMatch(/^btc_usd at 2025-12-17 19:33:20 UTC \(slot 1766000000\): stored$/m);
    expect(printed).toMatch(/^bitstamp +rejected: jump +65342.10 +no +200 +58 ms$/m);
    expect(printed).toContain('  bitstamp: 65342.10 is more than 0.1 away');
  });

  it('explains a slot for which no source was asked', async () => {
    const nothing = { outcome: null, reason: null, detail: null, price: null, raw: null, served: false, fetch: null };
    const samples = [{ source: 'kraken', ...nothing }];
    answers = () => [200, { ...explanation, state: 'not_planned', price: null, samples }];
    const { status, printed } = await ask('explain btc_usd');
    expect(status).toBe(0);
    expect(printed).toMatch(/^kraken +- +- +no +- +-$/m);
    expect(printed).not.toContain('every call');
  });

  it.each<[string, Answers, string]>([
    ['is no Tidemark', () => [404, '<html>'], 'does not answer as a Tidemark: HTTP 404'],
    ['answers something else', () => [200, { hello: 'world' }], 'does not answer as a Tidemark of this version'],
    [
      'is not ready',
      () => problem(503, 'unavailable', 'The database does not answer; ask again shortly.'),
      'error: The database does not answer; ask again shortly.',
    ],
  ])('ends with status 1 and a sentence when it %s', async (_name, given, sentence) => {
    answers = given;
    const { status, complained } = await ask('tickers');
    expect(status).toBe(1);
    expect(complained.replaceAll('\n', ' ')).toContain(sentence);
    expect(complained).not.toMatch(/^ +at /m);
  });

  it('says so when nobody answers there, and hides a password', async () => {
    const { status, complained } = await ask('tickers', 'http://me:hidden-word@127.0.0.1:9/v1/');
    expect(status).toBe(1);
    expect(complained).toMatch(/Asking the API at http:\/\/127\.0\.0\.1:9\.\n.*cannot be reached/);
    expect(complained).not.toContain('hidden-word');
  });

  it.each([
    ['tickers --api nowhere', '--api nowhere: give an address'],
    ['gaps btc_usd --limit none', '--limit none: give a whole number'],
    [
      'gaps',
      "missing required argument 'ticker'\nUsage: tidemark gaps [options] <ticker>\nExample: tidemark gaps btc_usd",
    ],
    ['explain', 'Example: tidemark explain btc_usd '],
    ['latest btc_usd --jsn', 'Did you mean --json?'],
    ['latets btc_usd --jsn', 'Did you mean latest?'],
    ['lates', 'Did you mean latest?'],
    ['gap btc_usd', 'Did you mean gaps?'],
    ['tickets', 'Did you mean tickers?'],
  ])('refuses `%s` with status 2 and asks nobody', async (line, sentence) => {
    const { status, printed, complained } = await ask(line);
    expect({ status, printed, asked }).toEqual({ status: 2, printed: '', asked: [] });
    expect(complained).toContain(sentence);
  });
});
