import { createSimulator, type Simulator } from './simulator.js';

const SECOND = 1_766_000_000;

let nowMs = SECOND * 1000 + 250;
let simulator: Simulator;
let address: string;

beforeAll(async () => {
  simulator = await createSimulator({ seed: 'spec', now: () => nowMs });
  address = await simulator.listen(0);
});

afterAll(() => simulator.close());

beforeEach(() => {
  nowMs = SECOND * 1000 + 250;
});

const deribit = (path: string): Promise<Response> => fetch(`${address}/deribit/api/v2${path}`);
const coingecko = (query: string): Promise<Response> => fetch(`${address}/coingecko/api/v3/simple/price${query}`);
const expectedPriceOf = (source: 'deribit' | 'coingecko', ticker: string, second = SECOND): string =>
  simulator.prices.priceText(source, ticker, second);

/** The body as JSON, whatever it is: the expectations say its shape. */
async function jsonOf(answer: Response | Promise<Response>) {
  return JSON.parse(await (await answer).text());
}

describe('the simulated Deribit', () => {
  it('gives the price of the second with exactly its digits, twice, and no time for it', async () => {
    const response = await deribit('/public/get_index_price?index_name=btc_usd');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    const text = await response.text();
    const price = expectedPriceOf('deribit', 'btc_usd');
    expect(text).toContain(
      `{"jsonrpc":"2.0","result":{"estimated_delivery_price":${price},"index_price":${price}},"usIn":${SECOND}250000,`,
    );
    const { usIn, usOut, usDiff, testnet, ...rest } = JSON.parse(text);
    expect(usOut - usIn).toBe(usDiff);
    expect(testnet).toBe(false);
    expect(Object.keys(rest)).toEqual(['jsonrpc', 'result']);
  });

  it('gives another price when the clock moves on', async () => {
    nowMs += 1_000;
    const text = await (await deribit('/public/get_index_price?index_name=eth_usd')).text();
    expect(text).toContain(`"index_price":${expectedPriceOf('deribit', 'eth_usd', SECOND + 1)}}`);
  });

  it.each(['?index_name=sol_usd', '?index_name=BTC_USD', '?index_name=', '', '?index_name=btc_usd%20'])(
    'answers an index that it does not know (%s) with 400 and -32602',
    async (query) => {
      const response = await deribit(`/public/get_index_price${query}`);
      expect(response.status).toBe(400);
      expect(await jsonOf(response)).toMatchObject({
        jsonrpc: '2.0',
        error: { code: -32602, message: 'Invalid params', data: { reason: 'wrong format', param: 'index_name' } },
        testnet: false,
      });
    },
  );

  it('echoes an id only when one was sent', async () => {
    expect(await (await deribit('/public/get_index_price?index_name=btc_usd&id=7')).text()).toContain('"id":7,');
    expect(await jsonOf(deribit('/public/get_index_price?index_name=x&id=a"b'))).toMatchObject({ id: 'a"b' });
  });

  it('lists its index names, and more of them with extended', async () => {
    const { result } = await jsonOf(deribit('/public/get_index_price_names'));
    expect(result).toContain('btc_usd');
    expect(result).not.toContain('sol_usd');
    const extended = await jsonOf(deribit('/public/get_index_price_names?extended=true'));
    expect(extended.result.map(({ name }: { name: string }) => name)).toEqual(result);
  });

  it('answers a method that it does not have with an error, and logs the call', async () => {
    const response = await deribit('/public/get_nothing?x=1');
    expect(response.status).toBe(400);
    expect(await jsonOf(response)).toMatchObject({ error: { code: -32601 } });
    const { last } = await lastCall();
    expect(last).toMatchObject({ source: 'deribit', endpoint: '/public/get_nothing', names: [], status: 400 });
  });
});

describe('the simulated CoinGecko', () => {
  it('gives all digits with precision=full, sorted by id, and the time of the price in seconds', async () => {
    const query = '?ids=ethereum,bitcoin&vs_currencies=usd&precision=full&include_last_updated_at=true';
    const response = await coingecko(query);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('max-age=30, public, must-revalidate, s-maxage=60');
    expect(await response.text()).toBe(
      `{"bitcoin":{"usd":${expectedPriceOf('coingecko', 'btc_usd')},"last_updated_at":${SECOND}},` +
        `"ethereum":{"usd":${expectedPriceOf('coingecko', 'eth_usd')},"last_updated_at":${SECOND}}}`,
    );
  });

  it('rounds without precision: Bitcoin comes as a whole number', async () => {
    const text = await (await coingecko('?ids=bitcoin,ethereum&vs_currencies=usd')).text();
    expect(text).toMatch(/^\{"bitcoin":\{"usd":\d{5}\},"ethereum":\{"usd":\d{4}\.\d{1,2}\}\}$/);
  });

  it.each([
    ['?ids=bitcoin,nothing&vs_currencies=usd', '{"bitcoin":{"usd":0}}'],
    ['?ids=bitcoin,%20ethereum&vs_currencies=usd', '{"bitcoin":{"usd":0}}'],
    ['/?ids=bitcoin,bitcoin&vs_currencies=usd', '{"bitcoin":{"usd":0}}'],
    ['?ids=bitcoin&vs_currencies=ethereum', '{"bitcoin":{}}'],
    ['?ids=bitcoin&vs_currencies=usd,ethereum', '{"bitcoin":{"usd":0}}'],
    ['?ids=nothing&vs_currencies=usd', '{}'],
  ])('answers %s with 200 and %s, the price put for 0', async (query, expected) => {
    const response = await coingecko(query);
    expect(response.status).toBe(200);
    expect((await response.text()).replace(/:\d+(\.\d+)?/g, ':0')).toBe(expected);
  });

  it('adds market cap, volume, change and several currencies when asked', async () => {
    const flags = 'include_market_cap=true&include_24hr_vol=true&include_24hr_change=true&include_last_updated_at=true';
    const { bitcoin } = await jsonOf(coingecko(`?ids=bitcoin&vs_currencies=usd,eur&precision=full&${flags}`));
    expect(Object.keys(bitcoin)).toEqual([
      ...['usd', 'usd_market_cap', 'usd_24h_vol', 'usd_24h_change'],
      ...['eur', 'eur_market_cap', 'eur_24h_vol', 'eur_24h_change'],
      'last_updated_at',
    ]);
    for (const value of Object.values(bitcoin)) expect(Number.isFinite(value)).toBe(true);
    const { last } = await lastCall();
    expect(last.prices).toEqual({
      'bitcoin/usd': expectedPriceOf('coingecko', 'btc_usd'),
      'bitcoin/eur': expectedPriceOf('coingecko', 'btc_eur'),
    });
  });

  it.each([
    ['?vs_currencies=usd', 'ids'],
    ['?ids=&vs_currencies=usd', 'ids'],
    ['?ids=bitcoin', 'vs_currencies'],
  ])('answers %s with 422: parameter %s is missing', async (query, parameter) => {
    const response = await coingecko(query);
    expect(response.status).toBe(422);
    expect(await response.text()).toBe(`{"error":"Missing parameter ${parameter}"}`);
  });
});

describe('a simulator that replays a history', () => {
  it('gives the same close to every source and ticker, with its digits', async () => {
    const history = { path: 'bars.csv', sha256: 'abc', closes: ['730.240', '731', '732.5'] };
    const replaying = await createSimulator({ seed: 'spec', history, now: () => 4_000 });
    const base = await replaying.listen(0);
    try {
      const deribitText = await (
        await fetch(`${base}/deribit/api/v2/public/get_index_price?index_name=eth_usd`)
      ).text();
      expect(deribitText).toContain('"index_price":731}');
      const query = 'ids=bitcoin&vs_currencies=usd&precision=full';
      const coingeckoText = await (await fetch(`${base}/coingecko/api/v3/simple/price?${query}`)).text();
      expect(coingeckoText).toBe('{"bitcoin":{"usd":731}}');
      const past = await jsonOf(fetch(`${base}/simulator/history?source=deribit&name=btc_usd&from=0&to=3&step=1`));
      expect(past.prices.map(([, text]: [number, string]) => text)).toEqual(history.closes);
      expect(await jsonOf(fetch(`${base}/simulator`))).toMatchObject({
        history: { path: 'bars.csv', sha256: 'abc', bars: 3 },
      });
    } finally {
      await replaying.close();
    }
  });
});

describe('the process', () => {
  it.each(['/livez', '/readyz'])('answers %s', async (path) => {
    expect(await jsonOf(fetch(`${address}${path}`))).toMatchObject({ status: 'ok' });
  });

  it('refuses a port that is in use', async () => {
    const port = Number(new URL(address).port);
    const second = await createSimulator({ seed: 'spec' });
    // The sentence that names SIMULATOR_PORT is made by @app/process, which under Jest sees Node's own errors as
    // strangers (another realm) and passes them on in their own words.
    await expect(second.listen(port)).rejects.toThrow(
      new RegExp(`SIMULATOR_PORT ${port} is in use|EADDRINUSE.*${port}`),
    );
    await second.close();
  });
});

interface PageOfCalls {
  calls: { sequence: number; prices: Record<string, string> | null; [key: string]: unknown }[];
  next: number;
}

async function lastCall(): Promise<{ last: PageOfCalls['calls'][number]; next: number }> {
  const page: PageOfCalls = await jsonOf(fetch(`${address}/simulator/calls?limit=10000`));
  const last = page.calls.at(-1);
  if (last === undefined) throw new Error('no call was logged');
  return { last, next: page.next };
}
