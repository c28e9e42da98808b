import { ControlledSimulator, SECOND } from '../controlled-simulator.contract.js';

const simulator = new ControlledSimulator();
const KEY = { authorization: 'Bearer spec' };

beforeAll(() => simulator.start({ syntheticCount: 3 }));
afterAll(() => simulator.stop());
beforeEach(() => simulator.reset());

const honest = (source: string, ticker: string, second = SECOND): string =>
  simulator.running.prices.priceText(source, ticker, second);

describe('the simulated CoinGecko', () => {
  it('lists its coins with ids, and namesakes that share a symbol', async () => {
    const list: { id: string; symbol: string; name: string }[] = await simulator.json('/coingecko/api/v3/coins/list');
    expect(list).toContainEqual({ id: 'bitcoin', symbol: 'btc', name: 'Bitcoin' });
    expect(list).toContainEqual({ id: 'sim0003', symbol: 'sim0003', name: 'SIM0003' });
    expect(list.filter(({ symbol }) => symbol === 'btc')).toHaveLength(2);
    expect(list.map(({ id }) => id)).toEqual(list.map(({ id }) => id).toSorted());
  });

  it('answers for made-up coins as far as they are switched on', async () => {
    const query = 'ids=sim0003,sim0004,bitcoin&vs_currencies=usd';
    expect(Object.keys(await simulator.json(`/coingecko/api/v3/simple/price?${query}`))).toEqual([
      'bitcoin',
      'sim0003',
    ]);
  });
});

describe('the simulated CoinPaprika', () => {
  it('gives one coin with a number for a price and the time in ISO seconds', async () => {
    const response = await simulator.get('/coinpaprika/v1/tickers/btc-bitcoin');
    expect(response.headers.get('cache-control')).toContain('stale-if-error=600');
    expect(response.headers.get('last-modified')).toBe('Thu, 18 Dec 2025 12:00:00 GMT');
    const text = await response.text();
    expect(text).toContain(`"quotes":{"USD":{"price":${honest('coinpaprika', 'btc_usd')},`);
    expect(JSON.parse(text)).toMatchObject({
      id: 'btc-bitcoin',
      symbol: 'BTC',
      rank: 1,
      last_updated: '2025-12-18T12:00:00Z',
      quotes: { USD: { market_cap: expect.any(Number), volume_24h: expect.any(Number) } },
    });
  });

  it('gives every coin in one call, and up to three currencies', async () => {
    const rows = await simulator.json('/coinpaprika/v1/tickers?quotes=USD,BTC');
    expect(rows.length).toBeGreaterThan(33);
    expect(Object.keys(rows[1].quotes)).toEqual(['USD', 'BTC']);
    expect(rows.at(-1)).toMatchObject({ id: 'sim0003-sim0003', symbol: 'SIM0003', rank: rows.length });
    expect((await simulator.get('/coinpaprika/v1/tickers?quotes=USD,BTC,ETH,EUR')).status).toBe(400);
  });

  it('answers an unknown id with 404, and a key with a scheme word with 403', async () => {
    const unknown = await simulator.get('/coinpaprika/v1/tickers/nothing');
    expect([unknown.status, await unknown.text()]).toEqual([404, '{"error":"id not found"}']);
    expect((await simulator.get('/coinpaprika/v1/tickers', KEY)).status).toBe(403);
    expect((await simulator.get('/coinpaprika/v1/tickers', { authorization: 'spec' })).status).toBe(200);
  });

  it('lists its coins, dead namesakes too', async () => {
    const list = await simulator.json('/coinpaprika/v1/coins');
    expect(list[0]).toMatchObject({ id: 'btc-bitcoin', name: 'Bitcoin', symbol: 'BTC', is_active: true });
    expect(list.at(-1)).toMatchObject({ is_active: false });
  });
});

describe('the simulated CoinCap', () => {
  it('gives strings with 18 decimals, and the time of the answer in milliseconds before the data', async () => {
    const text = await (await simulator.get('/coincap/v3/assets/bitcoin', KEY)).text();
    expect(text).toMatch(new RegExp(`^\\{"timestamp":${SECOND}250,"data":\\{"id":"bitcoin","rank":"1",`));
    expect(text).toContain(`"priceUsd":"${honest('coincap', 'btc_usd')}"`);
    expect(honest('coincap', 'btc_usd')).toMatch(/^\d{5}\.\d{18}$/);
    expect(Object.values(JSON.parse(text).data).every((value) => value === null || typeof value !== 'number')).toBe(
      true,
    );
  });

  it('gives the ids asked for, and pages through the others', async () => {
    const ids = await simulator.json('/coincap/v3/assets?ids=ethereum,nothing,bitcoin', KEY);
    expect(ids.data.map(({ id }: { id: string }) => id)).toEqual(['ethereum', 'bitcoin']);
    const page = await simulator.json('/coincap/v3/assets?limit=2&offset=1', KEY);
    expect(page.data.map(({ rank }: { rank: string }) => rank)).toEqual(['2', '3']);
    expect((await simulator.json('/coincap/v3/assets?offset=5000', KEY)).data).toEqual([]);
    expect((await simulator.get('/coincap/v3/assets?limit=none', KEY)).status).toBe(400);
  });

  it.each([
    [{}, 401],
    [{ authorization: 'spec' }, 401],
    [{ authorization: 'Bearer invalid-key' }, 403],
  ])('answers %j with %i and JSON', async (headers, status) => {
    const response = await simulator.get('/coincap/v3/assets', { ...headers });
    expect(response.status).toBe(status);
    expect(JSON.parse(await response.text())).toMatchObject({ error: expect.any(String) });
  });

  it('takes the key in the query too', async () => {
    expect((await simulator.get('/coincap/v3/assets/xrp?apiKey=spec')).status).toBe(200);
    expect((await simulator.get('/coincap/v3/assets/ripple?apiKey=spec')).status).toBe(404);
  });

  it('says under v2, with the face of a success, that it is closed', async () => {
    const response = await simulator.get('/coincap/v2/assets');
    expect(response.status).toBe(200);
    expect(JSON.parse(await response.text()).data.message).toContain('deprecating');
  });
});

describe('the simulated Binance', () => {
  const price = '/binance/api/v3/ticker/price';

  it('gives one symbol as an object, with a string of 8 decimals', async () => {
    const text = await (await simulator.get(`${price}?symbol=BTCUSDT`)).text();
    expect(text).toBe(`{"symbol":"BTCUSDT","price":"${honest('binance', 'btc_usdt')}"}`);
    expect(text).toMatch(/"\d{5}\.\d{2}0{6}"/);
  });

  it('gives several as a list in the order asked for, and all without any', async () => {
    const several = await simulator.json(`${price}?symbols=${encodeURIComponent('["ETHUSDC","SIM0001USDT"]')}`);
    expect(several.map(({ symbol }: { symbol: string }) => symbol)).toEqual(['ETHUSDC', 'SIM0001USDT']);
    const all = await simulator.json(price);
    expect(all.map(({ symbol }: { symbol: string }) => symbol)).toEqual(
      expect.arrayContaining(['BTCUSDT', 'USDCUSDT', 'ETHBTC', 'SIM0003USDT']),
    );
    expect(all.some(({ symbol }: { symbol: string }) => symbol.endsWith('USD'))).toBe(false);
  });

  it.each([
    ['?symbol=BTCUSD', -1121],
    ['?symbol=SIM0004USDT', -1121],
    [`?symbols=${encodeURIComponent('["BTCUSDT","NOPEUSDT"]')}`, -1121],
    ['?symbols=BTCUSDT', -1100],
    [`?symbol=BTCUSDT&symbols=${encodeURIComponent('["BTCUSDT"]')}`, -1100],
  ])('answers %s with 400 and code %i: one unknown name fails the call', async (query, code) => {
    const response = await simulator.get(price + query);
    expect(response.status).toBe(400);
    expect(JSON.parse(await response.text())).toMatchObject({ code, msg: expect.any(String) });
  });

  it('gives the last day with its end in milliseconds as a number', async () => {
    const day = await simulator.json('/binance/api/v3/ticker/24hr?symbol=BTCUSDT');
    expect(day).toMatchObject({
      lastPrice: honest('binance', 'btc_usdt'),
      closeTime: SECOND * 1000 + 250,
      count: 554_428,
    });
    expect(day.closeTime - day.openTime).toBe(86_400_000);
    expect(typeof day.volume).toBe('string');
  });

  it('leaves out the half of the day with type=MINI', async () => {
    const day = await simulator.json('/binance/api/v3/ticker/24hr?symbol=BTCUSDT&type=MINI');
    expect(day).toMatchObject({ lastPrice: honest('binance', 'btc_usdt'), closeTime: SECOND * 1000 + 250 });
    expect(day).not.toHaveProperty('bidPrice');
  });

  it('counts weight by the minute and tells it in a header', async () => {
    simulator.nowMs += 3_600_000;
    const used = async (path: string) =>
      (await simulator.get(`/binance/api/v3${path}`)).headers.get('x-mbx-used-weight-1m');
    const symbols = (count: number) => `symbols=${encodeURIComponent(JSON.stringify(Array(count).fill('BTCUSDT')))}`;
    expect(await used('/ticker/price?symbol=BTCUSDT')).toBe('2');
    expect(await used(`/ticker/price?${symbols(1)}`)).toBe('6');
    expect(await used('/ticker/price')).toBe('10');
    expect(await used(`/ticker/24hr?${symbols(20)}`)).toBe('12');
    expect(await used(`/ticker/24hr?${symbols(21)}`)).toBe('52');
    expect(await used('/ticker/24hr')).toBe('132');
    expect(await used('/exchangeInfo')).toBe('152');
    simulator.nowMs += 60_000;
    expect(await used('/ticker/price?symbol=BTCUSDT')).toBe('2');
  });

  it('lists its symbols with status, base and quote, one of them dead', async () => {
    const { symbols } = await simulator.json('/binance/api/v3/exchangeInfo');
    expect(symbols).toContainEqual(
      expect.objectContaining({ symbol: 'SOLUSDC', status: 'TRADING', baseAsset: 'SOL', quoteAsset: 'USDC' }),
    );
    expect(symbols.at(-1)).toMatchObject({ status: 'BREAK' });
    const { symbols: one } = await simulator.json('/binance/api/v3/exchangeInfo?symbol=ETHBTC');
    expect(one).toMatchObject([{ symbol: 'ETHBTC', quoteAsset: 'BTC' }]);
  });

  it('takes a thousand symbols in one address', async () => {
    const symbols = encodeURIComponent(JSON.stringify(Array(1_000).fill('SIM0001USDT')));
    expect(await simulator.json(`${price}?symbols=${symbols}`)).toHaveLength(1_000);
  });
});

describe('the simulated Coinbase', () => {
  it('gives the inverse of every price as a string', async () => {
    const { data } = await simulator.json('/coinbase/v2/exchange-rates?currency=USD');
    expect(data.currency).toBe('USD');
    expect(1 / Number(data.rates.BTC)).toBeCloseTo(Number(honest('coinbase', 'btc_usd')), 6);
    expect(data.rates.BTC).toMatch(/^0\.0000\d{12}$/);
    expect(Number(data.rates.USDT)).toBeCloseTo(1, 2);
    expect(data.rates).toMatchObject({ USD: '1.0', EUR: expect.any(String), SIM0003: expect.any(String) });
    expect(data.rates.SIM0004).toBeUndefined();
  });

  it('gives the rates of another currency: its price stands under USD', async () => {
    const { data } = await simulator.json('/coinbase/v2/exchange-rates?currency=BTC');
    expect(data.rates).toMatchObject({ USD: honest('coinbase', 'btc_usd'), BTC: '1' });
    const response = await simulator.get('/coinbase/v2/exchange-rates?currency=NOPE');
    expect([response.status, await response.text()]).toEqual([
      404,
      '{"errors":[{"id":"not_found","message":"Invalid currency"}]}',
    ]);
  });

  it('gives one product with strings and a time of nine fraction digits', async () => {
    const ticker = await simulator.json('/coinbase/products/BTC-USD/ticker');
    expect(ticker).toMatchObject({
      price: honest('coinbase', 'btc_usd'),
      time: '2025-12-18T12:00:00.250104729Z',
      trade_id: expect.any(Number),
    });
    const unknown = await simulator.get('/coinbase/products/NOPE-USD/ticker');
    expect([unknown.status, await unknown.text()]).toEqual([404, '{"message":"NotFound"}']);
  });

  it('lists its products', async () => {
    const list = await simulator.json('/coinbase/products');
    expect(list).toContainEqual(
      expect.objectContaining({ id: 'ETH-USD', base_currency: 'ETH', quote_currency: 'USD', status: 'online' }),
    );
  });
});

describe('the simulated Kraken', () => {
  it.each([
    ['XBTUSD', 'XXBTZUSD', 'btc_usd'],
    ['XXBTZUSD', 'XXBTZUSD', 'btc_usd'],
    ['BTC/USD', 'XXBTZUSD', 'btc_usd'],
    ['XDGUSD', 'XDGUSD', 'doge_usd'],
    ['ETHXBT', 'XETHXXBT', 'eth_btc'],
    ['USDTUSD', 'USDTZUSD', 'usdt_usd'],
    ['USDCUSD', 'USDCUSD', 'usdc_usd'],
    ['XBTUSDT', 'XBTUSDT', 'btc_usdt'],
    ['SOLUSD', 'SOLUSD', 'sol_usd'],
    ['SIM0001USD', 'SIM0001USD', 'sim0001_usd'],
  ])('answers %s under %s', async (pair, key, ticker) => {
    const { error, result } = await simulator.json(`/kraken/0/public/Ticker?pair=${pair}`);
    expect(error).toEqual([]);
    expect(Object.keys(result)).toEqual([key]);
    expect(result[key].c).toEqual([honest('kraken', ticker), '0.00046062']);
    expect(result[key].o).toEqual(expect.any(String));
    expect(result[key].t).toEqual([66_399, 93_218]);
  });

  it('names pairs plainly with assetVersion=1, and gives all without a name', async () => {
    const { result } = await simulator.json('/kraken/0/public/Ticker?assetVersion=1');
    expect(Object.keys(result)).toEqual(expect.arrayContaining(['BTC/USD', 'DOGE/USD', 'BTC/USDT', 'SIM0003/USD']));
  });

  it('says inside 200 that it does not know a pair, of many too, and gives no result', async () => {
    for (const pair of ['NOPEUSD', 'XBTUSD,NOPEUSD', 'SIM0004USD']) {
      const response = await simulator.get(`/kraken/0/public/Ticker?pair=${pair}`);
      expect([response.status, await response.text()]).toEqual([200, '{"error":["EQuery:Unknown asset pair"]}']);
    }
  });

  it('lists its pairs with altnames', async () => {
    const { result } = await simulator.json('/kraken/0/public/AssetPairs');
    expect(result.XXBTZUSD).toMatchObject({ altname: 'XBTUSD', wsname: 'XBT/USD', base: 'XXBT', quote: 'ZUSD' });
    expect(result.SOLUSD).toMatchObject({ altname: 'SOLUSD', wsname: 'SOL/USD', base: 'SOL', status: 'online' });
    const one = await simulator.json('/kraken/0/public/AssetPairs?pair=XETHZUSD');
    expect(Object.keys(one.result)).toEqual(['XETHZUSD']);
  });
});

describe('the simulated Bitstamp', () => {
  it.each(['/bitstamp/api/v2/ticker/btcusd/', '/bitstamp/api/v2/ticker/btcusd'])(
    'gives one pair at %s, all strings, the time too',
    async (path) => {
      const ticker = await simulator.json(path);
      expect(ticker).toMatchObject({ timestamp: String(SECOND), last: honest('bitstamp', 'btc_usd'), side: '0' });
      expect(Object.values(ticker).every((value) => typeof value === 'string')).toBe(true);
    },
  );

  it('answers an unknown pair with 404, and lists those that it has', async () => {
    expect((await simulator.get('/bitstamp/api/v2/ticker/nopeusd/')).status).toBe(404);
    const list = await simulator.json('/bitstamp/api/v2/trading-pairs-info/');
    expect(list[0]).toMatchObject({ url_symbol: 'btcusd', name: 'BTC/USD', trading: 'Enabled' });
  });
});

describe('every simulated source', () => {
  it.each([
    ['coinpaprika', '/coinpaprika/v1/nothing', '/nothing'],
    ['coinpaprika', '/coinpaprika/v9/tickers', '/coinpaprika/v9/tickers'],
    ['coincap', '/coincap/v3/nothing', '/nothing'],
    ['binance', '/binance/api/v3/nothing', '/api/v3/nothing'],
    ['coinbase', '/coinbase/v2/nothing', '/v2/nothing'],
    ['coinbase', '/coinbase/nothing', '/nothing'],
    ['kraken', '/kraken/0/public/Nothing', '/0/public/Nothing'],
    ['bitstamp', '/bitstamp/nothing/%20', '/nothing/%20'],
  ])('%s answers a path that it does not have (%s) with 404 and logs it as %s', async (source, path, endpoint) => {
    expect((await simulator.get(path)).status).toBe(404);
    const { calls } = await simulator.json('/simulator/calls?limit=10000');
    expect(calls.at(-1)).toMatchObject({ source, endpoint, names: [], status: 404 });
  });

  it('knows the thirty largest assets at most places', async () => {
    const largest = (
      'btc eth usdt bnb xrp usdc sol trx doge ada bch link xlm sui avax ltc hbar shib ton dot uni xmr aave near etc apt icp ' +
      'atom algo fil'
    ).split(' ');
    const priced = async (path: string, pick: (body: never) => string[]): Promise<Set<string>> =>
      new Set(pick((await simulator.json(path, KEY)) as never));
    const places = await Promise.all([
      priced('/coingecko/api/v3/coins/list', (list: { symbol: string }[]) => list.map(({ symbol }) => symbol)),
      priced('/coincap/v3/assets', ({ data }: { data: { symbol: string }[] }) =>
        data.map((row) => row.symbol.toLowerCase()),
      ),
      priced('/binance/api/v3/ticker/price', (list: { symbol: string }[]) =>
        list.map(({ symbol }) => symbol.replace(/USD[TC]$/, '').toLowerCase()),
      ),
      priced('/coinbase/v2/exchange-rates', ({ data }: { data: { rates: object } }) =>
        Object.keys(data.rates).map((name) => name.toLowerCase()),
      ),
      priced('/kraken/0/public/Ticker?assetVersion=1', ({ result }: { result: object }) =>
        Object.keys(result).map((name) => name.split('/')[0]?.toLowerCase() ?? ''),
      ),
      priced('/bitstamp/api/v2/trading-pairs-info/', (list: { name: string }[]) =>
        list.map(({ name }) => name.split('/')[0]?.toLowerCase() ?? ''),
      ),
    ]);
    const counts = largest.map((asset) => [asset, places.filter((place) => place.has(asset)).length] as const);
    expect(counts.filter(([, count]) => count < 3)).toEqual([]);
    expect(counts.filter(([, count]) => count >= 5).length).toBeGreaterThan(25);
  });
});
