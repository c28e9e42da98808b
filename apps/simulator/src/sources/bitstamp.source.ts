import { fixedText, significantDecimals } from '../market/price-style.js';
import { titleOf } from './asset-names.js';
import { pairNames } from './pair-names.js';
import type { PriceWriter } from './price-writer.js';
import type { SimulatedSource, SourceRequest } from './simulated-source.js';
import { jsonAnswer, nginxAnswer, type SourceAnswer } from './source-answer.js';

const FEWEST_DECIMALS = 2;
const MOST_DECIMALS = 8;

const pairs = pairNames(
  {
    usd:
      'btc eth xrp sol doge ada bch link xlm sui avax ltc hbar shib dot uni aave near apt arb algo fil op paxg trump usdt ' +
      'usdc',
    usdt: 'btc eth xrp',
    btc: 'eth xrp ltc',
  },
  (base, quote) => base + quote,
  'usd',
);

/** Headers that Bitstamp's answers were taped with. */
const HEADERS = { 'content-type': 'application/json', vary: 'Accept-Encoding', 'x-cdn': 'Incapsula' };

/** The simulated Bitstamp: one pair per call, every value a string, the time too. */
export const bitstamp: SimulatedSource = {
  name: 'bitstamp',
  prefix: '/bitstamp',
  style: {
    decimals: (magnitude) => significantDecimals(magnitude, FEWEST_DECIMALS, MOST_DECIMALS),
    text: (units, decimals) => fixedText(units, decimals, decimals),
  },
  routes: [
    { path: '/api/v2/ticker/{}', asked: ({ parameter }) => ({ names: [parameter] }), answer: ticker },
    { path: '/api/v2/trading-pairs-info', answer: tradingPairs },
  ],
  formsOf: (name) => {
    const pair = pairs.pairOf(name);
    return pair === undefined ? [] : [{ ticker: pair.ticker }];
  },
  failing,
  unknown: () => errorAnswer(404, 'Not found', '404.001'),
};

function ticker({ parameter: name }: SourceRequest, writer: PriceWriter): SourceAnswer {
  const pair = pairs.pairOf(name);
  if (pair === undefined || !writer.has(pair.ticker) || !writer.lists(name))
    return errorAnswer(404, 'Invalid currency pair', '404.002');
  const text = writer.text(name, pair.ticker);
  const decimals = text.split('.')[1]?.length ?? FEWEST_DECIMALS;
  const at = (factor: number): string => (Number(text) * factor).toFixed(decimals);
  const body =
    `{"timestamp":"${writer.second}","open":"${at(0.9934)}","high":"${at(1.006)}","low":"${at(0.992)}",` +
    `${writer.member('last', name, text, 'string')},"volume":"1136.23246630","vwap":"${at(0.9983)}",` +
    `"bid":"${at(0.99999)}","ask":"${at(1.00001)}","side":"0","open_24":"${at(0.993)}","percent_change_24":"0.71",` +
    '"market_type":"SPOT"}';
  return jsonAnswer(200, HEADERS, body);
}

function tradingPairs(_request: SourceRequest, writer: PriceWriter): SourceAnswer {
  const list = pairs
    .listed(writer.syntheticCount)
    .filter((name) => writer.lists(name))
    .map((name) => {
      const { base = '', quote = '' } = pairs.pairOf(name) ?? {};
      return {
        trading: 'Enabled',
        base_decimals: 8,
        url_symbol: name,
        name: `${base.toUpperCase()}/${quote.toUpperCase()}`,
        instant_and_market_orders: 'Enabled',
        minimum_order: `20.0 ${quote.toUpperCase()}`,
        counter_decimals: FEWEST_DECIMALS,
        description: `${titleOf(base)} / ${quote === 'usd' ? 'U.S. dollar' : titleOf(quote)}`,
      };
    });
  return jsonAnswer(200, HEADERS, list);
}

function failing(status: number): SourceAnswer {
  if (status >= 500) return nginxAnswer(status);
  if (status === 429 || status < 400) return errorAnswer(status, 'Request rate limit exceeded', '400.002');
  if (status === 404) return errorAnswer(status, 'Invalid currency pair', '404.002');
  return errorAnswer(status, status === 403 ? 'Access denied' : 'Bad request', `${status}.001`);
}

function errorAnswer(status: number, error: string, code: string): SourceAnswer {
  return jsonAnswer(status, HEADERS, { error, code });
}
