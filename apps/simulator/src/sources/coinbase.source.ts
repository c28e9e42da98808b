import { fixedText, significantDecimals } from '../market/price-style.js';
import { inverseText } from '../market/price-text.js';
import { assetNames, titleOf } from './asset-names.js';
import { pairNames } from './pair-names.js';
import type { PriceWriter } from './price-writer.js';
import type { SimulatedSource, SourceRequest } from './simulated-source.js';
import { cloudflareAnswer, jsonAnswer, type SourceAnswer } from './source-answer.js';

const DECIMALS = 8;
const FEWEST_DECIMALS = 2;

const LISTED =
  'btc eth xrp sol doge ada bnb bch link xlm sui avax ltc hbar shib ton dot uni aave near paxg etc apt icp arb atom algo fil ' +
  'vet op trump usdt';

/** Products of the Exchange. */
const products = pairNames(
  { usd: LISTED, usdt: 'btc eth sol xrp doge', btc: 'eth ltc' },
  (base, quote) => `${base}-${quote}`.toUpperCase(),
  'usd',
);

/** Currencies of the exchange rates: USDC is one of them, though no product, and so is money. */
const currencies = assetNames([...LISTED.split(' '), 'usdc', 'eur', 'gbp', 'jpy', 'chf'], (asset) =>
  asset.toUpperCase(),
);

const HEADERS = {
  server: 'cloudflare',
  'content-type': 'application/json; charset=utf-8',
  'access-control-allow-origin': '*',
  vary: 'Accept-Encoding',
  'x-content-type-options': 'nosniff',
};

/**
 * The simulated Coinbase, two services under one address: the exchange rates of `/v2`, which are the inverse of prices and
 * hold no time, and the Exchange with one product per call. `BTC` is a rate; `BTC-USD` a product, and where the rates are read
 * the rate of its base.
 */
export const coinbase: SimulatedSource = {
  name: 'coinbase',
  prefix: '/coinbase',
  style: {
    decimals: (magnitude) => significantDecimals(magnitude, FEWEST_DECIMALS, DECIMALS),
    text: (units, decimals) => fixedText(units, decimals, decimals),
  },
  routes: [
    { path: '/v2/exchange-rates', asked: () => ({ names: [], all: true }), answer: exchangeRates },
    { path: '/products/{}/ticker', asked: ({ parameter }) => ({ names: [parameter] }), answer: productTicker },
    { path: '/products', answer: productList },
  ],
  formsOf: (name) => {
    const pair = products.pairOf(name);
    if (pair !== undefined) {
      const rate = { ticker: `${pair.base}_usd`, inverted: true } as const;
      return pair.quote === 'usd' ? [{ ticker: pair.ticker }, rate] : [{ ticker: pair.ticker }];
    }
    const asset = currencies.assetOf(name);
    return asset === undefined ? [] : [{ ticker: `${asset}_usd`, inverted: true }];
  },
  failing,
  unknown: ({ path }) =>
    path.startsWith('/v2')
      ? ratesError(404, 'not_found', 'Not found')
      : jsonAnswer(404, HEADERS, { message: 'NotFound' }),
};

/** Units of every currency for one unit of the one asked for; of USD by default. */
function exchangeRates(request: SourceRequest, writer: PriceWriter): SourceAnswer {
  const currency = request.query('currency') ?? 'USD';
  const asset = currency === 'USD' ? 'usd' : currencies.assetOf(currency);
  if (asset === undefined || !writer.has(asset)) return ratesError(404, 'not_found', 'Invalid currency');
  const names = writer.kept(currencies.listed(writer.syntheticCount).map(currencies.nameOf));
  const rates = names.map((name) => {
    const other = currencies.assetOf(name) ?? '';
    if (other === asset) return `"${name}":"1"`;
    if (asset !== 'usd') return `"${name}":"${inverseText(writer.honest(`${other}_${asset}`, writer.second))}"`;
    return `"${name}":${writer.value(name, writer.text(name, `${other}_usd`, { inverted: true }), 'string')}`;
  });
  const dollars = asset === 'usd' ? '"USD":"1.0"' : `"USD":"${writer.honest(`${asset}_usd`, writer.second)}"`;
  const body = `{"data":{"currency":"${currency}","${writer.field('rates')}":{${[...rates, dollars].join(',')}}}}`;
  return jsonAnswer(200, { ...HEADERS, 'cache-control': 'public, max-age=5' }, body);
}

function productTicker({ parameter: id }: SourceRequest, writer: PriceWriter): SourceAnswer {
  const pair = products.pairOf(id);
  if (pair === undefined || !writer.has(pair.ticker) || !writer.lists(id))
    return jsonAnswer(404, HEADERS, { message: 'NotFound' });
  const text = writer.text(id, pair.ticker);
  const price = Number(text);
  const body =
    `{"ask":"${(price * 1.00001).toFixed(DECIMALS)}","bid":"${(price * 0.99999).toFixed(DECIMALS)}",` +
    `"volume":"7878.23402368","trade_id":${800_000_000 + (writer.second % 100_000_000)},` +
    `${writer.member('price', id, text, 'string')},"size":"0.00225000","time":"${nanosecondTime(writer.clockMs)}",` +
    '"rfq_volume":"12.048210"}';
  return jsonAnswer(200, { ...HEADERS, 'cache-control': 'public, max-age=1' }, body);
}

/** Nine fraction digits, as taped in 2026; the trade lay a little before the call, but in its second. */
function nanosecondTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '104729Z');
}

function productList(_request: SourceRequest, writer: PriceWriter): SourceAnswer {
  const list = products
    .listed(writer.syntheticCount)
    .filter((id) => writer.lists(id))
    .map((id) => {
      const [base = '', quote = ''] = id.split('-');
      return {
        id,
        base_currency: base,
        quote_currency: quote,
        quote_increment: '0.01',
        base_increment: '0.00000001',
        display_name: `${base}/${quote}`,
        min_market_funds: '1',
        margin_enabled: false,
        post_only: false,
        limit_only: false,
        cancel_only: false,
        status: 'online',
        status_message: '',
        trading_disabled: false,
        fx_stablecoin: base === 'USDT',
        auction_mode: false,
        base_name: titleOf(base.toLowerCase()),
      };
    });
  return jsonAnswer(200, { ...HEADERS, 'cache-control': 'public, max-age=5, must-revalidate' }, list);
}

function failing(status: number, { path }: SourceRequest): SourceAnswer {
  if (status >= 500) return cloudflareAnswer('api.coinbase.com', status);
  if (path.startsWith('/v2')) {
    if (status === 404 || status === 400) return ratesError(status, 'not_found', 'Invalid currency');
    if (status === 401 || status === 403) return ratesError(status, 'authentication_error', 'invalid api key');
    return ratesError(status, 'rate_limit_exceeded', 'Too many requests');
  }
  const messages: Readonly<Record<number, string>> = {
    400: 'Bad Request',
    401: 'Unauthorized.',
    403: 'Forbidden',
    404: 'NotFound',
  };
  return jsonAnswer(status, HEADERS, { message: messages[status] ?? 'Public rate limit exceeded' });
}

function ratesError(status: number, id: string, message: string): SourceAnswer {
  return jsonAnswer(status, HEADERS, { errors: [{ id, message }] });
}
