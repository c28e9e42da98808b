import { get, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { ControlledSimulator, SECOND } from '../controlled-simulator.contract.js';

const simulator = new ControlledSimulator();

beforeAll(() => simulator.start());
afterAll(() => simulator.stop());
beforeEach(() => simulator.reset());

const TICKER = '/bitstamp/api/v2/ticker/btcusd/';

async function fault(fields: object): Promise<void> {
  expect(await simulator.post('/faults', { seconds: 60, ...fields })).toMatchObject({ status: 201 });
}

describe('a fault of kind status', () => {
  it.each([
    ['/coinpaprika/v1/tickers', 402, '{"error":"payment required'],
    ['/coinpaprika/v1/tickers', 429, '{"error":"you have reached maximum request limit"}'],
    ['/coinpaprika/v1/tickers', 404, '{"error":"id not found"}'],
    ['/coinpaprika/v1/tickers', 502, '<h1>Error 502: Bad Gateway</h1>'],
    ['/coincap/v3/assets', 401, '"error":"API key required"'],
    ['/coincap/v3/assets', 403, '"error":"API key not recognized"'],
    ['/coincap/v3/assets', 429, '"error":"rate limit exceeded"'],
    ['/coincap/v3/assets', 503, '<!DOCTYPE html>'],
    ['/binance/api/v3/ticker/price', 400, '{"code":-1121,"msg":"Invalid symbol."}'],
    ['/binance/api/v3/ticker/price', 401, '"code":-2015'],
    ['/binance/api/v3/ticker/price', 403, '<h1>403 Forbidden</h1>'],
    ['/binance/api/v3/ticker/price', 418, `IP banned until ${SECOND + 120}250`],
    ['/binance/api/v3/ticker/price', 429, '{"code":-1003,"msg":"Too much request weight used;'],
    ['/binance/api/v3/ticker/price', 451, '{"code":0,"msg":"Service unavailable from a restricted location'],
    ['/binance/api/v3/ticker/price', 500, '"code":-1000'],
    ['/binance/api/v3/ticker/price', 503, '<title>503 Service Temporarily Unavailable</title>'],
    ['/coinbase/v2/exchange-rates', 404, '{"errors":[{"id":"not_found","message":"Invalid currency"}]}'],
    ['/coinbase/v2/exchange-rates', 401, '"id":"authentication_error"'],
    ['/coinbase/v2/exchange-rates', 429, '{"errors":[{"id":"rate_limit_exceeded","message":"Too many requests"}]}'],
    ['/coinbase/products/BTC-USD/ticker', 404, '{"message":"NotFound"}'],
    ['/coinbase/products/BTC-USD/ticker', 429, '{"message":"Public rate limit exceeded"}'],
    ['/coinbase/products/BTC-USD/ticker', 500, '<h1>Error 500: Internal Server Error</h1>'],
    ['/kraken/0/public/Ticker', 200, '{"error":["EGeneral:Too many requests"]}'],
    ['/kraken/0/public/Ticker', 400, '{"error":["EGeneral:Invalid arguments"]}'],
    ['/kraken/0/public/Ticker', 403, '<h1>Error 403: Forbidden</h1>'],
    ['/kraken/0/public/Ticker', 520, '<h1>Error 520: Error</h1>'],
    [TICKER, 429, '"code":"400.002"'],
    [TICKER, 404, '"error":"Invalid currency pair"'],
    [TICKER, 403, '"error":"Access denied"'],
    [TICKER, 502, '<title>502 Bad Gateway</title>'],
  ])('answers %s with %i and the body that the source has for it', async (path, status, body) => {
    await fault({ kind: 'status', status });
    const response = await simulator.get(path);
    expect(response.status).toBe(status);
    expect(await response.text()).toContain(body);
  });

  it('tells when to come again in seconds, as a date, or not at all', async () => {
    const after = async () => (await simulator.get(TICKER)).headers.get('retry-after');
    await fault({ kind: 'status', status: 429 });
    expect(await after()).toBeNull();
    await fault({ kind: 'status', status: 429, retry_after: 0 });
    expect(await after()).toBe('0');
    await fault({ kind: 'status', status: 418, retry_after: 120, retry_after_as: 'date' });
    expect(await after()).toBe('Thu, 18 Dec 2025 12:02:00 GMT');
  });

  it('keeps to its source, and to its path', async () => {
    await fault({ kind: 'status', status: 503, source: 'binance', endpoint: '/api/v3/ticker/24hr' });
    expect((await simulator.get('/binance/api/v3/ticker/24hr?symbol=BTCUSDT')).status).toBe(503);
    expect((await simulator.get('/binance/api/v3/ticker/price?symbol=BTCUSDT')).status).toBe(200);
    expect((await simulator.get(TICKER)).status).toBe(200);
  });
});

describe('a fault of the body', () => {
  it('empty_body: answers 200 as JSON with nothing in it', async () => {
    await fault({ kind: 'empty_body' });
    const response = await simulator.get(TICKER);
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '0', '']);
    expect(response.headers.get('content-type')).toBe('application/json');
  });

  it('truncated_json: ends in the middle, and HTTP finds nothing wrong with it', async () => {
    const whole = await (await simulator.get(TICKER)).text();
    await fault({ kind: 'truncated_json' });
    const response = await simulator.get(TICKER);
    expect(await response.text()).toBe(whole.slice(0, Math.floor(whole.length / 2)));
    expect(response.status).toBe(200);
  });

  it('wrong_body: answers 200 with a page of HTML', async () => {
    await fault({ kind: 'wrong_body' });
    const response = await simulator.get(TICKER);
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(await response.text()).toContain('<!DOCTYPE html>');
  });

  it('huge_body: sends as many bytes as it is told, without saying so', async () => {
    await fault({ kind: 'huge_body', bytes: 1_000_003 });
    const response = await simulator.get(TICKER);
    expect(response.headers.get('content-length')).toBeNull();
    expect((await response.arrayBuffer()).byteLength).toBe(1_000_003);
  });

  it('huge_body: announces 100 MB when it is told to, and stops when the caller has had enough', async () => {
    await fault({ kind: 'huge_body', announced: true });
    const response = await open(TICKER);
    expect(response.headers['content-length']).toBe('104857600');
    await once(response, 'data');
    response.destroy();
    expect((await simulator.get('/simulator/counters')).status).toBe(200);
  });

  it('huge_body: is cut when the fault ends', async () => {
    await fault({ kind: 'huge_body' });
    const response = await open(TICKER);
    const closed = new Promise((resolve) => response.on('error', () => undefined).on('close', resolve));
    simulator.running.faults.end();
    response.resume();
    await closed;
    expect(response.complete).toBe(false);
  });
});

async function open(path: string): Promise<IncomingMessage> {
  const base = (await simulator.get('/simulator')).url;
  return new Promise((resolve, reject) => {
    get(new URL(path, base), resolve).on('error', reject);
  });
}
