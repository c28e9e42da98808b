import { type Quote, parseTicker } from '@app/domain';
import { binanceSource } from './binance.source.js';
import { outcomeOf } from '../testing/judge-parse.contract.js';
import { AnswerReader, type RequestedTicker, readJson } from '../contract/index.js';
import { describeSourceContract } from '../testing/source.contract.js';
import type { ErrorBody, Refusal } from '../testing/source-fixtures.contract.js';
import { readAnswer } from '../read-answer.js';

const RECEIVED_AT = new Date('2026-01-01T12:00:00Z');
const CLOSE_MS = 1767265201234;

const BTC = { ticker: 'btc_usdt', sourceSymbol: 'BTCUSDT' };
const SOL = { ticker: 'sol_usd', sourceSymbol: 'SOLUSDT' };
const ETH = { ticker: 'eth_btc', sourceSymbol: 'ETHBTC' };

/** One more than the statistics are asked for. */
const MANY: readonly RequestedTicker[] = Array.from({ length: 21 }, (_, index) => ({
  ticker: `a${index}_usdt`,
  sourceSymbol: `A${index}USDT`,
}));

function quote(ticker: string, price: string, milliseconds?: number, volume24h?: string): Quote {
  const sourceTime = milliseconds === undefined ? undefined : new Date(milliseconds);
  return { ticker, price, sourceTime, ...(volume24h === undefined ? {} : { volume24h }) };
}

function statistics(symbol: string, price: string, closeTime = CLOSE_MS): string {
  return `{"symbol":"${symbol}","priceChange":"-12.50000000","priceChangePercent":"-0.019","weightedAvgPrice":"61234.10000000",
    "prevClosePrice":"61240.00000000","lastPrice":"${price}","lastQty":"0.00400000","bidPrice":"61200.01000000",
    "bidQty":"1.00000000","askPrice":"61200.02000000","askQty":"2.00000000","openPrice":"61212.50000000",
    "highPrice":"61999.00000000","lowPrice":"60500.00000000","volume":"1500.50000000","quoteVolume":"91800000.75000000",
    "openTime":${closeTime - 86_400_000},"closeTime":${closeTime},"firstId":28385,"lastId":28460,"count":76}`;
}

function error(code: number, message: string): string {
  return `{"code":${code},"msg":"${message}"}`;
}

const REGION = 'Service unavailable from a restricted location according to the terms.';

const ERROR_BODIES: readonly ErrorBody[] = [
  { name: 'too much weight', body: error(-1003, 'Too much request weight used.'), kind: 'rate_limited' },
  { name: 'a code of its own for too many requests', body: error(-9000, 'Too many requests.'), kind: 'rate_limited' },
  { name: 'an unknown market', body: error(-1121, 'Invalid symbol.'), kind: 'not_found' },
  { name: 'a name of other characters', body: error(-1100, 'Illegal characters found.'), kind: 'not_found' },
  { name: 'a market that is closed', body: error(-1220, 'The symbol is not TRADING.'), kind: 'not_found' },
  {
    name: 'too many parameters',
    body: error(-1101, 'Too many parameters sent for this endpoint.'),
    kind: 'unavailable',
  },
  { name: 'a parameter that is missing', body: error(-1102, 'Mandatory parameter'), kind: 'unavailable' },
  { name: 'a parameter that it does not know', body: error(-1104, 'Not all sent parameters'), kind: 'unavailable' },
  { name: 'an interval that is none', body: error(-1120, 'Invalid interval.'), kind: 'unavailable' },
  { name: 'an error of its own', body: error(-1001, 'Internal error'), kind: 'unavailable' },
  { name: 'a server that is busy', body: error(-1008, 'Server is currently overloaded'), kind: 'unavailable' },
  { name: 'a time-out of its own', body: error(-1007, 'Timeout waiting for response'), kind: 'timeout' },
  { name: 'a key that is wrong', body: error(-2015, 'Invalid API-key'), kind: 'unauthorized' },
  { name: 'a closed region, with code 0', body: error(0, REGION), kind: 'forbidden_region' },
  { name: 'code 0 without a word', body: '{"code":0}', kind: 'unavailable' },
  { name: 'maintenance with a code as text', body: '{"code":"-3","msg":"System maintenance"}', kind: 'unavailable' },
];

const REFUSALS: readonly Refusal[] = [
  { name: 'an unknown market with 400', status: 400, body: error(-1121, 'Invalid symbol.'), kind: 'not_found' },
  { name: 'too much weight with 400', status: 400, body: error(-1003, 'Too much'), kind: 'rate_limited' },
  { name: 'a request that it does not understand', status: 400, body: error(-1104, 'Not all'), kind: 'unavailable' },
  { name: 'a rule of its firewall', status: 403, body: '<html>403 Forbidden</html>', kind: 'forbidden_region' },
  { name: 'a closed region with 451', status: 451, body: error(0, REGION), kind: 'forbidden_region' },
  { name: 'a closed region with 403', status: 403, body: error(0, REGION), kind: 'forbidden_region' },
  { name: 'a ban', status: 418, body: error(-1003, 'IP banned until 1767267000000.'), kind: 'rate_limited' },
  { name: 'a busy server with 503', status: 503, body: error(-1008, 'overloaded'), kind: 'unavailable' },
];

describeSourceContract({
  source: binanceSource,
  endpoint: 'ticker-24hr',
  tickers: [BTC, SOL, ETH],
  goodBodies: [
    {
      name: 'statistics with all their fields, in another order',
      body: `[${statistics('ETHBTC', '0.03412000')},${statistics('BTCUSDT', '61200.01000000')},${statistics('SOLUSDT', '142.36000000', CLOSE_MS - 50)}]`,
      quotes: [
        quote('btc_usdt', '61200.01000000', CLOSE_MS, '91800000.75000000'),
        // What it is quoted in is no dollar, and neither is its volume.
        quote('sol_usd', '142.36000000', CLOSE_MS - 50),
        quote('eth_btc', '0.03412000', CLOSE_MS, '91800000.75000000'),
      ],
    },
    {
      name: 'the short form, in which one market is missing',
      body: `[ {"symbol":"BTCUSDT","openPrice":"1.0","highPrice":"1.0","lowPrice":"1.0","lastPrice":"61200.01000000","volume":"1.0",
        "quoteVolume":7,"openTime":${CLOSE_MS - 86_400_000},"closeTime":${CLOSE_MS},"firstId":1,"lastId":2,"count":2,"new":[{}]} ]`,
      quotes: [quote('btc_usdt', '61200.01000000', CLOSE_MS)],
    },
    {
      name: 'a single market, without a list around it',
      body: statistics('SOLUSDT', '142.36000000'),
      tickers: [SOL],
      quotes: [quote('sol_usd', '142.36000000', CLOSE_MS)],
    },
    {
      name: 'a market without a price',
      body: `[${statistics('BTCUSDT', '1').replace('"lastPrice":"1"', '"lastPrice":null')}]`,
      tickers: [BTC],
      quotes: [],
    },
  ],
  priceFields: { eth_btc: ['0', 'lastPrice'], btc_usdt: ['1', 'lastPrice'], sol_usd: ['2', 'lastPrice'] },
  timeFields: {
    paths: { eth_btc: ['0', 'closeTime'], btc_usdt: ['1', 'closeTime'], sol_usd: ['2', 'closeTime'] },
    wrong: ['1767265201', '1767265201234000', '0', '-1767265201234', '1767265201234.5', '1.7e12'],
  },
  errorBodies: ERROR_BODIES,
  refusals: REFUSALS,
  receivedAt: RECEIVED_AT,
});

describeSourceContract({
  source: binanceSource,
  endpoint: 'ticker-price',
  tickers: MANY,
  goodBodies: [
    {
      name: 'a price for each of many markets',
      body: `[${MANY.map(({ sourceSymbol }, index) => `{"symbol":"${sourceSymbol}","price":"${index + 1}.25000000"}`).join(',')}]`,
      quotes: MANY.map(({ ticker }, index) => quote(ticker, `${index + 1}.25000000`)),
    },
    {
      name: 'a single market, without a list around it',
      body: '{"price":"0.00000873","symbol":"A0USDT"}\n',
      tickers: MANY.slice(0, 1),
      quotes: [quote('a0_usdt', '0.00000873')],
    },
    {
      name: 'markets that nobody asked for, and one without a price',
      body: '[{"symbol":"123456","price":71},{"symbol":"A1USDT","price":null},{"symbol":"A0USDT","price":"5.10"}]',
      tickers: MANY.slice(0, 3),
      quotes: [quote('a0_usdt', '5.10')],
    },
  ],
  priceFields: Object.fromEntries(MANY.map(({ ticker }, index) => [ticker, [String(index), 'price']])),
  errorBodies: ERROR_BODIES,
  refusals: REFUSALS,
  receivedAt: RECEIVED_AT,
});

describe('the Binance source', () => {
  const [tickerPrice, ticker24hr] = binanceSource.endpoints;

  it.each([
    ['btc_usd', 'BTCUSDT'],
    ['sol_usd', 'SOLUSDT'],
    ['usdc_usd', 'USDCUSDT'],
    ['eur_usd', 'EURUSDT'],
    ['btc_usdt', 'BTCUSDT'],
    ['btc_usdc', 'BTCUSDC'],
    ['eth_btc', 'ETHBTC'],
    ['btc_eur', 'BTCEUR'],
    ['sol_bnb', 'SOLBNB'],
    ['usdt_usd', undefined],
    ['usdt_usdt', undefined],
    ['xmr_usd', undefined],
    ['btc_xyz', undefined],
    ['constructor_usd', undefined],
  ])('has %s as %s', (ticker, name) => {
    const parts = parseTicker(ticker);
    expect(parts && binanceSource.defaultSymbol(parts)).toBe(name);
  });

  it.each([
    ['SOLUSDT', 'usdt'],
    ['USDCUSDT', 'usdt'],
    ['BTCUSDC', 'usdc'],
    ['ETHFDUSD', 'fdusd'],
    ['BTCTUSD', 'tusd'],
    ['ETHBTC', 'btc'],
    ['BTCEUR', 'eur'],
    ['USDTTRY', 'try'],
    // Of binance.us, where names end in dollars.
    ['BTCUSD', 'usd'],
    ['USDTUSD', 'usd'],
    ['DOTUSD', 'usd'],
    ['ARBUSD', 'usd'],
    // Not known here, and so at least not taken for dollars.
    ['NEWXYZ', 'xyz'],
  ])('knows that %s is quoted in %s', (name, currency) => {
    expect(binanceSource.quoteOf?.(name)).toBe(currency);
  });

  it('asks for the statistics as long as they weigh no more than the prices', () => {
    expect(binanceSource.endpointFor?.(MANY.slice(0, 20))).toBe(ticker24hr);
    expect(binanceSource.endpointFor?.(MANY)).toBe(tickerPrice);
    expect([ticker24hr?.cost?.(20), tickerPrice.cost?.(21), binanceSource.names?.cost]).toEqual([2, 4, 20]);
  });

  it('asks for every open market once', () => {
    expect(tickerPrice.request([BTC, { ticker: 'btc_usd', sourceSymbol: 'BTCUSDT' }, ETH])).toEqual({
      path: '/api/v3/ticker/price',
      query: { symbols: '["BTCUSDT","ETHBTC"]', symbolStatus: 'TRADING' },
    });
    expect(ticker24hr?.request([BTC])).toEqual({
      path: '/api/v3/ticker/24hr',
      query: { symbols: '["BTCUSDT"]', symbolStatus: 'TRADING', type: 'MINI' },
    });
  });

  it('stays below 8 KiB with the longest batch of long names', () => {
    const tickers = Array.from({ length: tickerPrice.maxBatch }, (_, index) => ({
      ticker: 'btc_usdt',
      sourceSymbol: `${index}`.padStart(20, 'X'),
    }));
    const { path, query } = tickerPrice.request(tickers);
    const url = `${binanceSource.plans[0].baseUrl}${path}?${new URLSearchParams(query).toString()}`;
    expect(url.length).toBeLessThan(8192);
  });

  it.each([
    ['prices', '[{"symbol":"BTCUSDT","price":"1"}]', 'ticker-price'],
    ['one price', '{"symbol":"BTCUSDT","price":"1"}', 'ticker-price'],
    ['statistics', `[${statistics('BTCUSDT', '1')}]`, 'ticker-24hr'],
    ['one market with its statistics', statistics('BTCUSDT', '1'), 'ticker-24hr'],
    [
      'statistics with another name for the price',
      statistics('BTCUSDT', '1').replace('lastPrice', 'last'),
      'ticker-24hr',
    ],
  ])('knows %s by their shape', (_name, body, endpoint) => {
    const json = readJson('fixture', body);
    const known = binanceSource.endpoints.find((candidate) => candidate.recognises(json))?.name;
    expect(known).toBe(endpoint);
  });

  it('calls a row without a name drift, for it may be the one that is missing', () => {
    const body = '[{"symbol":"BTCUSDT","price":"1"},{"symbool":"ETHBTC","price":"0.03"}]';
    expect(outcomeOf(binanceSource, body, [BTC, ETH])).toEqual({
      quotes: [quote('btc_usdt', '1')],
      unreadable: ['eth_btc'],
    });
  });

  it('looks only at the rows that were asked for', () => {
    const foreign = Array.from({ length: 5000 }, (_, index) => `{"symbol":"X${index}","price":false}`).join(',');
    const body = `[${foreign},{"symbol":"BTCUSDT","price":"61200.01"}]`;
    expect(outcomeOf(binanceSource, body, [BTC, ETH])).toEqual({
      quotes: [quote('btc_usdt', '61200.01')],
      unreadable: [],
    });
  });

  it.each([
    ['half an hour', 1767267001000, 1801],
    ['three days', 1767524400000, 259_200],
    ['a time that is over', 1767265199000, undefined],
  ])('pauses for as long as a ban lasts: %s', (_name, until, seconds) => {
    const body = error(
      -1003,
      `Way too much request weight used; IP banned until ${until}. Please use WebSocket Streams.`,
    );
    const read = (headers: Record<string, string>): unknown => {
      try {
        return readAnswer(binanceSource, [BTC], { status: 418, headers, body }, { nowMs: 1767265200000 });
      } catch (failure) {
        return failure;
      }
    };
    expect(read({})).toMatchObject({ kind: 'rate_limited', retryAfterSeconds: seconds });
    // The longer one of both.
    const longer = Math.max(42, seconds ?? 0);
    expect(read({ 'retry-after': '42' })).toMatchObject({ kind: 'rate_limited', retryAfterSeconds: longer });
  });

  it('lists the markets that are open', () => {
    const json = readJson(
      'fixture',
      `{"timezone":"UTC","symbols":[
        {"symbol":"SOLUSDT","status":"TRADING","baseAsset":"SOL","quoteAsset":"USDT","filters":[{"tickSize":"0.01"}]},
        {"symbol":"YOYOBTC","status":"BREAK","baseAsset":"YOYO","quoteAsset":"BTC","filters":[]}]}`,
    );
    expect(binanceSource.names?.parse(new AnswerReader('binance', json))).toEqual([
      { name: 'SOLUSDT', symbol: 'sol', quote: 'usdt' },
    ]);
    expect(() => binanceSource.names?.parse(new AnswerReader('binance', { symbols: [{}] }))).toThrow(
      expect.objectContaining({ kind: 'drift' }) as Error,
    );
  });
});
