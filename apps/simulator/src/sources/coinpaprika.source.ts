import { exponentOf } from '../market/price-style.js';
import { floatText } from '../market/price-text.js';
import { assetNames, LISTED_BY_SIZE, titleOf } from './asset-names.js';
import type { PriceWriter } from './price-writer.js';
import type { SimulatedSource, SourceRequest } from './simulated-source.js';
import { cloudflareAnswer, jsonAnswer, type SourceAnswer } from './source-answer.js';

/** CoinPaprika was taped with `38054.559249568`. */
const DIGITS = 14;

/** Ids that are not the symbol and the name in lower case with `-` for spaces. */
const IDS: Readonly<Record<string, string>> = {
  aave: 'aave-new',
  bnb: 'bnb-binance-coin',
  hbar: 'hbar-hedera-hashgraph',
  ton: 'toncoin-the-open-network',
};

const names = assetNames(
  LISTED_BY_SIZE,
  (asset) => IDS[asset] ?? `${asset}-${titleOf(asset).toLowerCase().replaceAll(' ', '-')}`,
);

/** Namesakes of great coins, as the real list has many. They have no price here. */
const NAMESAKES = [
  { id: 'btc-batcat', name: 'batcat', symbol: 'BTC', rank: 0, is_new: false, is_active: false, type: 'token' },
  { id: 'uni-universe', name: 'Universe', symbol: 'UNI', rank: 0, is_new: false, is_active: false, type: 'coin' },
];

const CURRENCIES: ReadonlySet<string> = new Set(['USD', 'EUR', 'GBP', 'BTC', 'ETH']);
const MOST_CURRENCIES = 3;

/** The free plan gives this many coins at most (documentation 1.7.9). */
const MOST_FREE_COINS = 2_000;

/** Only give market cap and volume a magnitude. */
const COINS_IN_CIRCULATION = 18_944_294;
const COINS_TRADED_PER_DAY = 420_700;

/** Headers that CoinPaprika's answers were taped with. */
const HEADERS = {
  server: 'cloudflare',
  'content-type': 'application/json; charset=UTF-8',
  'accept-ranges': 'bytes',
  'cache-control': 'public, max-age=60, s-maxage=60, stale-while-revalidate=10, stale-if-error=600',
  'cf-cache-status': 'MISS',
  vary: 'Accept-Encoding, Origin',
};

/** The simulated CoinPaprika: every coin in one call, or one; numbers; the time in ISO seconds. */
export const coinpaprika: SimulatedSource = {
  name: 'coinpaprika',
  prefix: '/coinpaprika/v1',
  style: {
    decimals: (magnitude) => DIGITS - 1 - exponentOf(magnitude),
    text: (units, decimals) => floatText(units, decimals).replace(/\.0$/, ''),
  },
  routes: [
    { path: '/tickers', asked: () => ({ names: [], all: true }), answer: keyed(allTickers) },
    { path: '/tickers/{}', asked: ({ parameter }) => ({ names: [parameter] }), answer: keyed(oneTicker) },
    { path: '/coins', answer: keyed(coins) },
  ],
  formsOf: (name, quote) => {
    const asset = names.assetOf(name);
    const currency = quote === '' ? 'usd' : quote.toLowerCase();
    return asset === undefined || !CURRENCIES.has(currency.toUpperCase()) ? [] : [{ ticker: `${asset}_${currency}` }];
  },
  quotesOf: (request) => (request.query('quotes') ?? 'USD').split(','),
  failing,
  unknown: () => errorAnswer(404, 'not found'),
};

type Answer = (request: SourceRequest, writer: PriceWriter) => SourceAnswer;

/** The paid plan takes the bare key: a scheme word before it is its commonest support failure. */
function keyed(answer: Answer): Answer {
  return (request, writer) =>
    request.header('authorization')?.includes(' ') === true
      ? errorAnswer(403, 'invalid api key')
      : answer(request, writer);
}

function allTickers(request: SourceRequest, writer: PriceWriter): SourceAnswer {
  const currencies = askedCurrencies(request);
  if (currencies === undefined) return errorAnswer(400, 'invalid quotes');
  const listed = names.listed(writer.syntheticCount);
  const given = request.header('authorization') === undefined ? listed.slice(0, MOST_FREE_COINS) : listed;
  const kept = new Set(writer.kept(given.map(names.nameOf)));
  const rows = given.flatMap((asset) => (kept.has(names.nameOf(asset)) ? [row(asset, currencies, writer)] : []));
  return dataAnswer(`[${rows.join(',')}]`, writer);
}

function oneTicker(request: SourceRequest, writer: PriceWriter): SourceAnswer {
  const currencies = askedCurrencies(request);
  const asset = names.assetOf(request.parameter);
  if (asset === undefined || !writer.has(asset) || !writer.lists(request.parameter))
    return errorAnswer(404, 'id not found');
  if (currencies === undefined) return errorAnswer(400, 'invalid quotes');
  return dataAnswer(row(asset, currencies, writer), writer);
}

function row(asset: string, currencies: readonly string[], writer: PriceWriter): string {
  const id = names.nameOf(asset);
  const quotes = currencies.map((currency) => {
    const name = currencies.length === 1 ? id : `${id}/${currency}`;
    const text = writer.text(name, `${asset}_${currency.toLowerCase()}`);
    const price = Number(text);
    const volume = Math.round(price * COINS_TRADED_PER_DAY * 100) / 100;
    return (
      `"${currency}":{${writer.member('price', id, text, 'number')},"volume_24h":${volume},` +
      `"volume_24h_change_24h":-2.04,"market_cap":${Math.round(price * COINS_IN_CIRCULATION)},` +
      '"market_cap_change_24h":0.9,"percent_change_15m":-0.01,"percent_change_30m":0.09,"percent_change_1h":0.18,' +
      '"percent_change_6h":-0.1,"percent_change_12h":-0.4,"percent_change_24h":0.9,"percent_change_7d":7.8,' +
      `"percent_change_30d":-9.38,"percent_change_1y":11.41,"ath_price":${price * 1.8},` +
      '"ath_date":"2025-10-06T18:56:29Z","percent_from_price_ath":-44.4}'
    );
  });
  return (
    `{"id":"${id}","name":"${titleOf(asset)}","symbol":"${asset.toUpperCase()}","rank":${names.rankOf(asset)},` +
    `"total_supply":${COINS_IN_CIRCULATION},"max_supply":21000000,"beta_value":0.908202,` +
    `"first_data_at":"2010-07-17T00:00:00Z","last_updated":"${isoSecond(writer.second)}","quotes":{${quotes.join(',')}}}`
  );
}

function coins(_request: SourceRequest, writer: PriceWriter): SourceAnswer {
  const assets = names.listed(writer.syntheticCount).filter((asset) => writer.lists(names.nameOf(asset)));
  const listed = assets.map((asset, index) => ({
    id: names.nameOf(asset),
    name: titleOf(asset),
    symbol: asset.toUpperCase(),
    rank: index + 1,
    is_new: false,
    is_active: true,
    type: asset === 'usdt' || asset === 'usdc' ? 'token' : 'coin',
  }));
  return dataAnswer(JSON.stringify([...listed, ...NAMESAKES]), writer);
}

/** Up to three known currencies; undefined otherwise. */
function askedCurrencies(request: SourceRequest): readonly string[] | undefined {
  const currencies = (request.query('quotes') ?? 'USD').split(',').map((currency) => currency.toUpperCase());
  if (currencies.length > MOST_CURRENCIES || !currencies.every((currency) => CURRENCIES.has(currency)))
    return undefined;
  return currencies;
}

function failing(status: number): SourceAnswer {
  if (status >= 500) return cloudflareAnswer('api.coinpaprika.com', status);
  const texts: Readonly<Record<number, string>> = {
    402: 'payment required: your plan does not include this',
    403: 'invalid api key',
    404: 'id not found',
    429: 'you have reached maximum request limit',
  };
  return errorAnswer(
    status,
    texts[status] ?? (status < 400 ? 'you have reached maximum request limit' : 'bad request'),
  );
}

function errorAnswer(status: number, text: string): SourceAnswer {
  return jsonAnswer(status, { ...HEADERS, 'cache-control': 'no-cache' }, { error: text });
}

function dataAnswer(body: string, writer: PriceWriter): SourceAnswer {
  return jsonAnswer(200, { ...HEADERS, 'last-modified': new Date(writer.clockMs).toUTCString() }, body);
}

function isoSecond(second: number): string {
  return new Date(second * 1000).toISOString().replace('.000Z', 'Z');
}
