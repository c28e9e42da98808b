import { ControlledSimulator, SECOND } from '../controlled-simulator.contract.js';

const simulator = new ControlledSimulator();
const KEY = { authorization: 'Bearer spec' };

beforeAll(() => simulator.start({ syntheticCount: 2 }));
afterAll(() => simulator.stop());
beforeEach(() => simulator.reset());

/** Where every source writes a price: path, name as it is stored, and the text before the price text. */
const WIRE: readonly [source: string, name: string, path: string, before: string][] = [
  ['deribit', 'btc_usd', '/deribit/api/v2/public/get_index_price?index_name=btc_usd', '"index_price":'],
  ['deribit', 'sim0001_usdc', '/deribit/api/v2/public/get_index_price?index_name=sim0001_usdc', '"index_price":'],
  ['coingecko', 'ripple', '/coingecko/api/v3/simple/price?ids=ripple&vs_currencies=usd&precision=full', '"usd":'],
  ['coinpaprika', 'ada-cardano', '/coinpaprika/v1/tickers/ada-cardano', '"USD":{"price":'],
  ['coinpaprika', 'sim0002-sim0002', '/coinpaprika/v1/tickers/sim0002-sim0002', '"USD":{"price":'],
  ['coincap', 'shiba-inu', '/coincap/v3/assets?ids=shiba-inu', '"priceUsd":"'],
  ['binance', 'ETHUSDT', '/binance/api/v3/ticker/price?symbol=ETHUSDT', '"price":"'],
  ['binance', 'BTCUSDC', '/binance/api/v3/ticker/24hr?symbol=BTCUSDC', '"lastPrice":"'],
  ['coinbase', 'SOL-USD', '/coinbase/products/SOL-USD/ticker', '"price":"'],
  ['coinbase', 'SOL-USD', '/coinbase/v2/exchange-rates?currency=USD', '"SOL":"'],
  ['coinbase', 'USDC', '/coinbase/v2/exchange-rates?currency=USD', '"USDC":"'],
  ['coinbase', 'SIM0001', '/coinbase/v2/exchange-rates', '"SIM0001":"'],
  ['kraken', 'XBTUSD', '/kraken/0/public/Ticker?pair=XBTUSD', '"c":["'],
  ['kraken', 'SIM0001USD', '/kraken/0/public/Ticker?pair=SIM0001USD', '"c":["'],
  ['bitstamp', 'usdtusd', '/bitstamp/api/v2/ticker/usdtusd/', '"last":"'],
];

async function onTheWire(path: string, before: string): Promise<string> {
  const text = await (await simulator.get(path, path.startsWith('/coincap') ? KEY : {})).text();
  const start = text.indexOf(before) + before.length;
  return /^-?[0-9.e+-]+/.exec(text.slice(start))?.[0] ?? `no ${before} in ${text}`;
}

describe('the expected prices of every source', () => {
  it.each(WIRE)('of %s %s at %s is what stood on the wire', async (source, name, path, before) => {
    for (const offset of [0, 1, 59, 86_399]) {
      simulator.nowMs = (SECOND + offset) * 1000 + 999;
      const expected = await simulator.expectedPrices(source, name, 'usd', SECOND + offset);
      expect(expected).toContain(await onTheWire(path, before));
      expect(expected.length).toBe(name.endsWith('-USD') ? 2 : 1);
    }
  });

  it.each(WIRE)('of %s %s at %s knows an event of the market', async (source, name, path, before) => {
    for (const asset of ['btc', 'eth', 'xrp', 'ada', 'shib', 'sol', 'usdc', 'sim0001', 'sim0002', 'usdt']) {
      await simulator.post('/market/events', { kind: 'move', asset, percent: 7, from: SECOND + 5 });
    }
    const earlier = await onTheWire(path, before);
    simulator.nowMs += 10_000;
    const later = await onTheWire(path, before);
    expect(later).not.toBe(earlier);
    expect(await simulator.expectedPrices(source, name, 'usd')).toContain(earlier);
    expect(await simulator.expectedPrices(source, name, 'usd', SECOND + 10)).toContain(later);
  });

  it.each(
    WIRE.flatMap((wire) => ['off', 'zero', 'negative', 'absurd', 'frozen'].map((kind) => [kind, ...wire] as const)),
  )(
    'while a fault makes it %s, of %s %s at %s, knows that as well, also when the fault is over',
    async (kind, source, name, path, before) => {
      await simulator.post('/faults', {
        kind,
        source,
        from: SECOND + 5,
        to: SECOND + 20,
        ...(kind === 'off' ? { percent: 25 } : {}),
      });
      simulator.nowMs += 10_000;
      const spoiled = await onTheWire(path, before);
      simulator.nowMs += 60_000;
      const expected = await simulator.expectedPrices(source, name, 'usd', SECOND + 10);
      expect(expected.slice(0, 1)).not.toContain(spoiled);
      expect(expected).toContain(spoiled);
      expect(await simulator.expectedPrices(source, name, 'usd', SECOND + 30)).not.toContain(spoiled);
    },
  );

  it('does not ask whether made-up assets are switched on', async () => {
    expect(await simulator.expectedPrices('kraken', 'SIM9999USD')).toHaveLength(1);
  });

  it.each([
    ['binance', 'BTCUSD'],
    ['kraken', 'BTCUSD'],
    ['coinpaprika', 'bitcoin'],
    ['coincap', 'ripple'],
    ['coinbase', 'NOPE-USD'],
    ['coinbase', 'USD'],
    ['bitstamp', 'BTCUSD'],
    ['coincap', 'sim0000'],
  ])('refuses %s %s, which the source does not have', async (source, name) => {
    const items = [{ source, name, from: SECOND, to: SECOND }];
    expect(await simulator.post('/expected-prices', { items })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'items.0.name' }] },
    });
  });

  it('has a past for every source, on the wire of its first path', async () => {
    const { prices } = await simulator.json(
      `/simulator/history?source=binance&name=BTCUSDT&from=${SECOND}&to=${SECOND + 120}`,
    );
    expect(prices[0]).toEqual([SECOND, simulator.running.prices.priceText('binance', 'btc_usdt', SECOND)]);
    const rates = await simulator.json(`/simulator/history?source=coinbase&name=BTC&from=${SECOND}&to=${SECOND + 1}`);
    expect(Number(rates.prices[0][1])).toBeLessThan(0.001);
  });
});

describe('the market', () => {
  const market = async (query: string): Promise<[number, string][]> =>
    (await simulator.json(`/simulator/market?${query}`)).prices;

  it('gives the price without any noise, both ends included', async () => {
    const prices = await market(`ticker=btc_usd&from=${SECOND}&to=${SECOND + 120}&step=60`);
    expect(prices.map(([second]) => second)).toEqual([SECOND, SECOND + 60, SECOND + 120]);
    for (const [second, text] of prices) {
      expect(text).toMatch(/^\d{5}\.\d{1,10}$/);
      for (const source of ['deribit', 'coingecko', 'coinpaprika', 'coincap', 'coinbase', 'kraken', 'bitstamp']) {
        const said = Number(simulator.running.prices.priceText(source, 'btc_usd', second));
        expect(Math.abs(said / Number(text) - 1)).toBeLessThan(0.001);
      }
    }
  });

  it('knows pairs that nobody quotes, and writes cheap ones without an exponent', async () => {
    const [[, cross] = [0, '']] = await market(`ticker=shib_btc&from=${SECOND}&to=${SECOND}`);
    expect(cross).toMatch(/^0\.0{9}\d+$/);
  });

  it('with USDT at 0.95 has every source tell 0.95, and prices in USDT rise', async () => {
    const before = await onTheWire('/binance/api/v3/ticker/price?symbol=BTCUSDT', '"price":"');
    const set = await simulator.post('/market/events', { kind: 'level', asset: 'usdt', usd: 0.95 });
    expect(set).toMatchObject({ status: 201, body: { id: expect.any(Number), from: SECOND, usd: 0.95 } });
    for (const [path, text] of [
      ['/kraken/0/public/Ticker?pair=USDTUSD', '"c":["'],
      ['/bitstamp/api/v2/ticker/usdtusd', '"last":"'],
      ['/coinbase/products/USDT-USD/ticker', '"price":"'],
      ['/coingecko/api/v3/simple/price?ids=tether&vs_currencies=usd&precision=full', '"usd":'],
      ['/coinpaprika/v1/tickers/usdt-tether', '"USD":{"price":'],
      ['/coincap/v3/assets/tether', '"priceUsd":"'],
    ] as const) {
      expect(Math.abs(Number(await onTheWire(path, text)) / 0.95 - 1)).toBeLessThan(0.002);
    }
    const rate = await onTheWire('/coinbase/v2/exchange-rates', '"USDT":"');
    expect(Math.abs(1 / Number(rate) / 0.95 - 1)).toBeLessThan(0.002);
    const after = await onTheWire('/binance/api/v3/ticker/price?symbol=BTCUSDT', '"price":"');
    expect(Number(after) / Number(before)).toBeCloseTo(1 / 0.95, 3);
    const [[, dollars] = [0, '']] = await market(`ticker=btc_usd&from=${SECOND}&to=${SECOND}`);
    const [[, tether] = [0, '']] = await market(`ticker=usdt_usd&from=${SECOND}&to=${SECOND}`);
    expect(Math.abs((Number(after) * Number(tether)) / Number(dollars) - 1)).toBeLessThan(0.001);
  });

  it('lists its events, tells of them with the seed, and takes them back', async () => {
    expect(await simulator.json('/simulator')).toEqual({ seed: 'spec', history: null });
    const { body } = await simulator.post('/market/events', { kind: 'move', asset: 'btc', percent: 30 });
    expect(await simulator.json('/simulator/market/events')).toEqual({ events: [body] });
    expect(await simulator.json('/simulator')).toEqual({ seed: 'spec', history: null, events: [body] });
    expect((await simulator.remove(`/market/events/${body.id}`)).status).toBe(200);
    expect((await simulator.remove(`/market/events/${body.id}`)).status).toBe(404);
    expect((await simulator.remove('/market/events/first')).status).toBe(400);
    expect(await (await simulator.remove('/market/events')).json()).toEqual({ removed: [] });
  });

  it.each([
    ['ticker=nope_usd&from=1&to=2', 'ticker'],
    ['ticker=btc&from=1&to=2', 'ticker'],
    ['ticker=btc_usd&from=2&to=1', 'to'],
    ['ticker=btc_usd&from=1&to=200000', 'step'],
    ['ticker=btc_usd&from=now&to=1766000001', 'from'],
    ['ticker=btc_usd&to=2', 'from'],
  ])('refuses %s and names %s', async (query, field) => {
    const response = await simulator.get(`/simulator/market?${query}`);
    expect(response.status).toBe(400);
    const { errors } = JSON.parse(await response.text());
    expect(errors.map((error: { field: string }) => error.field)).toContain(field);
  });

  it('refuses an event that cannot be and names the field', async () => {
    expect(await simulator.post('/market/events', { kind: 'move', asset: 'nope', percent: 1 })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'asset' }] },
    });
  });
});
