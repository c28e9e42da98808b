import type { Quote, SourceErrorKind, TickerParts } from '@app/domain';
import { z } from 'zod';
import {
  type AnswerReader,
  type ListedName,
  type RequestedTicker,
  type Source,
  type SourceEndpoint,
  SourceError,
  type SourceReading,
  oneLine,
  ownMember,
  wireObject,
  wireText,
  saysRateLimit,
} from '../contract/index.js';
import { quoteOfMarket, type RunTogetherNames } from '../contract/market-quote.js';
import { MAX_RETRY_AFTER_SECONDS } from '../contract/retry-after.js';

const NAME = 'kraken';

/** Kraken's names for what others call otherwise. Its LUNA is the old chain, which is LUNC elsewhere. */
const KRAKEN_SYMBOLS: ReadonlyMap<string, string> = new Map([
  ['btc', 'XBT'],
  ['doge', 'XDG'],
  ['lunc', 'LUNA'],
]);
const COMMON_SYMBOLS: ReadonlyMap<string, string> = new Map([...KRAKEN_SYMBOLS].map(([common, own]) => [own, common]));

/**
 * Well known assets that have a market in dollars (/0/public/AssetPairs in 2026-06), under their common symbol. One that
 * means something else here (luna, rep), or whose name here is not certain, is left out and needs its name in the
 * catalogue: a single unknown pair fails the whole call.
 */
const IN_USD = words(`1inch 2z aave ach ada aero aevo akt aleo algo alice ankr ape api3 apt ar arb arkm aster atom
  audio aud avax axs bal band bat bch bera bico blur bnb bnt bonk btc btt c98 cake celo celr cfg chr chz comp coti cow cro
  crv ctsi cvc cvx dai dash dcr dent doge dot dydx dym egld eigen ena enj ens etc eth ethfi eul eur eurc ewt fartcoin
  fet fil floki flow flr fxs gala gbp ghst glmr gmt gmx gno goat grass grt hbar hft hnt hype icp icx imx inj ip jasmy
  jitosol jst jto jup kaito kas kava kmno knc ksm lcx ldo linea link lpt lqty lrc lsk ltc lunc mana mask melania meme
  mew mina mln mnt mog mon moodeng morpho movr msol near nmr not ocean okb omg ondo op orca osmo paxg pendle pengu pepe
  perp pi plume pnut pol popcat powr pump pyth pyusd qnt qtum rare rari ray render req rlc rlusd rpl rsr rune s sand sc
  scrt sei shib sky snx sol spell spx ssv stg storj strk stx sui sun super sushi syrup tao tbtc tia tnsr ton trump trx
  turbo uma uni usd1 usdc usdd usde usdg usds usdt vet virtual wbtc wif wld wlfi xaut xcn xdc xlm xmr xpl xrp xtz xyo
  yfi ygg zec zk zora zro zrx`);

/** Of these, the ones without a market in euros. */
const NOT_IN_EUR = words('aleo aud c98 dcr eur gbp okb pyusd usd1 usdg xaut');

/** What has a market in another currency, from the same list. */
const IN_OTHERS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  [
    'btc',
    words(`aave ada algo ankr atom bch comp dot etc eth fil grt link ltc mana mina mln paxg sand sc snx sol tbtc trx uni
    wbtc doge xlm xmr xrp zrx`),
  ],
  ['eth', words('aave ada algo atom bch dot etc fil link ltc paxg sol trx uni xrp')],
  [
    'usdt',
    words(`ada aleo algo ape atom avax bch bera bnb cro dai dot eth fartcoin kas link ltc mana melania pengu rlusd shib
    sol ton trump usdc usde usdg vet virtual xaut btc doge xmr xrp xtz`),
  ],
  [
    'usdc',
    words(`ada algo ape atom avax bch bera bnb cro dot eth eurc fartcoin link ltc mana melania pengu rlusd shib sol ton
    trump usd1 usde usdg vet virtual btc xdc doge xmr xrp xtz`),
  ],
  [
    'gbp',
    words(`aave ada algo atom bch dot eth eur fil grt ksm link ltc mina pepe popcat sand sol sui usdc usdt wif btc doge
    xlm xrp`),
  ],
  ['aud', words('ada bch eth eur link ltc pepe sol usdc usdt btc doge xrp')],
  ['cad', words('eth eur pepe sol usd usdc usdt btc xdc doge xrp')],
  ['jpy', words('aud bch dot eth eur link ltc usd usdt btc')],
  ['chf', words('eth eur usdc usd usdt btc')],
  ['dai', words('eth btc')],
]);

/** Assets of the first years have an id of four letters: X and the symbol for coins, Z and the symbol for state money. */
const LONG_ID = '(?:X(?:DAO|ETC|ETH|ICN|LTC|MLN|NMC|REP|XBT|XDG|XLM|XMR|XRP|XVN|ZEC)|Z(?:AUD|CAD|EUR|GBP|JPY|KRW|USD))';
const LONG_KEY = new RegExp(`^${LONG_ID}{2}$`);

/** Markets in tokens whose names end like another currency: ADAUSD is ADA in dollars, and no AD in AUSD. */
const IN_TOKENS_LIKE_USD: ReadonlyMap<string, string> = new Map([
  ['XBTAUSD', 'ausd'],
  ['MONAUSD', 'ausd'],
  ['XBTPYUSD', 'pyusd'],
  ['ETHPYUSD', 'pyusd'],
  ['XRPRLUSD', 'rlusd'],
]);
const MARKET_NAMES: RunTogetherNames = {
  quotes: [...words('usd eur usdt usdc xbt eth gbp aud cad jpy chf dai sol usd1 usdd usdq usdr eurc europ fidd')],
  bases: new Set([...IN_USD, ...words('usd')].map((base) => ownSymbol(base).toLowerCase())),
};

/** The body of every answer. `error` holds only warnings where there is a result; see {@link readError}. */
const ANSWER = z.object({ error: z.array(z.string()).nullish(), result: wireObject });

/** The last trade is `c`, as price and volume: in a list of another length either could stand first. The others are named so that none of them is taken for a renamed `c`. */
const PAIR_TICKER = z.object({
  c: z.tuple([wireText, z.unknown()]),
  ...Object.fromEntries([...'abvptlho'].map((field) => [field, z.unknown().optional()])),
});

/** What the row of any pair has, and no row of another endpoint. */
const OUTLINE = z.object({ c: z.unknown() });

const PAIRS = z.object({
  result: z.record(
    z.string(),
    z.object({ altname: z.string(), wsname: z.string().optional(), status: z.string().optional() }),
  ),
});

const ticker: SourceEndpoint = {
  name: 'ticker',
  // No maximum is documented; 100 of the longest names make a URL of some 2 KiB.
  maxBatch: 100,
  request: (tickers) => ({
    path: '/0/public/Ticker',
    query: { pair: [...new Set(tickers.map(({ sourceSymbol }) => sourceSymbol))].join(',') },
  }),
  recognises: () => true,
  parse,
};

/** Kraken's last trades: many pairs per call, no key, no time of the price. */
export const krakenSource: Source = {
  id: 7,
  name: NAME,
  title: 'Kraken',
  plans: [
    {
      name: 'free',
      baseUrl: 'https://api.kraken.com',
      limit: {
        calls: 1,
        perSeconds: 1,
        origin:
          'support.kraken.com 206548367: public calls are limited by address, no number is published; one a second is safe by experience',
      },
    },
  ],
  endpoints: [ticker],
  defaultSymbol,
  quoteOf,
  explain: (json, _response, nowMs) => readError(json, nowMs),
  names: { request: { path: '/0/public/AssetPairs', query: {} }, covers: isListedForm, parse: readNames },
};

function defaultSymbol({ base, quote }: TickerParts): string | undefined {
  const hasMarket =
    quote === 'usd'
      ? IN_USD.has(base)
      : quote === 'eur'
        ? IN_USD.has(base) && !NOT_IN_EUR.has(base)
        : IN_OTHERS.get(quote)?.has(base) === true;
  return hasMarket ? `${ownSymbol(base)}${ownSymbol(quote)}` : undefined;
}

function quoteOf(sourceSymbol: string): string {
  const slash = sourceSymbol.indexOf('/');
  if (slash !== -1) return commonSymbol(sourceSymbol.slice(slash + 1).replace(/:.*/, ''));
  const name = altName(sourceSymbol);
  return IN_TOKENS_LIKE_USD.get(name) ?? commonSymbol(quoteOfMarket(name, MARKET_NAMES).toUpperCase());
}

function parse(reader: AnswerReader, tickers: readonly RequestedTicker[]): readonly SourceReading[] {
  const { result } = reader.shape(ANSWER);
  const keysByName = Map.groupBy(Object.keys(result), altName);
  const readings = reader.each(tickers, (asked) => {
    const keys = Object.hasOwn(result, asked.sourceSymbol)
      ? [asked.sourceSymbol]
      : (keysByName.get(altName(asked.sourceSymbol)) ?? []);
    if (keys.length > 1) throw new SourceError('drift', NAME, `field result: ${keys.join(' and ')} are the same pair`);
    return keys[0] === undefined ? undefined : readQuote(reader, result, keys[0], asked);
  });
  const [first] = Object.keys(result);
  // A list of something else must not pass for tickers without the pairs that were asked for.
  if (readings.length === 0 && first !== undefined) reader.shape(OUTLINE, result[first], ['result', first]);
  return readings;
}

function readQuote(
  reader: AnswerReader,
  result: Readonly<Record<string, unknown>>,
  key: string,
  asked: RequestedTicker,
): Quote | undefined {
  const row = reader.shape(wireObject, result[key], ['result', key]);
  const last = ownMember(row, 'c');
  // A pair that was never traded has no last trade.
  if (last === null || (Array.isArray(last) && last[0] === null)) return undefined;
  const read = reader.shape(PAIR_TICKER, row, ['result', key]);
  return { ticker: asked.ticker, price: read.c[0], sourceTime: undefined };
}

/**
 * The `altname` of a pair, which is unique, from any of the forms in which Kraken writes the same pair:
 * `XXBTZUSD` is two long ids, `BTC/USD` the form of assetVersion=1 and `XBT/USD` that of the web socket, `USDTZUSD` the
 * one pair of AssetPairs that is half long. Everything else is its own altname: XTZUSD is no XTUSD, and a pair with a
 * suffix (`BTC/USD:BTNL`, `XBTUSD.d`) is another market.
 */
function altName(name: string): string {
  const slash = name.indexOf('/');
  if (slash !== -1) return `${inOldSymbols(name.slice(0, slash))}${inOldSymbols(name.slice(slash + 1))}`;
  if (LONG_KEY.test(name)) return `${name.slice(1, 4)}${name.slice(5)}`;
  return name === 'USDTZUSD' ? 'USDTUSD' : name;
}

/** Whether a name is in the form in which the list has pairs, their altname; the list leaves out dark pools, whose names have a point. */
function isListedForm(name: string): boolean {
  return altName(name) === name && !name.includes('.');
}

/** The names with a slash have the new symbols of Bitcoin and Dogecoin; that of LUNA is the same in all of them. */
function inOldSymbols(symbol: string): string {
  return symbol.replace(/^BTC(?=:|$)/, 'XBT').replace(/^DOGE(?=:|$)/, 'XDG');
}

/**
 * Reads the errors, which come with status 200 and have the form `<E or W><category>:<text>`; undefined when there is
 * none. A warning beside a result is none.
 */
function readError(json: unknown, nowMs: number): SourceError | undefined {
  const answer = wireObject.safeParse(json);
  const listed = answer.success ? ownMember(answer.data, 'error') : undefined;
  if (listed === undefined || listed === null) return undefined;
  const texts = z.array(z.string()).safeParse(typeof listed === 'string' ? [listed] : listed);
  if (!texts.success) return new SourceError('drift', NAME, 'error that is no list of texts');
  const errors = texts.data.filter((text) => !text.startsWith('W'));
  if (errors.length === 0) return undefined;
  const kinds = errors.map(kindOf);
  const kind = kinds.includes('rate_limited') ? 'rate_limited' : kinds[0];
  // "EService:Throttled: 1767265260" names the second until which it lasts.
  const untilSeconds = errors
    .map((text) => /Throttled:\s*(\d{10})\b/.exec(text)?.[1])
    .find((text) => text !== undefined);
  return new SourceError(kind ?? 'drift', NAME, `error ${oneLine(errors.join(', '))}`, {
    retryAfterSeconds: untilSeconds === undefined ? undefined : secondsUntil(Number(untilSeconds), nowMs),
  });
}

function secondsUntil(seconds: number, nowMs: number): number {
  return Math.min(Math.max(Math.ceil(seconds - nowMs / 1000), 0), MAX_RETRY_AFTER_SECONDS);
}

/** By the category and the words of docs.kraken.com/exchange/guides/general/errors. */
function kindOf(error: string): SourceErrorKind {
  if (saysRateLimit(error) || /temporary lockout/i.test(error)) return 'rate_limited';
  if (/^EQuery:(Unknown|Invalid) asset/i.test(error)) return 'not_found';
  if (/^EService:(Deadline|Time)/i.test(error)) return 'timeout';
  if (/^EService\b|:Internal error|unavailable/i.test(error)) return 'unavailable';
  if (/restricted|region|country/i.test(error)) return 'forbidden_region';
  if (/^(EAPI|EAuth|EAccount)\b|:Permission denied/i.test(error)) return 'unauthorized';
  // "EGeneral:Invalid arguments" and the like: nothing in it says that it is about a pair, or about which.
  return 'drift';
}

function readNames(reader: AnswerReader): readonly ListedName[] {
  return Object.values(reader.shape(PAIRS).result).flatMap(({ altname, wsname, status = 'online' }): ListedName[] => {
    const quote = quoteOf(wsname ?? altname);
    // A name with a point is a dark pool, which has no ticker.
    if (status !== 'online' || altname.includes('.')) return [];
    const base = wsname?.split('/')[0] ?? altname.slice(0, -ownSymbol(quote).length);
    return [{ name: altname, symbol: commonSymbol(base), quote }];
  });
}

function ownSymbol(common: string): string {
  return KRAKEN_SYMBOLS.get(common) ?? common.toUpperCase();
}

function commonSymbol(own: string): string {
  return COMMON_SYMBOLS.get(own) ?? own.toLowerCase();
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/));
}
