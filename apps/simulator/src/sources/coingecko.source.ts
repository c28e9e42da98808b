import { createHash } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { exponentOf } from '../market/price-style.js';
import { exponentText, roundedText } from '../market/price-text.js';
import { assetNames, LISTED_BY_SIZE, titleOf } from './asset-names.js';
import type { PriceWriter } from './price-writer.js';
import type { SimulatedSource, SourceRequest } from './simulated-source.js';
import { cloudflareAnswer, jsonAnswer, type SourceAnswer } from './source-answer.js';

/** CoinGecko writes about this many digits with `precision=full`. */
const DIGITS = 14;

/** Ids that are not the name in lower case with `-` for spaces. */
const IDS: Readonly<Record<string, string>> = {
  avax: 'avalanche-2',
  bnb: 'binancecoin',
  hbar: 'hedera-hashgraph',
  near: 'near',
  steth: 'staked-ether',
  ton: 'the-open-network',
  uni: 'uniswap',
  xrp: 'ripple',
};

const names = assetNames(LISTED_BY_SIZE, (asset) => IDS[asset] ?? titleOf(asset).toLowerCase().replaceAll(' ', '-'));

/** The currencies that the simulated CoinGecko prices in; the real one has some 60. */
const CURRENCIES: ReadonlySet<string> = new Set(['usd', 'eur', 'gbp', 'jpy', 'chf', 'btc', 'eth']);

/** Coins that share a symbol with a great one, as many do: who looks up by symbol finds them too. They have no price here. */
const NAMESAKES = [
  { id: 'batcat', symbol: 'btc', name: 'batcat' },
  { id: 'the-ticker-is-eth', symbol: 'eth', name: 'The Ticker Is ETH' },
  { id: 'bridged-sol', symbol: 'sol', name: 'Bridged SOL' },
  { id: 'universe-xyz', symbol: 'uni', name: 'Universe XYZ' },
];

/** Headers that CoinGecko's answers were taped with. */
const HEADERS = {
  server: 'cloudflare',
  'content-type': 'application/json; charset=utf-8',
  'access-control-allow-origin': '*',
  vary: 'Accept-Encoding, Origin',
};

/** Taped 2022-09-29 with status 429 and `retry-after: 119`. */
const RATE_LIMIT_MESSAGE =
  "You've exceeded the Rate Limit. Please visit https://www.coingecko.com/en/api/pricing to subscribe to our API plans for " +
  'higher rate limits.';

/** Of every simulated coin; only gives market cap and volume a magnitude. */
const COINS_IN_CIRCULATION = 19_900_000;
const COINS_TRADED_PER_DAY = 412_000;
const DAY_SECONDS = 86_400;

/** The simulated CoinGecko: many coins per call, numbers, seconds, and what it does not know vanishes. */
export const coingecko: SimulatedSource = {
  name: 'coingecko',
  prefix: '/coingecko/api/v3',
  style: { decimals: (magnitude) => DIGITS - 1 - exponentOf(magnitude), text: exponentText },
  routes: [
    {
      path: '/simple/price',
      asked: (request) => ({ names: request.query('ids')?.split(',') ?? [] }),
      answer: simplePrice,
    },
    { path: '/coins/markets', asked: () => ({ names: [], all: true }), answer: coinsMarkets },
    { path: '/coins/list', answer: coinsList },
    { path: '/ping', answer: () => jsonAnswer(200, HEADERS, { gecko_says: '(V3) To the Moon!' }) },
  ],
  formsOf: (name, quote) => {
    const asset = names.assetOf(name);
    return asset === undefined || !CURRENCIES.has(quote) ? [] : [{ ticker: `${asset}_${quote}` }];
  },
  quotesOf: (request) => askedCurrencies(request.query('vs_currencies') ?? ''),
  failing,
  /** Not taped. */
  unknown: () => uncachedAnswer(404, { error: 'Not Found' }),
};

/**
 * `/simple/price` with its quirks, all taped: coins that it does not know vanish (one written after a space is such), a
 * currency that it does not know leaves `{}`, keys are sorted, and without `precision` big prices are whole numbers.
 */
function simplePrice(request: SourceRequest, writer: PriceWriter): SourceAnswer {
  const ids = request.query('ids');
  const vsCurrencies = request.query('vs_currencies');
  if (ids === undefined || ids === '') return missingParameter('ids');
  if (vsCurrencies === undefined || vsCurrencies === '') return missingParameter('vs_currencies');
  const currencies = askedCurrencies(vsCurrencies);
  const known = [...new Set(ids.split(','))].filter((id) => {
    const asset = names.assetOf(id);
    return asset !== undefined && writer.has(asset);
  });
  const coins = writer.kept(known).toSorted();
  const body = coins.map((id) => {
    const members = currencies.flatMap((currency) =>
      coinMembers({ id, currency, isOneOfSeveral: currencies.length > 1 }, request, writer),
    );
    if (request.query('include_last_updated_at') === 'true') members.push(`"last_updated_at":${writer.second}`);
    return `"${id}":{${members.join(',')}}`;
  });
  return cachedAnswer(`{${body.join(',')}}`);
}

function coinMembers(
  { id, currency, isOneOfSeveral }: { id: string; currency: string; isOneOfSeveral: boolean },
  request: SourceRequest,
  writer: PriceWriter,
): string[] {
  const ticker = `${names.assetOf(id)}_${currency}`;
  const precision = request.query('precision');
  const rounded = (full: string): string => roundedText(full, currency, precision);
  const text = writer.text(isOneOfSeveral ? `${id}/${currency}` : id, ticker, { rounded });
  const members = [writer.member(currency, id, text, 'number')];
  const price = Number(text);
  if (request.query('include_market_cap') === 'true') {
    members.push(`"${currency}_market_cap":${price * COINS_IN_CIRCULATION}`);
  }
  if (request.query('include_24hr_vol') === 'true')
    members.push(`"${currency}_24h_vol":${price * COINS_TRADED_PER_DAY}`);
  if (request.query('include_24hr_change') === 'true') {
    const yesterday = Number(writer.honest(ticker, writer.second - DAY_SECONDS));
    members.push(`"${currency}_24h_change":${(price / yesterday - 1) * 100}`);
  }
  return members;
}

/** The currencies of a call that CoinGecko knows, each once, in the order asked for. */
function askedCurrencies(vsCurrencies: string): readonly string[] {
  return [...new Set(vsCurrencies.split(','))].filter((currency) => CURRENCIES.has(currency));
}

function coinsList(_request: SourceRequest, writer: PriceWriter): SourceAnswer {
  const coins = names
    .listed(writer.syntheticCount)
    .filter((asset) => writer.lists(names.nameOf(asset)))
    .map((asset) => ({
      id: names.nameOf(asset),
      symbol: asset,
      name: titleOf(asset),
    }));
  const all = [...coins, ...NAMESAKES].toSorted((one, other) => (one.id < other.id ? -1 : 1));
  return cachedAnswer(JSON.stringify(all));
}

/** The default and the largest size of a page of `/coins/markets`; more is answered with the largest (taped 2022). */
const PAGE_SIZE = { default: 100, largest: 250 };

/** `/coins/markets` in US dollars, by size; a page past the end is an empty list (taped). */
function coinsMarkets(request: SourceRequest, writer: PriceWriter): SourceAnswer {
  if (request.query('vs_currency') !== 'usd') return missingParameter('vs_currency');
  const size = Math.min(Number(request.query('per_page') ?? PAGE_SIZE.default), PAGE_SIZE.largest);
  const from = (Number(request.query('page') ?? 1) - 1) * size;
  const given = names.listed(writer.syntheticCount).slice(from, from + size);
  const kept = new Set(writer.kept(given.map(names.nameOf)));
  const rows = given.flatMap((asset, index) => {
    const id = names.nameOf(asset);
    if (!kept.has(id)) return [];
    const text = writer.text(id, `${asset}_usd`, {
      rounded: (full) => roundedText(full, 'usd', request.query('precision')),
    });
    const price = Number(text);
    const at = new Date(writer.second * 1000).toISOString();
    return [
      `{"id":"${id}","symbol":"${asset}","name":"${titleOf(asset)}","image":"https://coin-images.coingecko.com/${id}.png",` +
        `${writer.member('current_price', id, text, 'number')},"market_cap":${Math.round(price * COINS_IN_CIRCULATION)},` +
        `"market_cap_rank":${from + index + 1},"fully_diluted_valuation":null,"total_volume":${Math.round(price * COINS_TRADED_PER_DAY)},` +
        `"high_24h":${price * 1.01},"low_24h":${price * 0.98},"circulating_supply":${COINS_IN_CIRCULATION},"max_supply":null,` +
        `"ath":${price * 1.8},"roi":null,"last_updated":"${at}"}`,
    ];
  });
  return cachedAnswer(`[${rows.join(',')}]`);
}

/** It has a shape of its own for many statuses. */
function failing(status: number): SourceAnswer {
  if (status === 500) return uncachedAnswer(status, { status, error: 'Internal Server Error' });
  if (status > 500) return cloudflareAnswer('api.coingecko.com', status);
  if (status === 403) {
    return { status, headers: { ...HEADERS, 'content-type': 'text/plain; charset=UTF-8' }, body: 'error code: 1020' };
  }
  if (status === 401) return uncachedAnswer(status, errorStatus(10002, 'API Key Missing'));
  if (status === 422) return missingParameter('ids');
  if (status === 404) return uncachedAnswer(status, { error: 'coin not found' });
  if (status === 429 || status < 400) return uncachedAnswer(status, errorStatus(429, RATE_LIMIT_MESSAGE));
  return uncachedAnswer(status, { error: STATUS_CODES[status] ?? 'Error' });
}

/** 422 with `{"error":"Missing parameter ids"}` was taped; the text for the currency follows its pattern. */
function missingParameter(parameter: string): SourceAnswer {
  return uncachedAnswer(422, { error: `Missing parameter ${parameter}` });
}

function errorStatus(code: number, message: string): object {
  return { status: { error_code: code, error_message: message } };
}

function cachedAnswer(body: string): SourceAnswer {
  const etag = `W/"${createHash('md5').update(body).digest('hex')}"`;
  const cache = {
    'cache-control': 'max-age=30, public, must-revalidate, s-maxage=60',
    'cf-cache-status': 'MISS',
    etag,
  };
  return jsonAnswer(200, { ...HEADERS, ...cache }, body);
}

function uncachedAnswer(status: number, body: object): SourceAnswer {
  return jsonAnswer(status, { ...HEADERS, 'cache-control': 'no-cache', 'cf-cache-status': 'MISS' }, body);
}
