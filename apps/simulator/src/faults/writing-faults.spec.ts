import { ControlledSimulator, SECOND } from '../controlled-simulator.contract.js';

const simulator = new ControlledSimulator();

beforeAll(() => simulator.start());
afterAll(() => simulator.stop());
beforeEach(() => simulator.reset());

/** One path of every source, with the price field as it stands there and as it stands there misspelt. */
const PATHS: readonly [path: string, right: RegExp, renamed: RegExp][] = [
  ['/deribit/api/v2/public/get_index_price?index_name=btc_usd', /"index_price":\d/, /"indx_price":\d/],
  ['/coingecko/api/v3/simple/price?ids=bitcoin&vs_currencies=usd&precision=full', /"usd":\d/, /"usdd":\d/],
  ['/coinpaprika/v1/tickers/btc-bitcoin', /"USD":\{"price":\d/, /"USD":\{"prce":\d/],
  ['/coinpaprika/v1/tickers', /"USD":\{"price":\d/, /"USD":\{"prce":\d/],
  ['/coincap/v3/assets/bitcoin?apiKey=spec', /"priceUsd":"\d/, /"prceUsd":"\d/],
  ['/binance/api/v3/ticker/price?symbol=BTCUSDT', /"price":"\d/, /"prce":"\d/],
  ['/binance/api/v3/ticker/24hr?symbol=BTCUSDT', /"lastPrice":"\d/, /"lstPrice":"\d/],
  ['/coinbase/v2/exchange-rates?currency=USD', /"rates":\{"BTC":"\d/, /"rtes":\{"BTC":"\d/],
  ['/coinbase/products/BTC-USD/ticker', /"price":"\d/, /"prce":"\d/],
  ['/kraken/0/public/Ticker?pair=XBTUSD', /"c":\["\d/, /"cc":\["\d/],
  ['/bitstamp/api/v2/ticker/btcusd/', /"last":"\d/, /"lst":"\d/],
];

async function fault(fields: object): Promise<void> {
  expect(await simulator.post('/faults', { seconds: 60, ...fields })).toMatchObject({ status: 201 });
}

const textOf = async (path: string): Promise<string> => (await simulator.get(path)).text();

describe('a fault that changes what is written', () => {
  it.each(PATHS)('renamed: at %s the field has another name', async (path, right, renamed) => {
    expect(await textOf(path)).toMatch(right);
    await fault({ kind: 'renamed' });
    const text = await textOf(path);
    expect(text).not.toMatch(right);
    expect(text).toMatch(renamed);
    expect(() => JSON.parse(text)).not.toThrow();
  });

  it('renamed: takes a name of its own', async () => {
    await fault({ kind: 'renamed', renamed_to: 'cost', source: 'bitstamp' });
    expect(await simulator.json('/bitstamp/api/v2/ticker/btcusd/')).toHaveProperty('cost');
  });

  it.each(PATHS)('retyped: at %s the price is of another type', async (path, right) => {
    await fault({ kind: 'retyped' });
    const swapped = await textOf(path);
    expect(swapped).not.toMatch(right);
    expect(swapped).toMatch(
      new RegExp(
        right.source.endsWith('"\\d') ? right.source.replace(/"\\d$/, '\\d') : `${right.source.slice(0, -2)}"\\d`,
      ),
    );
    expect(() => JSON.parse(swapped)).not.toThrow();
    await fault({ kind: 'retyped', type: 'object' });
    const text = await textOf(path);
    expect(text).toContain('{"value":');
    expect(() => JSON.parse(text)).not.toThrow();
  });

  it.each(PATHS)('zero, negative, absurd and off: at %s the price is so, and the log tells it', async (path) => {
    for (const [kind, pattern] of [
      ['zero', /^0$/],
      ['negative', /^-\d/],
      ['absurd', /^1e30$/],
    ] as const) {
      simulator.running.faults.end();
      await fault({ kind });
      const text = await textOf(path);
      const call = simulator.running.log.page(0, 10_000).calls.at(-1);
      const [price = ''] = Object.values(call?.prices ?? {});
      expect(price).toMatch(pattern);
      expect(text).toContain(price);
      expect(call).toMatchObject({ fault: kind, status: 200 });
    }
  });

  it('off: the price is a quarter too high, and a rate a fifth too low', async () => {
    const product = async () => Number((await simulator.json('/coinbase/products/BTC-USD/ticker')).price);
    const rate = async () => Number((await simulator.json('/coinbase/v2/exchange-rates')).data.rates.BTC);
    const [price, inverse] = [await product(), await rate()];
    await fault({ kind: 'off', percent: 25, source: 'coinbase' });
    expect((await product()) / price).toBeCloseTo(1.25, 3);
    expect((await rate()) / inverse).toBeCloseTo(0.8, 3);
  });

  it('of which each may name whom it strikes, in a list of all too', async () => {
    await fault({ kind: 'zero', ticker: 'ETHUSDT' });
    await fault({ kind: 'renamed', ticker: 'BNBUSDT' });
    const list = await simulator.json('/binance/api/v3/ticker/price');
    const of = (symbol: string) => list.find((row: { symbol: string }) => row.symbol === symbol);
    expect(of('ETHUSDT')).toMatchObject({ price: '0' });
    expect(of('BNBUSDT')).toMatchObject({ prce: expect.any(String) });
    expect(Number(of('BTCUSDT').price)).toBeGreaterThan(50_000);
    expect(await simulator.json('/binance/api/v3/ticker/price?symbol=BTCUSDT')).toHaveProperty('price');
  });

  it.each([
    ['/coingecko/api/v3/simple/price?ids=bitcoin,ethereum&vs_currencies=usd', 'bitcoin', '"bitcoin"'],
    ['/coinpaprika/v1/tickers', 'eth-ethereum', '"id":"eth-ethereum"'],
    ['/coincap/v3/assets?ids=bitcoin,ethereum&apiKey=spec', 'ethereum', '"id":"ethereum"'],
    ['/binance/api/v3/ticker/price?symbols=%5B%22BTCUSDT%22,%22ETHUSDT%22%5D', 'ETHUSDT', '"ETHUSDT"'],
    ['/coinbase/v2/exchange-rates', 'ETH', '"ETH"'],
    ['/kraken/0/public/Ticker?pair=XBTUSD,ETHUSD', 'ETHUSD', 'XETHZUSD'],
  ])('missing: %s answers without %s', async (path, ticker, there) => {
    expect(await textOf(path)).toContain(there);
    await fault({ kind: 'missing', ticker });
    const text = await textOf(path);
    expect(text).not.toContain(there);
    expect(() => JSON.parse(text)).not.toThrow();
  });

  const KRAKEN = '/kraken/0/public/Ticker?pair=XBTUSD,ETHUSD';
  const BINANCE = `/binance/api/v3/ticker/24hr?type=MINI&symbols=${encodeURIComponent('["BTCUSDT","ETHUSDT"]')}`;
  it.each([
    [KRAKEN, 'ETHUSD', 200, '{"error":["EQuery:Unknown asset pair"]}', '/kraken/0/public/AssetPairs'],
    [BINANCE, 'ETHUSDT', 400, '{"code":-1121,"msg":"Invalid symbol."}', '/binance/api/v3/exchangeInfo'],
    ['/bitstamp/api/v2/ticker/ethusd', 'ethusd', 404, undefined, '/bitstamp/api/v2/trading-pairs-info'],
    ['/coinbase/products/ETH-USD/ticker', 'ETH-USD', 404, undefined, '/coinbase/products'],
    ['/coinpaprika/v1/tickers/eth-ethereum', 'eth-ethereum', 404, undefined, '/coinpaprika/v1/coins'],
  ])('delisted: %s is answered as if %s had never been', async (path, ticker, status, body, list) => {
    const quoted = `"${ticker}"`;
    expect(await textOf(list)).toContain(quoted);
    await fault({ kind: 'delisted', ticker });
    const refused = await simulator.get(path);
    expect(refused.status).toBe(status);
    if (body !== undefined) expect(await refused.text()).toBe(body);
    expect(await textOf(list)).not.toContain(quoted);
    simulator.reset();
    expect((await simulator.get(path)).status).toBe(200);
    expect(await textOf(list)).toContain(quoted);
  });

  it('delisted: needs the name', async () => {
    expect(await simulator.post('/faults', { kind: 'delisted', source: 'kraken', seconds: 9 })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'ticker' }] },
    });
  });

  it('missing: leaves out the first name when it names nobody', async () => {
    await fault({ kind: 'missing', source: 'kraken' });
    expect(Object.keys((await simulator.json('/kraken/0/public/Ticker?pair=XBTUSD,ETHUSD')).result)).toEqual([
      'XETHZUSD',
    ]);
  });

  it.each(PATHS)('frozen: %s keeps its old price and its old time', async (path) => {
    const before = await textOf(path);
    await fault({ kind: 'frozen' });
    simulator.nowMs += 45_000;
    const withoutClock = (text: string) =>
      text.replace(/"us(In|Out|Diff)":\d+/g, '').replaceAll(`${SECOND}000`, `${SECOND}250`);
    const after = (await textOf(path)).replaceAll('12:00:00.000104729Z', '12:00:00.250104729Z');
    expect(withoutClock(after).replace(/(openTime|closeTime)":\d+/g, '')).toBe(
      withoutClock(before).replace(/(openTime|closeTime)":\d+/g, ''),
    );
    simulator.running.faults.end();
    expect(withoutClock(await textOf(path))).not.toBe(withoutClock(before));
  });

  it('frozen: without a cache says nothing of its age; with one tells Age, and the Date of then', async () => {
    await fault({ kind: 'frozen', source: 'kraken' });
    await fault({ kind: 'frozen', source: 'coinpaprika', cached: true, at: SECOND - 600 });
    simulator.nowMs += 30_000;
    const kraken = await simulator.get('/kraken/0/public/Ticker?pair=XBTUSD');
    expect([kraken.headers.get('age'), kraken.headers.get('date')]).toEqual([null, 'Thu, 18 Dec 2025 12:00:30 GMT']);
    const paprika = await simulator.get('/coinpaprika/v1/tickers/btc-bitcoin');
    expect([paprika.headers.get('age'), paprika.headers.get('date')]).toEqual(['630', 'Thu, 18 Dec 2025 11:50:00 GMT']);
    expect(JSON.parse(await paprika.text())).toMatchObject({ last_updated: '2025-12-18T11:50:00Z' });
  });

  it('goes together with others, with a delay, and with what spoils the delivery', async () => {
    await fault({ kind: 'frozen', at: SECOND - 5 });
    await fault({ kind: 'renamed' });
    await fault({ kind: 'delay', delay_ms: 1 });
    const { prce } = await simulator.json('/binance/api/v3/ticker/price?symbol=BTCUSDT');
    expect(prce).toBe(simulator.running.prices.priceText('binance', 'btc_usdt', SECOND - 5));
    await fault({ kind: 'truncated_json' });
    expect(await textOf('/binance/api/v3/ticker/price?symbol=BTCUSDT')).toBe('{"symbol":"BTCUSDT","p');
  });
});

describe('a plan of faults', () => {
  it('strikes in its seconds alone, and tells its state', async () => {
    await fault({
      kind: 'status',
      status: 503,
      seconds: undefined,
      from: SECOND + 10,
      to: SECOND + 20,
      source: 'bitstamp',
    });
    const status = async () => (await simulator.get('/bitstamp/api/v2/ticker/btcusd/')).status;
    expect(await status()).toBe(200);
    expect((await simulator.json('/simulator/faults')).faults).toMatchObject([
      { state: 'planned', started_at: SECOND + 10, ends_at: SECOND + 20, calls: 0 },
    ]);
    simulator.nowMs += 10_000;
    expect(await status()).toBe(503);
    expect((await simulator.json('/simulator/faults')).faults).toMatchObject([{ state: 'active', calls: 1 }]);
    simulator.nowMs += 10_000;
    expect(await status()).toBe(200);
    expect((await simulator.json('/simulator/faults')).faults).toEqual([]);
    const { faults } = await simulator.json('/simulator/faults?ended=true');
    expect(faults.at(-1)).toMatchObject({ state: 'ended', status: 503, calls: 1 });
  });

  it('strikes as often as it is told', async () => {
    await fault({ kind: 'status', status: 429, times: 2, source: 'kraken' });
    const statuses = [];
    for (let count = 0; count < 3; count += 1) statuses.push((await simulator.get('/kraken/0/public/Time')).status);
    expect(statuses).toEqual([429, 429, 200]);
  });

  it.each([
    [{ kind: 'zero' }, 'seconds'],
    [{ kind: 'zero', seconds: 1, to: SECOND }, 'to'],
    [{ kind: 'zero', from: SECOND, to: SECOND }, 'to'],
    [{ kind: 'zero', from: SECOND, to: SECOND + 604_801 }, 'to'],
    [{ kind: 'zero', from: SECOND * 1000, seconds: 1 }, 'from'],
    [{ kind: 'zero', seconds: 1, times: 0 }, 'times'],
    [{ kind: 'zero', seconds: 1, endpoint: 'ticker' }, 'endpoint'],
    [{ kind: 'off', seconds: 1 }, 'percent'],
    [{ kind: 'off', seconds: 1, percent: -100 }, 'percent'],
    [{ kind: 'retyped', seconds: 1, type: 'date' }, 'type'],
    [{ kind: 'renamed', seconds: 1, renamed_to: 'a"b' }, 'renamed_to'],
    [{ kind: 'huge_body', seconds: 1, bytes: 0 }, 'bytes'],
    [{ kind: 'status', seconds: 1, status: 429, retry_after: 1, retry_after_as: 'year' }, 'retry_after_as'],
  ])('is refused as %j, naming %s', async (body, field) => {
    expect(await simulator.post('/faults', body)).toMatchObject({ status: 400, body: { errors: [{ field }] } });
  });
});
