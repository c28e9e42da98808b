import { type Quote, type SourceErrorKind, type TickerParts, parseTicker } from '@app/domain';
import {
  type RequestedTicker,
  type Source,
  SourceError,
  WireNumber,
  oneLine,
  ownMember,
  readJson,
  readShape,
  tryReadJson,
  wireNumber,
  wireObject,
  wireSeconds,
} from './contract/index.js';

const NAME = 'coingecko';

/**
 * Ids of well known coins (from /coins/list). A symbol is never looked up at run time: some 1,500 symbols are shared by
 * several coins there. A coin that is not in this table needs its id in the catalogue.
 */
const IDS: ReadonlyMap<string, string> = new Map(
  `aave=aave ada=cardano algo=algorand apt=aptos arb=arbitrum atom=cosmos avax=avalanche-2 bch=bitcoin-cash
  bnb=binancecoin btc=bitcoin cro=crypto-com-chain dai=dai dash=dash doge=dogecoin dot=polkadot eos=eos
  etc=ethereum-classic eth=ethereum fil=filecoin grt=the-graph hbar=hedera-hashgraph icp=internet-computer
  inj=injective-protocol ldo=lido-dao link=chainlink ltc=litecoin mkr=maker near=near okb=okb op=optimism
  paxg=pax-gold pepe=pepe shib=shiba-inu snt=status sol=solana steth=staked-ether sui=sui ton=the-open-network
  trump=official-trump trx=tron uni=uniswap usdc=usd-coin usdt=tether vet=vechain wbtc=wrapped-bitcoin xlm=stellar
  xmr=monero xrp=ripple xtz=tezos zec=zcash`
    .split(/\s+/)
    .map((entry) => entry.split('=') as [string, string]),
);

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

/** CoinGecko's simple price: many coins and currencies in one call, with the time of each price. */
export const coingeckoSource: Source = {
  id: 2,
  name: NAME,
  baseUrl: 'https://api.coingecko.com/api/v3',
  // No maximum is documented. The longest id has 53 characters, a comma is sent as three: 100 of them stay
  // below the 8 KiB at which servers and proxies start to refuse a URL.
  maxBatch: 100,
  limit: {
    calls: 30,
    perSeconds: 60,
    origin: 'docs.coingecko.com, copy of 2025-04: about 30 a minute and address (the newest copy says 100)',
  },
  defaultName: (ticker: TickerParts) => (QUOTE_CURRENCIES.has(ticker.quote) ? IDS.get(ticker.base) : undefined),
  request: (tickers) => ({
    path: '/simple/price',
    query: {
      // No space after a comma: it would silently drop the coin that follows.
      ids: distinct(tickers.map((ticker) => ticker.sourceName)).join(','),
      vs_currencies: distinct(tickers.map(quoteCurrency)).join(','),
      include_last_updated_at: 'true',
      // Without it a price above some thousands comes rounded to an integer.
      precision: 'full',
    },
  }),
  parse,
  explain: (response) => readError(tryReadJson(response.body)),
};

function parse(body: string, tickers: readonly RequestedTicker[]): readonly Quote[] {
  const json = readJson(NAME, body);
  const error = readError(json);
  if (error !== undefined) throw error;
  const coins = readShape(NAME, wireObject, json);
  return tickers.map((ticker) => readQuote(coins, ticker)).filter((quote) => quote !== undefined);
}

/** One ticker of the answer; undefined when the answer has no price for it. */
function readQuote(coins: Readonly<Record<string, unknown>>, asked: RequestedTicker): Quote | undefined {
  const id = asked.sourceName;
  const entry = ownMember(coins, id);
  if (entry === undefined) return undefined;
  const coin = readShape(NAME, wireObject, entry, [id]);
  const currency = quoteCurrency(asked);
  const price = ownMember(coin, currency);
  // `{}` is its answer to an unknown currency, and null that of a coin without a market. Either concerns this ticker
  // alone and must not take the rest of the batch with it.
  if (price === undefined || price === null) return undefined;
  const updatedAt = ownMember(coin, 'last_updated_at') ?? undefined;
  return {
    ticker: asked.ticker,
    price: readShape(NAME, wireNumber, price, [id, currency]).text,
    // A price does not become wrong by having no time, so its absence is recorded as such; any other value is drift.
    sourceTime: updatedAt === undefined ? undefined : readShape(NAME, wireSeconds, updatedAt, [id, 'last_updated_at']),
  };
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
  const code = status.success ? ownMember(status.data, 'error_code') : undefined;
  return status.success && code !== undefined
    ? describeError(code, ownMember(status.data, 'error_message'))
    : undefined;
}

function describeError(code: unknown, message: unknown): SourceError {
  const codeText = code instanceof WireNumber ? oneLine(code.text) : '';
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
  if (/rate limit|throttled/i.test(message)) return 'rate_limited';
  if (/not found/i.test(message)) return 'not_found';
  // "Missing parameter ids" and the like: what we ask no longer fits what it takes.
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
