import type { Quote, SourceErrorKind, TickerParts } from '@app/domain';
import { z } from 'zod';
import {
  type AnswerReader,
  type FieldPath,
  type RequestedTicker,
  type Source,
  type SourceEndpoint,
  SourceError,
  isRenamed,
  NoNumber,
  oneLine,
  ownMember,
  readRows,
  valueAt,
  wireMilliseconds,
  wireObject,
  wireText,
  saysRateLimit,
} from '../contract/index.js';

const NAME = 'coincap';

/**
 * Ids of well known assets (from /assets). They resemble CoinGecko's, but differ: xrp, binance-coin, avalanche. An
 * asset that is not in this table needs its id in the catalogue.
 */
const IDS: ReadonlyMap<string, string> = new Map(
  `aave=aave ada=cardano algo=algorand apt=aptos ar=arweave arb=arbitrum atom=cosmos avax=avalanche
  axs=axie-infinity bch=bitcoin-cash bnb=binance-coin btc=bitcoin cro=crypto-com-coin crv=curve-dao-token
  dai=multi-collateral-dai dash=dash doge=dogecoin dot=polkadot eos=eos etc=ethereum-classic eth=ethereum
  fil=filecoin flow=flow gala=gala grt=the-graph hbar=hedera-hashgraph hype=hyperliquid icp=internet-computer
  imx=immutable-x inj=injective-protocol ldo=lido-dao leo=unus-sed-leo link=chainlink ltc=litecoin
  mana=decentraland matic=polygon mkr=maker mnt=mantle near=near-protocol neo=neo okb=okb op=optimism pepe=pepe
  qnt=quant render=render-token rune=thorchain shib=shiba-inu sol=solana steth=steth stx=stacks sui=sui
  tao=bittensor theta=theta ton=toncoin trx=tron uni=uniswap usdc=usd-coin usdt=tether vet=vechain
  wbtc=wrapped-bitcoin weth=weth wsteth=lido-finance-wsteth xlm=stellar xmr=monero xrp=xrp xtz=tezos zec=zcash`
    .split(/\s+/)
    .map((entry) => entry.split('=') as [string, string]),
);

/** Amounts beside the price: whatever they are, the price is none the worse. */
const amount = wireText.nullish().catch(undefined);

const ASSET = z.object({ id: z.string(), priceUsd: wireText, marketCapUsd: amount, volumeUsd24Hr: amount });
const OUTLINE = z.object({ id: z.string(), priceUsd: wireText.nullable() });

/**
 * The time of the answer. CoinCap names no time of the price, and this one stands for it: no price in the answer is
 * younger, so an answer that some cache kept shows its age. It is a bound, and tells nothing of a price that stands
 * still. An answer without it is read all the same; one in another unit is drift.
 */
const timestamp = wireMilliseconds.nullish();

const LIST = z.object({ data: z.array(z.unknown()) });
const ONE = z.object({ data: wireObject });
const NAMED = z.object({ id: z.string() });
const NAMES = z.object({ data: z.array(z.object({ id: z.string(), symbol: z.string(), name: z.string() })) });

const assets: SourceEndpoint = {
  name: 'assets',
  // As many rows as a page has by default, so that none of them is on a second one.
  maxBatch: 100,
  request: (tickers) => ({
    path: '/assets',
    query: { ids: [...new Set(tickers.map(({ sourceSymbol }) => sourceSymbol))].join(',') },
  }),
  recognises: (json) => Array.isArray(valueAt(json, ['data'])),
  parse: (reader, tickers) => {
    const list = { rows: reader.shape(LIST).data, at: ['data'], nameField: 'id', outline: OUTLINE };
    const timestamp = timeOf(reader);
    return readRows(reader, list, tickers, (asked, row, at) => readQuote(reader, asked, { row, at, timestamp }));
  },
};

const asset: SourceEndpoint = {
  name: 'asset',
  maxBatch: 1,
  request: (tickers) => ({ path: `/assets/${encodeURIComponent(tickers[0]?.sourceSymbol ?? '')}`, query: {} }),
  recognises: (json) => wireObject.safeParse(valueAt(json, ['data'])).success,
  parse: (reader, tickers) => {
    const { data: row } = reader.shape(ONE);
    const timestamp = timeOf(reader);
    const at = ['data'];
    const { id } = reader.shape(NAMED, row, at);
    // What is no asset at all must not pass for one that nobody asked for.
    if (!tickers.some(({ sourceSymbol }) => sourceSymbol === id)) reader.shape(OUTLINE, row, at);
    // An answer about another asset has no price for this one.
    const read = (asked: RequestedTicker) =>
      asked.sourceSymbol === id ? readQuote(reader, asked, { row, at, timestamp }) : undefined;
    return reader.each(tickers, read);
  },
};

const HOST = 'https://rest.coincap.io/v3';
const bearer = (key: string) => ['authorization', `Bearer ${key}`] as const;

/** CoinCap's assets, v3: prices in US dollars as text, a list or one of them; nothing without a key. */
export const coincapSource: Source = {
  id: 4,
  name: NAME,
  title: 'CoinCap',
  plans: [
    {
      name: 'free',
      baseUrl: HOST,
      limit: {
        calls: 200,
        perSeconds: 60,
        origin: 'none is published for v3; v2 allowed 200 a minute without a key and 500 with one: the smaller is kept',
      },
      monthly: {
        credits: 50,
        origin:
          'github.com/QuantGeekDev/coincap-mcp pull 11, 2026-03: a free key has 50 credits; a call is counted as one',
      },
      keyHeader: bearer,
    },
    {
      name: 'paid',
      baseUrl: HOST,
      // How many credits a month has is between CoinCap and the customer, and is not published.
      limit: { calls: 500, perSeconds: 60, origin: 'none is published for v3; v2 allowed 500 a minute with a key' },
      keyHeader: bearer,
    },
  ],
  endpoints: [assets, asset],
  endpointFor: (tickers) => (tickers.length === 1 ? asset : assets),
  defaultSymbol: ({ base, quote }: TickerParts) => (quote === 'usd' ? IDS.get(base) : undefined),
  quoteOf: () => 'usd',
  explain: (json, { status }) => readError(json, status),
  names: {
    request: { path: '/assets', query: { limit: '2000' } },
    parse: (reader) =>
      reader
        .shape(NAMES)
        .data.map(({ id, symbol, name }) => ({ name: id, symbol: symbol.toLowerCase(), quote: 'usd', title: name })),
  },
};

/**
 * The time of the answer; one that goes by another name is drift and no absence. A bare NaN in its place is an absence: it is not the time of
 * any price, and the prices are as good as those of an answer without one.
 */
function timeOf(reader: AnswerReader): Date | null | undefined {
  if (valueAt(reader.json, ['timestamp']) instanceof NoNumber) return undefined;
  const isElsewhere = isRenamed(reader.json, 'timestamp', ['data']);
  return reader.shape(z.object({ timestamp: isElsewhere ? wireMilliseconds : timestamp })).timestamp;
}

/** A row, where it stands, and the time of the answer. */
interface AssetRow {
  readonly row: unknown;
  readonly at: FieldPath;
  readonly timestamp?: Date | null | undefined;
}

/** The price in one row; undefined when it has none: an asset that is no longer traded has null. */
function readQuote(reader: AnswerReader, asked: RequestedTicker, found: AssetRow): Quote | undefined {
  if (valueAt(found.row, ['priceUsd']) === null) return undefined;
  const { priceUsd, marketCapUsd, volumeUsd24Hr } = reader.shape(ASSET, found.row, found.at);
  return {
    ticker: asked.ticker,
    price: priceUsd,
    sourceTime: found.timestamp ?? undefined,
    marketCap: marketCapUsd ?? undefined,
    volume24h: volumeUsd24Hr ?? undefined,
  };
}

/**
 * Reads an error, under any status; undefined when there is none. The bodies of v3 are not documented, so `error`,
 * alone or with a `message` inside, and a bare `message` are all taken; so is the message that v2 puts where the data
 * would be, in the envelope of a success.
 */
function readError(json: unknown, status: number): SourceError | undefined {
  const data = valueAt(json, ['data']);
  const words =
    wordsOf(valueAt(json, ['error'])) ??
    (data === undefined || data === null ? wordsOf(valueAt(json, ['message'])) : undefined) ??
    (valueAt(data, ['id']) === undefined
      ? (wordsOf(valueAt(data, ['error'])) ?? wordsOf(valueAt(data, ['message'])))
      : undefined);
  return words === undefined ? undefined : new SourceError(kindOf(words, status), NAME, words);
}

function wordsOf(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '' || value === false) return undefined;
  if (typeof value === 'string') return oneLine(value);
  const members = wireObject.safeParse(value);
  const message = members.success
    ? (ownMember(members.data, 'message') ?? ownMember(members.data, 'error'))
    : undefined;
  return typeof message === 'string' && message !== '' ? oneLine(message) : 'an error of another shape';
}

function kindOf(words: string, status: number): SourceErrorKind {
  // v2's farewell. It is gone for ever, which is what 410 says and what we call `not_found`. It is not `unauthorized`,
  // although it speaks of signing up: no key opens v2 again, the address is what has to change.
  if (/deprecat|discontinu|sunset|no longer|shut ?down/i.test(words)) return 'not_found';
  if (saysRateLimit(words)) return 'rate_limited';
  if (/\b(region|country|location)\b/i.test(words)) return 'forbidden_region';
  if (
    /api.?key|unauthori[sz]ed|forbidden|(access|invalid) token|credit|subscription|\bplan\b|sign.?up|authenticat/i.test(
      words,
    )
  ) {
    return 'unauthorized';
  }
  if (/not found|unknown (asset|id)/i.test(words)) return 'not_found';
  if (/time(d )?-?out/i.test(words)) return 'timeout';
  if (/unavailable|internal|maintenance|temporar|try again/i.test(words)) return 'unavailable';
  // Words that say nothing to us, in JSON, so from CoinCap itself: no plan, no right, no such thing.
  if (status === 402 || status === 403) return 'unauthorized';
  return status === 404 || status === 410 ? 'not_found' : 'drift';
}
