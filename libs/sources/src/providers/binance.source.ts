import { type Quote, type SourceErrorKind, type TickerParts, parseTicker } from '@app/domain';
import { z } from 'zod';
import {
  type AnswerReader,
  type FieldPath,
  type RequestedTicker,
  type Source,
  type SourceEndpoint,
  SourceError,
  type SourceReading,
  WireNumber,
  oneLine,
  ownMember,
  readRows,
  wireMilliseconds,
  wireObject,
  wireText,
  saysRateLimit,
  waitInWords,
} from '../contract/index.js';
import { quoteOfMarket } from '../contract/market-quote.js';

const NAME = 'binance';

/**
 * Large assets by the currency of their markets. There is no market in dollars; a market that has been closed since is found when the
 * names are held against the exchange's own list.
 */
const BASES_OF: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    usdt: `aave ada algo apt arb aster atom avax bch bnb bonk btc cake crv dash doge dot ena etc eth eur
      fdusd fet fil floki gram grt hbar icp imx inj iota jup ldo link ltc near neo ondo op paxg pendle pengu
      pepe pol pump pyth qnt render sei shib sky sol stx sui tao tia ton trump trx uni usd1 usdc usde vet virtual
      wbeth wbtc wif wld wlfi xlm xrp xtz zec`,
    usdc: `aave ada algo apt arb aster atom avax bch bnb bonk btc crv doge dot ena etc eth eur fet fil hbar icp inj jup ldo link
      ltc near ondo op pendle pengu pepe pol pump render sei shib sol sui tao tia ton trump trx uni vet virtual wif wld
      wlfi xlm xrp zec`,
    fdusd: 'ada bnb btc doge eth link sol sui usdc xrp',
    btc: `aave ada algo apt arb atom avax bch bnb doge dot etc eth fil hbar icp inj link ltc near op paxg sol sui
      ton trx uni vet wbtc xlm xrp zec`,
    eth: 'ada bnb link ltc sol trx wbeth xrp',
    bnb: 'ada bch ltc sol trx xrp',
    eur: 'ada avax bnb btc doge dot eth link ltc near pepe shib sol sui trx xlm xrp',
    try: 'avax bnb btc doge eth sol usdt xrp',
    brl: 'bnb btc eth sol usdt xrp',
  }).map(([quote, bases]) => [quote, new Set(bases.split(/\s+/))]),
);

/** All currencies that markets of binance.com and binance.us are or were quoted in, and what decides where a name is cut. */
const RUN_TOGETHER = {
  quotes:
    `usdt usdc fdusd tusd busd usd1 usdp usds usde pax dai vai euri aeur eur gbp try brl ars aud rub uah ngn zar pln ron jpy
    mxn cop czk idr idrt bidr bvnd bkrw btc eth bnb trx xrp doge dot sol usd`.split(/\s+/),
  bases: new Set([...(BASES_OF.get('usdt') ?? []), 'usdt']),
};

/** Error codes by their kind (github.com/binance/binance-spot-api-docs, errors.md); what all others are is said by their words. */
const KIND_OF_CODE: ReadonlyMap<string, SourceErrorKind> = new Map([
  ['-1003', 'rate_limited'],
  ['-1015', 'rate_limited'],
  ['-1034', 'rate_limited'],
  ['-1000', 'unavailable'],
  ['-1001', 'unavailable'],
  ['-1006', 'unavailable'],
  ['-1008', 'unavailable'],
  ['-1016', 'unavailable'],
  ['-1007', 'timeout'],
  ['-1002', 'unauthorized'],
  ['-1022', 'unauthorized'],
  ['-2014', 'unauthorized'],
  ['-2015', 'unauthorized'],
  // Characters that no name has, an unknown name, a name whose market is closed: the names are all that we send.
  ['-1100', 'not_found'],
  ['-1121', 'not_found'],
  ['-1220', 'not_found'],
]);

const PRICE_ROW = z.object({ symbol: wireText, price: wireText.nullable() });

const ignored = z.unknown().optional();

/** What is not read is named all the same, so that no other price of the row is ever taken for the last one. */
const STATISTICS_ROW = z.object({
  symbol: wireText,
  lastPrice: wireText.nullable(),
  // The end of the window of 24 hours, which is the time of the last trade in it.
  closeTime: wireMilliseconds,
  quoteVolume: wireText.optional().catch(undefined),
  openTime: ignored,
  askPrice: ignored,
  bidPrice: ignored,
  highPrice: ignored,
  lowPrice: ignored,
  openPrice: ignored,
  priceChange: ignored,
  prevClosePrice: ignored,
  weightedAvgPrice: ignored,
  lastQty: ignored,
  lastId: ignored,
});

const MARKETS = z.object({
  symbols: z.array(z.object({ symbol: z.string(), status: z.string(), baseAsset: z.string(), quoteAsset: z.string() })),
});

/** The plain prices: without a time, and of the same weight for any number of symbols. */
const tickerPrice: SourceEndpoint = {
  name: 'ticker-price',
  // No maximum is documented. One unknown name fails the whole call, so a batch is not made larger than it need be.
  maxBatch: 100,
  cost: () => 4,
  request: (tickers) => ({ path: '/api/v3/ticker/price', query: queryOf(tickers) }),
  recognises: (json) => hasAny(firstRow(json), ['symbol', 'price']) && !isStatistics(json),
  parse: (reader, tickers) =>
    parseRows(reader, tickers, PRICE_ROW, ({ ticker }, row, at) => {
      const { price } = reader.shape(PRICE_ROW, row, at);
      return price === null ? undefined : { ticker, price, sourceTime: undefined };
    }),
};

/** The statistics of 24 hours: they tell the time of the last trade. */
const ticker24hr: SourceEndpoint = {
  name: 'ticker-24hr',
  // Weight 2 up to here, 40 above.
  maxBatch: 20,
  cost: () => 2,
  request: (tickers) => ({ path: '/api/v3/ticker/24hr', query: { ...queryOf(tickers), type: 'MINI' } }),
  recognises: isStatistics,
  parse: (reader, tickers) =>
    parseRows(reader, tickers, STATISTICS_ROW, ({ ticker }, row, at) => {
      const { symbol, lastPrice, closeTime, quoteVolume } = reader.shape(STATISTICS_ROW, row, at);
      if (lastPrice === null) return undefined;
      const volume24h = parseTicker(ticker)?.quote === quoteOf(symbol) ? quoteVolume : undefined;
      return { ticker, price: lastPrice, sourceTime: closeTime, volume24h };
    }),
};

/** Binance's spot markets: nearly all in USDT, many in one call, no key; calls weigh differently. */
export const binanceSource: Source = {
  id: 5,
  name: NAME,
  title: 'Binance',
  plans: [
    {
      name: 'free',
      baseUrl: 'https://api.binance.com',
      limit: {
        calls: 6000,
        perSeconds: 60,
        origin:
          'REQUEST_WEIGHT of /api/v3/exchangeInfo and binance-spot-api-docs, rest-api.md of 2026-07: weight 6,000 a minute and address',
      },
    },
  ],
  endpoints: [tickerPrice, ticker24hr],
  // Up to 20 symbols the statistics weigh less than the prices alone (2 against 4), and have a time.
  endpointFor: (tickers) => (tickers.length <= ticker24hr.maxBatch ? ticker24hr : tickerPrice),
  defaultSymbol: ({ base, quote }: TickerParts) => {
    const market = quote === 'usd' ? 'usdt' : quote;
    return BASES_OF.get(market)?.has(base) === true ? `${base}${market}`.toUpperCase() : undefined;
  },
  quoteOf,
  explain: (json, _response, nowMs) => readError(json, nowMs),
  names: {
    // Some 10 MB with the permissions of every market; those that are closed still have a price, which never changes.
    request: { path: '/api/v3/exchangeInfo', query: { symbolStatus: 'TRADING', showPermissionSets: 'false' } },
    cost: 20,
    parse: (reader) =>
      reader
        .shape(MARKETS)
        .symbols.filter(({ status }) => status === 'TRADING')
        .map(({ symbol, baseAsset, quoteAsset }) => ({
          name: symbol,
          symbol: baseAsset.toLowerCase(),
          quote: quoteAsset.toLowerCase(),
        })),
  },
};

function quoteOf(market: string): string {
  return quoteOfMarket(market, RUN_TOGETHER);
}

/** Only markets that are open: `ticker/price` has no time that would show the last price of a closed one to be old. */
function queryOf(tickers: readonly RequestedTicker[]): Record<string, string> {
  // The same name twice is an error (-1151).
  const names = [...new Set(tickers.map(({ sourceSymbol }) => sourceSymbol))];
  return { symbols: JSON.stringify(names), symbolStatus: 'TRADING' };
}

/** Reads the rows that were asked for; an answer with all markets has thousands. */
function parseRows(
  reader: AnswerReader,
  tickers: readonly RequestedTicker[],
  outline: z.ZodType,
  read: (asked: RequestedTicker, row: unknown, at: FieldPath) => Quote | undefined,
): readonly SourceReading[] {
  // `symbol=` in the place of `symbols=` is answered with the row alone.
  const rows: readonly unknown[] = Array.isArray(reader.json) ? reader.json : [reader.json];
  if (rows.length === 0) throw new SourceError('drift', NAME, 'the answer: expected prices, found an empty array');
  return readRows(reader, { rows, at: [], nameField: 'symbol', outline }, tickers, read);
}

function firstRow(json: unknown): unknown {
  return Array.isArray(json) ? (json as unknown[])[0] : json;
}

/** Two of these fields are in no other answer; one of them alone may have been renamed. */
function isStatistics(json: unknown): boolean {
  const fields = ['lastPrice', 'openPrice', 'highPrice', 'quoteVolume', 'openTime', 'closeTime'];
  const row = firstRow(json);
  return isRow(row) && fields.filter((field) => Object.hasOwn(row, field)).length >= 2;
}

function hasAny(row: unknown, fields: readonly string[]): boolean {
  return isRow(row) && fields.some((field) => Object.hasOwn(row, field));
}

function isRow(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof WireNumber);
}

/** Reads `{"code":-1121,"msg":"Invalid symbol."}`; undefined when there is no code. Code 0 is an error too: a closed region. */
function readError(json: unknown, nowMs: number): SourceError | undefined {
  const answer = wireObject.safeParse(json);
  const code = answer.success ? ownMember(answer.data, 'code') : undefined;
  const codeText = code instanceof WireNumber ? code.text : code;
  if (!answer.success || typeof codeText !== 'string') return undefined;
  const message = ownMember(answer.data, 'msg');
  const words = typeof message === 'string' ? oneLine(message) : '';
  return new SourceError(kindOf(codeText, words), NAME, `error ${oneLine(codeText)} ${words}`.trimEnd(), {
    retryAfterSeconds: waitInWords(words, nowMs),
  });
}

function kindOf(code: string, words: string): SourceErrorKind {
  const known = KIND_OF_CODE.get(code);
  if (known !== undefined) return known;
  if (/restricted location|eligibility/i.test(words)) return 'forbidden_region';
  if (saysRateLimit(words) || /banned/i.test(words)) return 'rate_limited';
  if (/unavailable|maintenance|overloaded|try again/i.test(words)) return 'unavailable';
  return 'drift';
}
