import { type Quote, type SourceErrorKind, type TickerParts, parseTicker } from '@app/domain';
import { z } from 'zod';
import {
  type RequestedTicker,
  type Source,
  type SourceEndpoint,
  SourceError,
  type SourceResponse,
  isRenamed,
  onlyFirst,
  oneLine,
  ownMember,
  wireIsoTime,
  wireObject,
  wireText,
  saysRateLimit,
} from '../contract/index.js';

const NAME = 'coinbase';
/** The API of the Coinbase app, beside that of the Exchange. */
const APP_URL = 'https://api.coinbase.com';

/** Coinbase's names for what others call otherwise. */
const COINBASE_SYMBOLS: ReadonlyMap<string, string> = new Map([['celo', 'CGLD']]);
const COMMON_SYMBOLS: ReadonlyMap<string, string> = new Map(
  [...COINBASE_SYMBOLS].map(([common, own]) => [own, common]),
);

/**
 * Well known assets that the Exchange trades against dollars (lists of /products of 2022 and 2025, announcements since).
 * USDC is none of them: Coinbase changes it into dollars at par, which is no price. Symbols that mean something else
 * here (core, velo, zeta) are left out and need their name in the catalogue.
 */
const IN_USD =
  words(`1inch aave ach ada aero akt algo amp ankr ape api3 apt arb arkm arpa atom auction avax axs bal band
  bat bch bera bico bigtime blur bnb bnt bonk btc cbeth celo chz comp coti cow cro crv ctsi cvc cvx dai dash degen doge
  dot egld eigen ena ens etc eth ethfi fartcoin fet fil floki flow flr glm gmt gno grt gtc hbar hnt hype icp idex ilv
  imx inj io iotx ip jasmy jto kaito kava knc ksm lcx ldo link lpt lqty lrc lseth ltc mana mask metis mina mln mog
  moodeng morpho msol near nmr ocean ogn ondo op orca osmo oxt paxg pendle pengu pepe perp pnut pol popcat powr prime
  pyth pyusd qnt rad rare render req rlc rose rpl safe sand sei shib skl snx sol spell stg storj strk stx sui super
  sushi syrup tao tia tnsr ton trb trump turbo uma uni usdt vet virtual vvv wif wld wlfi xcn xlm xrp xtz xyo yfi zec
  zen zk zora zro zrx`);

/** Other markets of the Exchange. What has none is known by the exchange rates, in any currency that they have. */
const IN_OTHERS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  [
    'eur',
    words('aave ada algo atom avax bch btc doge dot etc eth fil icp link ltc shib sol uni usdc usdt xlm xrp xtz'),
  ],
  ['gbp', words('ada btc bch doge dot eth link ltc shib sol usdc usdt')],
  ['usdt', words('ada avax btc doge dot eth hbar shib sol xlm xrp')],
  ['btc', words('aave ada algo atom avax bch doge dot etc eth link ltc sol uni xlm')],
  ['eth', words('sol')],
]);

/** Currencies of states, by ISO 4217, in which the exchange rates are given. */
const STATE_CURRENCIES =
  words(`aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd btn bwp
  byn bzd cad cdf chf clp cny cop crc cup cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel ghs gip gmd gnf gtq gyd
  hkd hnl hrk htg huf idr ils inr iqd isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl lyd mad mdl
  mga mkd mmk mnt mop mro mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub
  rwf sar sbd scr sek sgd shp sll sos srd std svc szl thb tjs tmt tnd top try ttd twd tzs uah ugx usd uyu uzs ves vnd
  vuv wst xaf xcd xof xpf yer zar zmw`);

/** Of these, the ones that are also the symbol of a coin. As a base the rates would give the currency's price for the coin's. */
const ALSO_COINS = words('all bob mnt ron scr sos top');

/** Quotes that have both: markets of the Exchange, and rates for what has none. */
const COIN_CURRENCIES = words('btc eth');

/** `trade_id` is what tells it from the price of anything else. */
const PRODUCT_TICKER = z.object({
  price: wireText,
  time: wireIsoTime.nullish(),
  trade_id: z.unknown(),
  // Which product it is of: only the messages of the web socket say so today.
  product_id: wireText.nullish(),
});
/** A time that goes by another name is drift and no absence. */
const TIMED_TICKER = PRODUCT_TICKER.extend({ time: wireIsoTime });
const NO_TIMES = ['price', 'size', 'trade_id', 'product_id'];
const RATES = z.object({ data: z.object({ currency: wireText, rates: wireObject }) });
const SPOT = z.object({ data: z.object({ amount: wireText, base: wireText, currency: wireText }) });
const PRODUCTS = z.array(
  z.object({
    id: z.string(),
    base_currency: z.string(),
    quote_currency: z.string(),
    status: z.string().optional(),
    trading_disabled: z.boolean().optional(),
  }),
);

const productTicker: SourceEndpoint = {
  name: 'product-ticker',
  maxBatch: 1,
  request: (tickers) => ({ path: `/products/${encodeURIComponent(tickers[0]?.sourceSymbol ?? '')}/ticker`, query: {} }),
  recognises: (json) => !isOf(json, 'data') && isOf(json, 'trade_id'),
  parse: (reader, tickers) => {
    if (isOf(reader.json, 'trade_id') && memberOf(reader.json, 'price') === null) return [];
    const schema = isRenamed(reader.json, 'time', NO_TIMES) ? TIMED_TICKER : PRODUCT_TICKER;
    return reader.each(onlyFirst(tickers), (asked) => {
      const { ticker } = asked;
      const { price, time, product_id } = reader.shape(schema);
      const { base, quote } = marketOf(asked);
      if (typeof product_id === 'string' && product_id !== `${base}-${quote}`) {
        const found = `expected ${oneLine(`${base}-${quote}`)}, found ${oneLine(product_id)}`;
        throw new SourceError('drift', NAME, `field product_id: ${found}`);
      }
      return { ticker, price, sourceTime: time ?? undefined };
    });
  },
};

const exchangeRates: SourceEndpoint = {
  name: 'exchange-rates',
  baseUrl: APP_URL,
  // One call gives every coin; this only bounds what hangs on it.
  maxBatch: 1000,
  // 10,000 an hour are 2.7 a second, where the Exchange allows 10: under one limit for both, such a call counts as four.
  cost: () => 4,
  request: (tickers) => ({ path: '/v2/exchange-rates', query: { currency: onlyQuote(tickers) } }),
  recognises: (json) => {
    const data = memberOf(json, 'data');
    return (
      memberOf(data, 'rates') !== undefined || (isOf(data, 'currency') && !isOf(data, 'base') && !isOf(data, 'amount'))
    );
  },
  parse: (reader, tickers) => {
    const { currency, rates } = reader.shape(RATES).data;
    return reader.each(tickers, (asked): Quote | undefined => {
      const { base, quote } = marketOf(asked);
      // A rate is what one unit of `currency` is worth: the price, when that is the base; its inverse, when it is the quote.
      const isPrice = currency === base;
      const name = isPrice ? quote : base;
      const rate = isPrice || currency === quote ? ownMember(rates, name) : undefined;
      if (rate === undefined || rate === null) return undefined;
      const price = reader.shape(z.object({ [name]: wireText }), rates, ['data', 'rates'])[name] ?? '';
      const read = { ticker: asked.ticker, price, sourceTime: undefined };
      return isPrice ? read : { ...read, inverted: true };
    });
  },
};

/** Never asked, since the ticker of the Exchange is nearer to the market; read where a stored answer has this form. */
const spot: SourceEndpoint = {
  name: 'spot',
  baseUrl: APP_URL,
  maxBatch: 1,
  request: ([asked]) => {
    const { base, quote } = asked === undefined ? { base: '', quote: '' } : marketOf(asked);
    return { path: `/v2/prices/${encodeURIComponent(`${base}-${quote}`)}/spot`, query: {} };
  },
  recognises: (json) => isOf(memberOf(json, 'data'), 'amount') || isOf(memberOf(json, 'data'), 'base'),
  parse: (reader, tickers) => {
    if (memberOf(memberOf(reader.json, 'data'), 'amount') === null) return [];
    return reader.each(tickers, (asked) => {
      const { amount, base, currency } = reader.shape(SPOT).data;
      const market = marketOf(asked);
      const isAsked = market.base === base && market.quote === currency;
      return isAsked ? { ticker: asked.ticker, price: amount, sourceTime: undefined } : undefined;
    });
  },
};

/** Coinbase: the last trade of a product of its Exchange, or the rates of its app for what is no product. */
export const coinbaseSource: Source = {
  id: 6,
  name: NAME,
  title: 'Coinbase',
  plans: [
    {
      name: 'free',
      baseUrl: 'https://api.exchange.coinbase.com',
      limit: {
        calls: 10,
        perSeconds: 1,
        origin:
          'docs.cdp.coinbase.com/exchange/rest-api/rate-limits: 10 a second and address for public calls, bursts of 15; exchange-rates: 10,000 an hour (docs.cdp.coinbase.com/coinbase-app/api-architecture/rate-limiting), counted as 4 each',
      },
    },
  ],
  endpoints: [productTicker, exchangeRates, spot],
  endpointFor: (tickers) =>
    tickers.every(({ sourceSymbol }) => isProduct(sourceSymbol)) ? productTicker : exchangeRates,
  defaultSymbol,
  quoteOf: (name) => (isProduct(name) ? commonSymbol(name.slice(name.lastIndexOf('-') + 1)) : undefined),
  explain: readError,
  names: {
    request: { path: '/products', query: {} },
    covers: isProduct,
    parse: (reader) =>
      reader
        .shape(PRODUCTS)
        .filter(({ status = 'online', trading_disabled = false }) => status === 'online' && !trading_disabled)
        .map(({ id, base_currency, quote_currency }) => ({
          name: id,
          symbol: commonSymbol(base_currency),
          quote: commonSymbol(quote_currency),
        })),
  },
};

/** Whether a name is that of a product, a pair such as BTC-USD; anything else is a bare asset such as BTC. */
function isProduct(name: string): boolean {
  return name.includes('-');
}

function defaultSymbol({ base, quote }: TickerParts): string | undefined {
  if (base === quote) return undefined;
  const isTraded = quote === 'usd' ? IN_USD.has(base) : IN_OTHERS.get(quote)?.has(base) === true;
  if (isTraded) return `${ownSymbol(base)}-${ownSymbol(quote)}`;
  const hasRates = STATE_CURRENCIES.has(quote) || COIN_CURRENCIES.has(quote);
  const isKnown = IN_USD.has(base) || (STATE_CURRENCIES.has(base) && !ALSO_COINS.has(base));
  return hasRates && isKnown ? ownSymbol(base) : undefined;
}

/** Base and quote in capitals: of the product, or of the asset in the currency of the ticker. */
function marketOf({ ticker, sourceSymbol }: RequestedTicker): { base: string; quote: string } {
  if (isProduct(sourceSymbol)) {
    const dash = sourceSymbol.lastIndexOf('-');
    return { base: sourceSymbol.slice(0, dash).toUpperCase(), quote: sourceSymbol.slice(dash + 1).toUpperCase() };
  }
  const parts = parseTicker(ticker);
  if (parts === undefined) throw new SourceError('not_found', NAME, `${oneLine(ticker)} is no ticker`);
  return { base: sourceSymbol.toUpperCase(), quote: ownSymbol(parts.quote) };
}

function onlyQuote(tickers: readonly RequestedTicker[]): string {
  const [quote, ...others] = new Set(tickers.map((asked) => marketOf(asked).quote));
  if (quote !== undefined && others.length === 0) return quote;
  throw new SourceError('drift', NAME, 'one call gives the rates of one currency; asked for several');
}

/**
 * Reads the errors of both APIs: `{"errors":[{"id","message"}]}` of the app, `{"message"}` of the Exchange; undefined
 * when there is none. `warnings` of the app stand beside data and are none.
 */
function readError(json: unknown, { status }: SourceResponse): SourceError | undefined {
  const errors = memberOf(json, 'errors');
  const [first] = Array.isArray(errors) ? (errors as unknown[]) : [errors];
  if (first !== undefined && first !== null) {
    return errorOf(textOf(memberOf(first, 'id')), textOf(memberOf(first, 'message') ?? first), status);
  }
  const [error, message] = [memberOf(json, 'error'), memberOf(json, 'message')];
  const isAnswer = isOf(json, 'price') || isOf(json, 'data');
  if (isAnswer || (typeof error !== 'string' && typeof message !== 'string')) return undefined;
  return errorOf(textOf(error), textOf(message), status);
}

function errorOf(id: string, message: string, status: number): SourceError {
  const said = `${id} ${message}`.trim();
  const known = KIND_OF_WORDS.find(([pattern]) => pattern.test(said))?.[1];
  const kind = saysRateLimit(said) ? 'rate_limited' : known;
  return new SourceError(
    kind ?? KIND_OF_STATUS.get(status) ?? 'drift',
    NAME,
    `error ${said === '' ? 'without words' : said}`,
  );
}

/** The ids come and go (docs.cdp.coinbase.com/coinbase-app/api-architecture/error-messages), so the words decide. */
const KIND_OF_WORDS: readonly (readonly [RegExp, SourceErrorKind])[] = [
  [/not.?found|delisted|invalid (base |quote )?currency|currency is invalid|(unknown|invalid) product/i, 'not_found'],
  [/region|country|jurisdiction|forbidden|access denied/i, 'forbidden_region'],
  [/unauthori[sz]ed|api.?key|signature|passphrase|token|authenticat|invalid_scope|permission|verif/i, 'unauthorized'],
  [/time[d ]?.?out/i, 'timeout'],
  [/internal|unavailable|maintenance|try again|bad gateway/i, 'unavailable'],
];

/** For words that nobody knows. */
const KIND_OF_STATUS: ReadonlyMap<number, SourceErrorKind> = new Map([
  [403, 'forbidden_region'],
  [404, 'not_found'],
]);

function memberOf(value: unknown, name: string): unknown {
  const object = wireObject.safeParse(value);
  return object.success ? ownMember(object.data, name) : undefined;
}

function isOf(value: unknown, name: string): boolean {
  return memberOf(value, name) !== undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? oneLine(value) : '';
}

function ownSymbol(common: string): string {
  return COINBASE_SYMBOLS.get(common) ?? common.toUpperCase();
}

function commonSymbol(own: string): string {
  return COMMON_SYMBOLS.get(own) ?? own.toLowerCase();
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/));
}
