import { type Quote, type SourceErrorKind, type TickerParts, parseTicker } from '@app/domain';
import { z } from 'zod';
import {
  type AnswerReader,
  type FieldPath,
  type RequestedTicker,
  type Source,
  type SourceEndpoint,
  SourceError,
  oneLine,
  ownMember,
  readRows,
  valueAt,
  wireIsoTime,
  wireNumber,
  wireObject,
  saysRateLimit,
} from '../contract/index.js';

const NAME = 'coinpaprika';

/**
 * Ids of well known coins (from /coins). Most are the symbol and the name of the coin, but not all: Toncoin and Aave
 * are not. A coin that is not in this table needs its id in the catalogue.
 */
const IDS: ReadonlyMap<string, string> = new Map(
  `aave=aave-new ada=ada-cardano algo=algo-algorand ape=ape-apecoin apt=apt-aptos arb=arb-arbitrum
  aster=aster-aster atom=atom-cosmos avax=avax-avalanche axs=axs-axie-infinity bat=bat-basic-attention-token
  bch=bch-bitcoin-cash bera=bera-berachain bgb=bgb-bitget-token bnb=bnb-binance-coin bonk=bonk-bonk1
  bsv=bsv-bitcoin-sv btc=btc-bitcoin chz=chz-chiliz comp=comp-compoundd cro=cro-cryptocom-chain
  crv=crv-curve-dao-token dai=dai-dai dash=dash-dash doge=doge-dogecoin dot=dot-polkadot ena=ena-ethena
  eos=eos-eos etc=etc-ethereum-classic eth=eth-ethereum fdusd=fdusd-first-digital-usd fet=fet-fetch-ai
  fil=fil-filecoin flow=flow-flow grt=grt-the-graph gt=gt-gatechain-token hbar=hbar-hedera-hashgraph
  hype=hype-hyperliquid icp=icp-internet-computer imx=imx-immutable-x inj=inj-injective-protocol ip=ip-story
  jto=jto-jito kas=kas-kaspa ksm=ksm-kusama ldo=ldo-lido-dao leo=leo-leo-token link=link-chainlink
  ltc=ltc-litecoin matic=matic-polygon mkr=mkr-maker mnt=mnt-mantle mon=mon-monad near=near-near-protocol
  okb=okb-okb ondo=ondo-ondo op=op-optimism paxg=paxg-pax-gold pendle=pendle-pendle pengu=pengu-pudgy-penguins
  pepe=pepe-pepe pol=pol-polygon-ecosystem-token pump=pump-pumpfun pyusd=pyusd-paypal-usd qnt=qnt-quant
  render=rndr-render-token s=s-sonic sand=sand-the-sandbox sei=sei-sei shib=shib-shiba-inu sky=sky-sky
  sol=sol-solana steth=steth-lido-staked-ether strk=strk-starknet stx=stx-stacks sui=sui-sui tao=tao-bittensor
  tia=tia-celestia ton=toncoin-the-open-network trump=trump-official-trump trx=trx-tron uni=uni-uniswap
  usd1=usd1-usd1 usdc=usdc-usd-coin usde=usde-ethena-usde usds=usds-usds usdt=usdt-tether vet=vet-vechain
  wbtc=wbtc-wrapped-bitcoin wif=wif-dogwifcoin wld=wld-worldcoin wlfi=wlfi-official-world-liberty-financial
  xaut=xaut-tether-gold xlm=xlm-stellar xmr=xmr-monero xpl=xpl-plasma xrp=xrp-xrp xtz=xtz-tezos zec=zec-zcash`
    .split(/\s+/)
    .map((entry) => entry.split('=') as [string, string]),
);

/** The currencies that `quotes` takes (API 1.7.9); no stablecoin is among them. */
const QUOTE_CURRENCIES: ReadonlySet<string> = new Set(
  `btc eth usd eur pln krw gbp cad jpy rub try nzd aud chf uah hkd sgd ngn php mxn brl thb clp cny czk dkk huf idr ils
  inr myr nok pkr sek twd zar vnd bob cop pen ars isk`.split(/\s+/),
);

/** "Up to 3 quotes at once" (API 1.7.9). */
const MAX_CURRENCIES = 3;

/** Amounts beside the price: whatever they are, the price is none the worse. */
const amount = wireNumber.nullish().catch(undefined);

/** The schema calls a missing value an empty text, the examples give null. */
const time = z.preprocess((value) => (value === '' ? null : value), wireIsoTime.nullable());

const LIST = z.array(z.unknown()).refine((rows) => rows.length > 0, 'expected at least one coin');
const OUTLINE = z.object({ id: z.string(), quotes: wireObject });
const NAMES = z.array(
  z.object({
    id: z.string(),
    symbol: z.string(),
    name: z.string(),
    is_active: z.boolean().optional(),
    rank: amount,
  }),
);

/** "At most 2,000 coins": by rank (API 1.7.9). */
const FREE_RANKS = 2000;

const tickersOfAll: SourceEndpoint = {
  name: 'tickers',
  // What the free plan lists; one call costs the same for all of them.
  maxBatch: FREE_RANKS,
  // The list of a key is whole. A coin that this one leaves out has its page, at a call for each.
  maxRank: { free: FREE_RANKS },
  // The paid list of some 12,000 coins has about 8 MB.
  maxBodyBytes: 16 * 1024 * 1024,
  request: (tickers) => ({ path: '/tickers', query: { quotes: currenciesOf(tickers).join(',') } }),
  recognises: (json) => Array.isArray(json),
  parse: (reader, tickers) => {
    const list = { rows: reader.shape(LIST), at: [], nameField: 'id', outline: OUTLINE };
    return readRows(reader, list, tickers, (asked, row, at) => readQuote(reader, asked, row, at));
  },
};

const tickerOfOne: SourceEndpoint = {
  name: 'ticker',
  // One coin in as many currencies.
  maxBatch: MAX_CURRENCIES,
  request: (tickers) => ({
    path: `/tickers/${encodeURIComponent(tickers[0]?.sourceSymbol ?? '')}`,
    query: { quotes: currenciesOf(tickers).join(',') },
  }),
  recognises: (json) => wireObject.safeParse(json).success,
  parse: (reader, tickers) => {
    const { id } = reader.shape(z.object({ id: z.string() }));
    // The page of a coin, or of something else, must not pass for the ticker of a coin that nobody asked for.
    if (!tickers.some(({ sourceSymbol }) => sourceSymbol === id)) reader.shape(OUTLINE);
    return reader.each(tickers, (asked) =>
      // An answer about another coin has no price for this one.
      asked.sourceSymbol === id ? readQuote(reader, asked, reader.json, []) : undefined,
    );
  },
};

const PER_ADDRESS = {
  calls: 10,
  perSeconds: 1,
  origin: 'docs.coinpaprika.com/faq, as cited by its staff in 2026-08: 10 a second and address, then 429 or 402',
};

/** CoinPaprika's tickers: every coin in one call, or one coin, in up to three currencies, with the time of each price. */
export const coinpaprikaSource: Source = {
  id: 3,
  name: NAME,
  title: 'CoinPaprika',
  plans: [
    {
      name: 'free',
      baseUrl: 'https://api.coinpaprika.com/v1',
      limit: PER_ADDRESS,
      monthly: { credits: 20_000, origin: 'docs.coinpaprika.com/api-plans, seen 2026-08: 20,000 calls a month' },
    },
    {
      name: 'pro',
      baseUrl: 'https://api-pro.coinpaprika.com/v1',
      limit: PER_ADDRESS,
      monthly: {
        credits: 500_000,
        origin: 'docs.coinpaprika.com, key/info: the example of plan "pro" has 18 calls made and 499,982 left',
      },
      // The bare key: a scheme word such as Bearer in front of it is refused.
      keyHeader: (key) => ['authorization', key],
    },
  ],
  endpoints: [tickersOfAll, tickerOfOne],
  endpointFor: (tickers) => (isOneCoin(tickers) ? tickerOfOne : tickersOfAll),
  defaultSymbol: ({ base, quote }: TickerParts) => (QUOTE_CURRENCIES.has(quote) ? IDS.get(base) : undefined),
  explain: (json, { status }) => readError(json, status),
  names: {
    request: { path: '/coins', query: {} },
    // Coins that are no longer traded stay in the list, without a ticker.
    parse: (reader) =>
      reader
        .shape(NAMES)
        .filter((coin) => coin.is_active !== false)
        .map(({ id, symbol, name, rank }) => ({
          ...{ name: id, symbol: symbol.toLowerCase(), title: name },
          // What is not ranked has 0.
          ...(Number(rank?.text) >= 1 ? { rank: Number(rank?.text) } : {}),
        })),
  },
};

/** One coin's price in the currency of a ticker; undefined when there is none. */
function readQuote(reader: AnswerReader, asked: RequestedTicker, row: unknown, at: FieldPath): Quote | undefined {
  const currency = currencyOf(asked);
  const price = valueAt(row, ['quotes', currency, 'price']);
  if (price === null || price === '' || isInOtherCurrencies(row, currency)) return undefined;
  const schema = z.object({
    id: z.string(),
    // In an outage its cache hands on answers of ten minutes before with status 200: the price is only as good as this.
    last_updated: time,
    quotes: z.object({ [currency]: z.object({ price: wireNumber, market_cap: amount, volume_24h: amount }) }),
  });
  const { last_updated, quotes } = reader.shape(schema, row, at);
  const quote = quotes[currency];
  return {
    ticker: asked.ticker,
    price: quote?.price.text ?? '',
    sourceTime: last_updated ?? undefined,
    marketCap: quote?.market_cap?.text,
    volume24h: quote?.volume_24h?.text,
  };
}

/** Whether a coin has quotes, but only in currencies of other tickers: the answer to a call that did not ask for this one. */
function isInOtherCurrencies(row: unknown, currency: string): boolean {
  const quotes = wireObject.safeParse(valueAt(row, ['quotes']));
  const names = quotes.success ? Object.keys(quotes.data) : [];
  const known = names.every((name) => name === name.toUpperCase() && QUOTE_CURRENCIES.has(name.toLowerCase()));
  return names.length > 0 && known && !names.includes(currency);
}

/** Reads `{"error":"text"}`, under any status; undefined when there is none. */
function readError(json: unknown, status: number): SourceError | undefined {
  const answer = wireObject.safeParse(json);
  const error = answer.success ? ownMember(answer.data, 'error') : undefined;
  if (error === undefined || error === null || error === '') return undefined;
  const words = typeof error === 'string' ? oneLine(error) : 'an error of another shape';
  return new SourceError(kindOf(words, status), NAME, words);
}

function kindOf(words: string, status: number): SourceErrorKind {
  // "you have reached maximum request limit": a second's calls or a month's.
  if (saysRateLimit(words)) return 'rate_limited';
  if (/\b(region|country|location)\b/i.test(words)) return 'forbidden_region';
  // 402: the plan is too small; 403: the key is wrong. Neither passes by itself.
  if (status === 402 || status === 403) return 'unauthorized';
  if (/\b(plan|subscription|payment|api.?key|unauthori[sz]ed|forbidden)\b/i.test(words)) return 'unauthorized';
  if (status === 404 || /not found/i.test(words)) return 'not_found';
  if (/time(d )?-?out/i.test(words)) return 'timeout';
  if (/unavailable|internal|maintenance|temporar|try again/i.test(words)) return 'unavailable';
  return 'drift';
}

function isOneCoin(tickers: readonly RequestedTicker[]): boolean {
  const coins = new Set(tickers.map(({ sourceSymbol }) => sourceSymbol));
  const currencies = new Set(tickers.map(currencyOf));
  return coins.size === 1 && currencies.size <= MAX_CURRENCIES && tickers.length <= tickerOfOne.maxBatch;
}

/** The first three currencies; the tickers of a fourth are absent from the answer, and need a batch of their own. */
function currenciesOf(tickers: readonly RequestedTicker[]): string[] {
  return [...new Set(tickers.map(currencyOf))].slice(0, MAX_CURRENCIES);
}

function currencyOf(asked: RequestedTicker): string {
  const parts = parseTicker(asked.ticker);
  if (parts === undefined) throw new SourceError('not_found', NAME, `${oneLine(asked.ticker)} is no ticker`);
  return parts.quote.toUpperCase();
}
