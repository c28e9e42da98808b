import { fixedText, significantDecimals } from '../market/price-style.js';
import { pairNames } from './pair-names.js';
import type { PriceWriter } from './price-writer.js';
import type { Asked, SimulatedSource, SourceRequest } from './simulated-source.js';
import { jsonAnswer, nginxAnswer, type SourceAnswer } from './source-answer.js';

/** Every price is written with so many decimals; cheap coins have no more digits than fit. */
const DECIMALS = 8;
const DAY_MS = 86_400_000;

/** There are no pairs in US dollars: USDT, and for some USDC, is all there is. */
const pairs = pairNames(
  {
    usdt:
      'btc eth bnb xrp sol trx doge ada bch link xlm sui avax ltc hbar shib ton dot uni aave near paxg etc apt icp arb ' +
      'atom algo fil vet op trump usdc',
    usdc: 'btc eth bnb xrp sol doge ada link sui avax ltc hbar',
    btc: 'eth bnb sol xrp',
  },
  (base, quote) => `${base}${quote}`.toUpperCase(),
  'usdt',
);

/** Listed but no longer traded; its last price stands there for years. */
const DEAD_SYMBOL = { symbol: 'BCCUSDT', baseAsset: 'BCC', quoteAsset: 'USDT' };

/** Headers that Binance's answers were taped with. */
const HEADERS = {
  'content-type': 'application/json;charset=utf-8',
  server: 'nginx',
  'cache-control': 'no-cache, no-store, must-revalidate',
  pragma: 'no-cache',
  expires: '0',
  'x-content-type-options': 'nosniff',
  'x-cache': 'Miss from cloudfront',
};

/** The simulated Binance: quoted in USDT, strings with 8 decimals, weights, and one unknown symbol fails the whole call. */
export const binance: SimulatedSource = {
  name: 'binance',
  prefix: '/binance',
  style: {
    decimals: (magnitude) => significantDecimals(magnitude, 2, DECIMALS),
    text: (units, decimals) => fixedText(units, decimals, DECIMALS),
  },
  routes: [
    { path: '/api/v3/ticker/price', asked: asking((count) => (count === 1 ? 2 : 4)), answer: symbolsAnswer(priceRow) },
    {
      path: '/api/v3/ticker/24hr',
      asked: asking(dayWeight),
      answer: (request, writer) => symbolsAnswer(request.query('type') === 'MINI' ? miniRow : dayRow)(request, writer),
    },
    { path: '/api/v3/exchangeInfo', asked: (request) => ({ ...asking(() => 20)(request), weight: 20 }), answer: info },
    { path: '/api/v3/ping', answer: (_request, writer) => answered('{}', writer) },
    {
      path: '/api/v3/time',
      answer: (_request, writer) => answered(`{"serverTime":${Math.floor(writer.nowMs)}}`, writer),
    },
  ],
  formsOf: (name) => {
    const pair = pairs.pairOf(name);
    return pair === undefined ? [] : [{ ticker: pair.ticker }];
  },
  failing,
  unknown: (_request, writer) => errorAnswer(404, -1000, 'Path not found.', writer),
};

/** Weight of `ticker/24hr` by the number of symbols; undefined are all. */
function dayWeight(count: number | undefined): number {
  if (count === undefined || count > 100) return 80;
  return count > 20 ? 40 : 2;
}

function asking(weightOf: (count: number | undefined, single: boolean) => number): (request: SourceRequest) => Asked {
  return (request) => {
    const symbols = symbolsOf(request);
    if (symbols === undefined) return { names: [], all: true, weight: weightOf(undefined, false) };
    if (symbols === 'wrong') return { names: [] };
    // One in a list weighs as a list does.
    const count = request.query('symbol') === undefined ? Math.max(2, symbols.length) : 1;
    return { names: symbols, weight: weightOf(count, count === 1) };
  };
}

/** The symbols asked for; undefined are all. */
function symbolsOf(request: SourceRequest): readonly string[] | 'wrong' | undefined {
  const symbol = request.query('symbol');
  const symbols = request.query('symbols');
  if (symbol !== undefined) return symbols === undefined ? [symbol] : 'wrong';
  if (symbols === undefined) return undefined;
  try {
    const list: unknown = JSON.parse(symbols);
    const texts = Array.isArray(list) ? list.filter((entry): entry is string => typeof entry === 'string') : [];
    return Array.isArray(list) && texts.length === list.length && texts.length > 0 ? texts : 'wrong';
  } catch {
    return 'wrong';
  }
}

/** An object for `symbol`, a list for `symbols` and for all. */
function symbolsAnswer(row: (symbol: string, writer: PriceWriter) => string) {
  return (request: SourceRequest, writer: PriceWriter): SourceAnswer => {
    const asked = symbolsOf(request);
    const fault = faultOf(asked, writer);
    if (fault !== undefined) return fault;
    const symbols = asked === undefined || asked === 'wrong' ? pairs.listed(writer.syntheticCount) : asked;
    if (request.query('symbol') !== undefined) return answered(row(symbols[0] ?? '', writer), writer);
    return answered(
      `[${writer
        .kept(symbols)
        .map((symbol) => row(symbol, writer))
        .join(',')}]`,
      writer,
    );
  };
}

function faultOf(asked: ReturnType<typeof symbolsOf>, writer: PriceWriter): SourceAnswer | undefined {
  if (asked === undefined) return undefined;
  if (asked === 'wrong') return errorAnswer(400, -1100, "Illegal characters found in parameter 'symbols'.", writer);
  const known = asked.every(
    (symbol) =>
      writer.has(pairs.pairOf(symbol)?.ticker ?? '') && pairs.pairOf(symbol) !== undefined && writer.lists(symbol),
  );
  return known ? undefined : errorAnswer(400, -1121, 'Invalid symbol.', writer);
}

function priceRow(symbol: string, writer: PriceWriter): string {
  const text = writer.text(symbol, pairs.pairOf(symbol)?.ticker ?? symbol);
  return `{"symbol":"${symbol}",${writer.member('price', symbol, text, 'string')}}`;
}

function dayRow(symbol: string, writer: PriceWriter): string {
  const text = writer.text(symbol, pairs.pairOf(symbol)?.ticker ?? symbol);
  const price = Number(text);
  const at = (factor: number): string => (price * factor).toFixed(DECIMALS);
  const closeMs = Math.floor(writer.clockMs);
  return (
    `{"symbol":"${symbol}","priceChange":"${at(0.004)}","priceChangePercent":"0.402",` +
    `"weightedAvgPrice":"${at(0.997)}","prevClosePrice":"${at(0.996)}",${writer.member('lastPrice', symbol, text, 'string')},` +
    `"lastQty":"0.01000000","bidPrice":"${at(0.99999)}","bidQty":"0.18401100","askPrice":"${at(1.00001)}",` +
    `"askQty":"0.19518800","openPrice":"${at(0.996)}","highPrice":"${at(1.009)}","lowPrice":"${at(0.991)}",` +
    `"volume":"57857.49485700","quoteVolume":"${at(57_600)}","openTime":${closeMs - DAY_MS},"closeTime":${closeMs},` +
    '"firstId":294247387,"lastId":294801814,"count":554428}'
  );
}

/** What `type=MINI` leaves of it. */
function miniRow(symbol: string, writer: PriceWriter): string {
  const text = writer.text(symbol, pairs.pairOf(symbol)?.ticker ?? symbol);
  const at = (factor: number): string => (Number(text) * factor).toFixed(DECIMALS);
  const closeMs = Math.floor(writer.clockMs);
  return (
    `{"symbol":"${symbol}","openPrice":"${at(0.996)}","highPrice":"${at(1.009)}","lowPrice":"${at(0.991)}",` +
    `${writer.member('lastPrice', symbol, text, 'string')},"volume":"57857.49485700","quoteVolume":"${at(57_600)}",` +
    `"openTime":${closeMs - DAY_MS},"closeTime":${closeMs},"firstId":294247387,"lastId":294801814,"count":554428}`
  );
}

function info(request: SourceRequest, writer: PriceWriter): SourceAnswer {
  const asked = symbolsOf(request);
  const fault = faultOf(asked, writer);
  if (fault !== undefined) return fault;
  const symbols = asked === undefined || asked === 'wrong' ? pairs.listed(writer.syntheticCount) : asked;
  const listed = symbols
    .filter((symbol) => writer.lists(symbol))
    .map((symbol) => {
      const pair = pairs.pairOf(symbol);
      return symbolInfo(symbol, pair?.base.toUpperCase() ?? '', pair?.quote.toUpperCase() ?? '', 'TRADING');
    });
  const { symbol, baseAsset, quoteAsset } = DEAD_SYMBOL;
  const dead = asked === undefined ? [symbolInfo(symbol, baseAsset, quoteAsset, 'BREAK')] : [];
  const limit = '{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000}';
  return answered(
    `{"timezone":"UTC","serverTime":${Math.floor(writer.nowMs)},"rateLimits":[${limit}],"exchangeFilters":[],` +
      `"symbols":[${[...listed, ...dead].join(',')}]}`,
    writer,
  );
}

function symbolInfo(symbol: string, base: string, quote: string, status: string): string {
  return (
    `{"symbol":"${symbol}","status":"${status}","baseAsset":"${base}","baseAssetPrecision":8,` +
    `"quoteAsset":"${quote}","quotePrecision":8,"quoteAssetPrecision":8,"isSpotTradingAllowed":true}`
  );
}

function failing(status: number, _request: SourceRequest, writer: PriceWriter): SourceAnswer {
  switch (status) {
    case 400:
      return errorAnswer(status, -1121, 'Invalid symbol.', writer);
    case 401:
      return errorAnswer(status, -2015, 'Invalid API-key, IP, or permissions for action.', writer);
    case 418:
      return errorAnswer(
        status,
        -1003,
        `Way too much request weight used; IP banned until ${Math.floor(writer.nowMs) + 120_000}. Please use WebSocket Streams for live updates to avoid bans.`,
        writer,
      );
    case 451:
      // Code 0 is an error here.
      return errorAnswer(
        status,
        0,
        "Service unavailable from a restricted location according to 'b. Eligibility' in https://www.binance.com/en/terms. Please contact customer service if you believe you received this message in error.",
        writer,
      );
    case 403:
    case 502:
    case 503:
    case 504:
      // The guard and the servers before the exchange answer with a page.
      return nginxAnswer(status);
    case 500:
      return errorAnswer(status, -1000, 'An unknown error occurred while processing the request.', writer);
    default:
      return errorAnswer(
        status,
        -1003,
        'Too much request weight used; current limit is 6000 request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.',
        writer,
      );
  }
}

function answered(body: string, writer: PriceWriter): SourceAnswer {
  return jsonAnswer(200, weighed(writer), body);
}

function errorAnswer(status: number, code: number, msg: string, writer: PriceWriter): SourceAnswer {
  return jsonAnswer(status, weighed(writer), { code, msg });
}

function weighed(writer: PriceWriter): Readonly<Record<string, string>> {
  const weight = String(writer.usedWeight);
  return { ...HEADERS, 'x-mbx-used-weight': weight, 'x-mbx-used-weight-1m': weight };
}
