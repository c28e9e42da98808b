import type { SourceErrorKind, TickerParts } from '@app/domain';
import { z } from 'zod';
import {
  type AnswerReader,
  type RequestedTicker,
  type Source,
  type SourceEndpoint,
  SourceError,
  type SourceReading,
  WireNumber,
  onlyFirst,
  oneLine,
  ownMember,
  wireObject,
  wireSecondsText,
  wireText,
  saysRateLimit,
} from '../contract/index.js';
import { quoteOfMarket } from '../contract/market-quote.js';

const NAME = 'bitstamp';

/**
 * Large assets by the currency of their markets; BNB, TRX, TON and XMR have none here. A market that has been closed since is found
 * when the names are held against the exchange's own list.
 */
const BASES_OF: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    usd: `aave ada algo ape avax axs bch bonk btc chz comp crv dai doge dot dydx enj eth eur eurc fet flr gala gbp grt hbar imx
      inj ldo link ltc near pepe pol pyusd render rlusd sand shib sol sui sushi uni usdc usdt xlm xrp yfi zrx`,
    eur: `aave ada algo ape avax axs bch bonk btc chz comp crv doge dot dydx enj eth eurc fet flr gala gbp grt hbar imx inj ldo
      link ltc near pepe pol render rlusd sand shib sol sui sushi uni usdc usdt xlm xrp yfi zrx`,
    gbp: 'bch btc eth link ltc xlm xrp',
    btc: 'aave ada algo bch eth link ltc uni xlm xrp',
    usdt: 'btc eth rlusd sol usdc xrp',
    usdc: 'btc eth sol xrp',
    rlusd: 'btc eth xrp',
  }).map(([quote, bases]) => [quote, new Set(bases.split(/\s+/))]),
);

/** All currencies that markets are or were quoted in, and what decides where a name is cut. */
const RUN_TOGETHER = {
  quotes: 'usd eur gbp btc eth usdt usdc rlusd pyusd gusd pax dai eurt eurc eurcv'.split(' '),
  bases: BASES_OF.get('usd') ?? new Set<string>(),
};

const ignored = z.unknown().optional();

/** What is not read is named all the same, so that no other price is ever taken for the last one. */
const ANSWER = z.object({
  last: wireText.nullable(),
  timestamp: wireSecondsText,
  // Which market it is of: only the list of all markets says so today.
  pair: wireText.optional(),
  market: wireText.optional(),
  ask: ignored,
  bid: ignored,
  high: ignored,
  low: ignored,
  open: ignored,
  open_24: ignored,
  vwap: ignored,
  volume: ignored,
  side: ignored,
});

const PAIRS = z.array(z.object({ name: z.string(), url_symbol: z.string(), trading: z.string() }));

const ticker: SourceEndpoint = {
  name: 'ticker',
  maxBatch: 1,
  request: ([asked]) => ({ path: `/api/v2/ticker/${encodeURIComponent(asked?.sourceSymbol ?? '')}/`, query: {} }),
  recognises: () => true,
  parse,
};

/** Bitstamp's ticker: one market per call, no key, markets in real dollars; every value is a text, the time too. */
export const bitstampSource: Source = {
  id: 8,
  name: NAME,
  title: 'Bitstamp',
  plans: [
    {
      name: 'free',
      baseUrl: 'https://www.bitstamp.net',
      limit: {
        calls: 10_000,
        perSeconds: 600,
        origin: 'bitstamp.net/api: 10,000 in 10 minutes, which binds before the 400 a second that are allowed too',
      },
    },
  ],
  endpoints: [ticker],
  defaultSymbol: ({ base, quote }: TickerParts) =>
    BASES_OF.get(quote)?.has(base) === true ? `${base}${quote}` : undefined,
  quoteOf: (market) => quoteOfMarket(market, RUN_TOGETHER),
  explain: (json) => readError(json),
  names: {
    request: { path: '/api/v2/trading-pairs-info/', query: {} },
    parse: (reader) =>
      reader
        .shape(PAIRS)
        .filter(({ trading }) => trading === 'Enabled')
        .map(({ name, url_symbol }) => {
          const [base = name, quote] = name.toLowerCase().split('/');
          return { name: url_symbol, symbol: base, quote };
        }),
  },
};

function parse(reader: AnswerReader, tickers: readonly RequestedTicker[]): readonly SourceReading[] {
  // The answer is of the one market that was asked for, which is the first: a call takes no second one.
  return reader.each(onlyFirst(tickers), (asked) => {
    const { last, timestamp, pair, market } = reader.shape(ANSWER);
    const other = [pair, market].find(
      (name) => name !== undefined && plainName(name) !== plainName(asked.sourceSymbol),
    );
    if (other !== undefined) {
      const field = other === pair ? 'pair' : 'market';
      throw new SourceError(
        'drift',
        NAME,
        `field ${field}: expected ${oneLine(asked.sourceSymbol)}, found ${oneLine(other)}`,
      );
    }
    return last === null ? undefined : { ticker: asked.ticker, price: last, sourceTime: timestamp };
  });
}

/** `BTC/USD` and `btcusd` are one market. */
function plainName(pair: string): string {
  return pair.toLowerCase().replace(/[/_-]/g, '');
}

/**
 * Reads the forms of an error, which differ by the age of the endpoint: `error` as a text or as an object of lists, `status` "error"
 * with `reason` and `code`, `errors` as a list, or `response_code` with `response_explanation`. Undefined when there is none.
 */
function readError(json: unknown): SourceError | undefined {
  const parsed = wireObject.safeParse(json);
  if (!parsed.success) return undefined;
  const member = (name: string): unknown => ownMember(parsed.data, name);
  const code = [member('response_code'), member('code')].map(codeOf).find((text) => text !== '') ?? '';
  const error = wordsOf([member('error'), member('errors')]);
  if (error === '' && member('status') !== 'error' && !isErrorCode(code)) return undefined;
  const words = [error, wordsOf([member('reason'), member('response_explanation')])]
    .filter((text) => text !== '')
    .join(' ');
  return new SourceError(kindOf(code, words), NAME, `error ${code} ${words}`.replace(/ +/g, ' ').trimEnd());
}

/** `400.002`: the status of HTTP, and a number below it. */
function isErrorCode(code: string): boolean {
  return /^[45]\d\d\.\d{1,4}$/.test(code);
}

function codeOf(value: unknown): string {
  if (value instanceof WireNumber) return oneLine(value.text);
  return typeof value === 'string' ? oneLine(value) : '';
}

/** All texts in a value, some levels deep, as one line: `{"__all__":["..."]}`. */
function wordsOf(value: unknown, depth = 4): string {
  if (typeof value === 'string') return oneLine(value);
  if (depth === 0 || typeof value !== 'object' || value === null || value instanceof WireNumber) return '';
  const words = Object.values(value).map((member) => wordsOf(member, depth - 1));
  return oneLine(words.filter((text) => text !== '').join(' '));
}

/** 400.002, 400.067 and 400.068 are rate limits; API0001 and the like are faults of a key. */
function kindOf(code: string, words: string): SourceErrorKind {
  if (/^400\.0(02|67|68)$|^429\./.test(code)) return 'rate_limited';
  if (/^404\./.test(code)) return 'not_found';
  if (saysRateLimit(words)) return 'rate_limited';
  if (/^(API\d|40[13]\.)/.test(code)) return 'unauthorized';
  if (/password|api access|api key|signature|nonce|authenticat|permission|unauthori[sz]ed/i.test(words))
    return 'unauthorized';
  if (/restricted|jurisdiction|your (country|region)/i.test(words)) return 'forbidden_region';
  if (/not found|invalid (currency )?pair|unknown (market|pair)/i.test(words)) return 'not_found';
  if (/^(408|504)\./.test(code) || /timed? ?out/i.test(words)) return 'timeout';
  if (/^5\d\d\./.test(code) || /maintenance|unavailable|internal|overload|try again/i.test(words)) return 'unavailable';
  return 'drift';
}
