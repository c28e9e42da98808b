import { COINGECKO_IDS, type Quote, type SourceErrorKind, type TickerParts, parseTicker } from '@app/domain';
import { z } from 'zod';
import {
  type AnswerReader,
  type RequestedTicker,
  type Source,
  type SourceEndpoint,
  SourceError,
  WireNumber,
  isRenamed,
  oneLine,
  ownMember,
  wireNumber,
  wireObject,
  wireSeconds,
  saysRateLimit,
} from '../contract/index.js';

const NAME = 'coingecko';

/** The currencies that CoinGecko converts to; one that it does not know comes back as an empty object. */
const QUOTE_CURRENCIES: ReadonlySet<string> = new Set(
  `aed ars aud bch bdt bhd bits bmd bnb brl btc cad chf clp cny czk dkk dot eos eth eur gbp gel hkd huf idr ils inr
  jpy krw kwd link lkr ltc mmk mxn myr ngn nok nzd php pkr pln rub sar sats sek sgd thb try twd uah usd vef vnd
  xag xau xdr xlm xrp yfi zar`.split(/\s+/),
);

/**
 * Codes inside an error object (docs.coingecko.com/docs/errors-and-rate-limits); 10005 is an endpoint outside the plan.
 */
const KIND_OF_CODE: ReadonlyMap<string, SourceErrorKind> = new Map([
  ['429', 'rate_limited'],
  ['401', 'unauthorized'],
  ['10002', 'unauthorized'],
  ['10005', 'unauthorized'],
  ['10010', 'unauthorized'],
  ['10011', 'unauthorized'],
  ['403', 'forbidden_region'],
  ['1020', 'forbidden_region'],
  ['404', 'not_found'],
  ['408', 'timeout'],
  ['504', 'timeout'],
]);

/** Amounts beside the price come when they are asked for; whatever else they are, the price is none the worse. */
const amount = wireNumber.nullish().catch(undefined);

/** What stands under any id: prices and amounts, and nothing else. */
const OUTLINE = z.record(z.string(), z.record(z.string(), wireNumber.nullable()));

const COINS = z.array(z.object({ id: z.string(), symbol: z.string(), name: z.string() }));

const simplePrice: SourceEndpoint = {
  name: 'simple-price',
  // No maximum is documented. The longest id has 53 characters, a comma is sent as three: 100 of them stay
  // below the 8 KiB at which servers and proxies start to refuse a URL.
  maxBatch: 100,
  request: (tickers) => ({
    path: '/simple/price',
    query: {
      // No space after a comma: it would silently drop the coin that follows.
      ids: distinct(tickers.map((ticker) => ticker.sourceSymbol)).join(','),
      vs_currencies: distinct(tickers.map(quoteCurrency)).join(','),
      include_market_cap: 'true',
      include_24hr_vol: 'true',
      include_last_updated_at: 'true',
      // Without it a price above some thousands comes rounded to an integer.
      precision: 'full',
    },
  }),
  recognises: (json) => wireObject.safeParse(json).success,
  parse: (reader, tickers) => {
    const coins = reader.shape(wireObject);
    // Another endpoint's answer, or an error of a new shape, must not pass for one without the coins that were asked for.
    if (!tickers.some(({ sourceSymbol }) => Object.hasOwn(coins, sourceSymbol))) reader.shape(OUTLINE);
    return reader.each(tickers, (ticker) => readQuote(reader, coins, ticker));
  },
};

/** The three ways to be a customer differ in host, header and limit; a key sent to the wrong host is refused. */
const HOST = 'https://api.coingecko.com/api/v3';
const MONTHLY_DEMO = {
  credits: 10_000,
  origin: 'coingecko.com/en/api/pricing, seen 2026-05: Demo has 10,000 credits a month',
};

/** CoinGecko's simple price: many coins and currencies in one call, with the time of each price. */
export const coingeckoSource: Source = {
  id: 2,
  name: NAME,
  title: 'CoinGecko',
  plans: [
    {
      name: 'free',
      baseUrl: HOST,
      limit: {
        calls: 30,
        perSeconds: 60,
        origin: 'docs.coingecko.com, copy of 2025-04: about 30 a minute and address (the newest copy says 100)',
      },
    },
    {
      name: 'demo',
      baseUrl: HOST,
      limit: {
        calls: 30,
        perSeconds: 60,
        origin: 'docs.coingecko.com, copy of 2025-04: 30 a minute (the newest copy says 100)',
      },
      monthly: MONTHLY_DEMO,
      keyHeader: (key) => ['x-cg-demo-api-key', key],
    },
    {
      name: 'pro',
      baseUrl: 'https://pro-api.coingecko.com/api/v3',
      limit: {
        calls: 500,
        perSeconds: 60,
        origin: 'docs.coingecko.com: 500 a minute for Analyst, the smallest paid plan',
      },
      monthly: {
        credits: 500_000,
        origin: 'coingecko.com/en/api/pricing: 500,000 a month for Analyst, the smallest paid plan',
      },
      keyHeader: (key) => ['x-cg-pro-api-key', key],
    },
  ],
  endpoints: [simplePrice],
  defaultSymbol: (ticker: TickerParts) =>
    QUOTE_CURRENCIES.has(ticker.quote) ? COINGECKO_IDS.get(ticker.base) : undefined,
  explain: (json) => readError(json),
  names: {
    request: { path: '/coins/list', query: {} },
    parse: (reader) =>
      reader.shape(COINS).map(({ id, symbol, name }) => ({ name: id, symbol: symbol.toLowerCase(), title: name })),
  },
};

/** The symbol of a well known coin, `btc` for `bitcoin`; undefined for any other, whose symbol others may share. */
export function coingeckoSymbolOf(id: string): string | undefined {
  return [...COINGECKO_IDS].find(([, known]) => known === id)?.[0];
}

/** One ticker of the answer; undefined when the answer has no price for it. */
function readQuote(
  reader: AnswerReader,
  coins: Readonly<Record<string, unknown>>,
  asked: RequestedTicker,
): Quote | undefined {
  const id = asked.sourceSymbol;
  const entry = ownMember(coins, id);
  if (entry === undefined) return undefined;
  const coin = reader.shape(wireObject, entry, [id]);
  const currency = quoteCurrency(asked);
  const price = ownMember(coin, currency);
  // `{}` is its answer to an unknown currency, and null that of a coin without a market. Either concerns this ticker
  // alone and must not take the rest of the batch with it.
  if (price === null || (price === undefined && isInOtherCurrencies(coin, currency))) return undefined;
  const schema = z.object({
    [currency]: wireNumber,
    [`${currency}_market_cap`]: amount,
    [`${currency}_24h_vol`]: amount,
    // A price does not become wrong by having no time, so its absence is recorded as such; any other value, or name, is drift.
    last_updated_at: isRenamed(coin, 'last_updated_at', [currency]) ? wireSeconds : wireSeconds.nullish(),
  });
  const read = reader.shape(schema, coin, [id]) as Record<string, WireNumber | null | undefined> & {
    last_updated_at?: Date | null;
  };
  return {
    ticker: asked.ticker,
    price: read[currency]?.text ?? '',
    sourceTime: read.last_updated_at ?? undefined,
    marketCap: read[`${currency}_market_cap`]?.text,
    volume24h: read[`${currency}_24h_vol`]?.text,
  };
}

/** Whether a coin has nothing but prices and amounts in currencies that were not asked for, or nothing at all. */
function isInOtherCurrencies(coin: Readonly<Record<string, unknown>>, asked: string): boolean {
  const names = Object.keys(coin).filter((name) => name !== 'last_updated_at' && coin[name] !== null);
  const currencies = names.map((name) => name.replace(/_(market_cap|24h_vol|24h_change)$/, ''));
  // An amount in the currency that was asked for shows that it is known: its price has gone elsewhere.
  return currencies.every((currency) => QUOTE_CURRENCIES.has(currency) && currency !== asked);
}

/**
 * Reads the error objects, which differ by endpoint and layer and may come with status 200; undefined when there is
 * none. `{"status":{"usd":0.03}}` is no error: `status` is the id of the coin SNT.
 */
function readError(json: unknown): SourceError | undefined {
  const answer = wireObject.safeParse(json);
  if (!answer.success) return undefined;
  const error = ownMember(answer.data, 'error');
  if (typeof error === 'string') return describeError(ownMember(answer.data, 'status'), error);
  const nested = wireObject.safeParse(error);
  const status = wireObject.safeParse(ownMember(nested.success ? nested.data : answer.data, 'status'));
  // For a key on the wrong host the code stands beside the status.
  const code = status.success
    ? (ownMember(status.data, 'error_code') ?? ownMember(answer.data, 'error_code'))
    : undefined;
  return status.success && code !== undefined
    ? describeError(code, ownMember(status.data, 'error_message'))
    : undefined;
}

function describeError(code: unknown, message: unknown): SourceError {
  const codeText = code instanceof WireNumber ? oneLine(code.text) : typeof code === 'string' ? oneLine(code) : '';
  const messageText = typeof message === 'string' ? oneLine(message) : '';
  return new SourceError(
    kindOf(codeText, messageText),
    NAME,
    `error ${codeText} ${messageText}`.replace(/ +/g, ' ').trim(),
  );
}

function kindOf(code: string, message: string): SourceErrorKind {
  const known = KIND_OF_CODE.get(code);
  if (known !== undefined) return known;
  if (/^5\d\d$/.test(code)) return 'unavailable';
  if (saysRateLimit(message)) return 'rate_limited';
  if (/not found|could not find/i.test(message)) return 'not_found';
  if (/api.?key|unauthori[sz]ed/i.test(message)) return 'unauthorized';
  if (/internal server error|unavailable|maintenance/i.test(message)) return 'unavailable';
  return 'drift';
}

function quoteCurrency(asked: RequestedTicker): string {
  const parts = parseTicker(asked.ticker);
  if (parts === undefined) throw new SourceError('not_found', NAME, `${oneLine(asked.ticker)} is no ticker`);
  return parts.quote;
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)];
}
