import { type Quote, parseTicker } from '@app/domain';
import { coinbaseSource } from './coinbase.source.js';
import { AnswerReader, type RequestedTicker, type Source, readJson } from '../contract/index.js';
import type { ErrorBody, Refusal } from '../testing/source-fixtures.contract.js';
import { describeSourceContract } from '../testing/source.contract.js';
import { readAnswer } from '../read-answer.js';

const [PRODUCT, RATES, SPOT] = coinbaseSource.endpoints;
const BTC_USD = { ticker: 'btc_usd', sourceSymbol: 'BTC-USD' };
const BTC = { ticker: 'btc_usd', sourceSymbol: 'BTC' };
const PEPE = { ticker: 'pepe_usd', sourceSymbol: 'PEPE' };
const CELO = { ticker: 'celo_usd', sourceSymbol: 'CGLD' };

function quote(ticker: string, price: string, time?: string): Quote {
  return { ticker, price, sourceTime: time === undefined ? undefined : new Date(time) };
}
function inverse(ticker: string, price: string): Quote {
  return { ticker, price, sourceTime: undefined, inverted: true };
}
function productTicker(price: string, time = '"2026-01-01T11:00:01.123456789Z"'): string {
  return `{"ask":"64321.12","bid":"64321.11","volume":"5120.75","trade_id":900100200,"price":${price},"size":"0.0125","time":${time},"rfq_volume":"1.5"}`;
}
function rates(currency: string, members: string): string {
  return `{"data":{"currency":"${currency}","rates":{${members}}}}`;
}
function appError(id: string, message: string): string {
  return JSON.stringify({ errors: [{ id, message }] });
}
function message(text: string): string {
  return JSON.stringify({ message: text });
}
function read(body: string, asked: readonly RequestedTicker[], driftPolicy: 'reject' | 'map' = 'reject'): unknown {
  return readAnswer(coinbaseSource, asked, { status: 200, headers: {}, body }, { nowMs: 0, driftPolicy }).readings;
}

const ERROR_BODIES: readonly ErrorBody[] = [
  { name: 'an unknown currency', body: appError('not_found', 'Invalid base currency'), kind: 'not_found' },
  { name: 'a currency that is wrong', body: appError('invalid_request', 'Invalid currency (aaa)'), kind: 'not_found' },
  { name: 'a currency that is invalid', body: appError('invalid_request', 'Currency is invalid'), kind: 'not_found' },
  { name: 'a product that is gone', body: message('NotAllowed - delisted product'), kind: 'not_found' },
  { name: 'a price without its base', body: '{"data":{"amount":"64321.1","currency":"USD"}}', kind: 'drift' },
  { name: 'the rate limit of the app', body: appError('rate_limit_exceeded', 'Slow down'), kind: 'rate_limited' },
  {
    name: 'a token that is wrong',
    body: appError('invalid_token', 'The access token is invalid'),
    kind: 'unauthorized',
  },
  { name: 'an internal error', body: appError('internal_server_error', 'Sorry'), kind: 'unavailable' },
  { name: 'a parameter that is missing', body: appError('param_required', 'Missing'), kind: 'unavailable' },
  { name: 'errors without words', body: '{"errors":[{}]}', kind: 'unavailable' },
  { name: 'errors that are no list', body: '{"errors":"rate_limit_exceeded"}', kind: 'rate_limited' },
  { name: 'an unknown product', body: message('NotFound'), kind: 'not_found' },
  { name: 'the rate limit of the Exchange', body: message('Public rate limit exceeded'), kind: 'rate_limited' },
  { name: 'the maintenance of the Exchange', body: message('Under maintenance'), kind: 'unavailable' },
  { name: 'a time-out of its own', body: message('Request timed out'), kind: 'timeout' },
  { name: 'a closed region', body: message('Not available in your region'), kind: 'forbidden_region' },
  { name: 'a price of something else', body: '{"symbol":"BTCUSD","price":"1"}', kind: 'drift' },
  { name: 'an error of another shape', body: '{"error":"unknown","error_details":"odd"}', kind: 'unavailable' },
];

const REFUSALS: readonly Refusal[] = [
  { name: 'an unknown product with 404', status: 404, body: message('NotFound'), kind: 'not_found' },
  { name: 'words that nobody knows with 404', status: 404, body: message('odd'), kind: 'not_found' },
  { name: 'words that nobody knows with 403', status: 403, body: message('odd'), kind: 'forbidden_region' },
  { name: 'words that nobody knows with 400', status: 400, body: message('odd'), kind: 'unavailable' },
  { name: 'the rate limit with 429', status: 429, body: message('Public rate limit exceeded'), kind: 'rate_limited' },
  { name: 'the rate limit with 403', status: 403, body: appError('rate_limit_exceeded', ''), kind: 'rate_limited' },
  { name: 'a token with 401', status: 401, body: appError('expired_token', ''), kind: 'unauthorized' },
  {
    name: 'an unknown currency with 400',
    status: 400,
    body: appError('invalid_request', 'Invalid currency'),
    kind: 'not_found',
  },
  { name: 'an error with 500', status: 500, body: message('Internal server error'), kind: 'unavailable' },
];

const COMMON = { errorBodies: ERROR_BODIES, refusals: REFUSALS, receivedAt: new Date('2026-01-01T12:00:00Z') };

describeSourceContract({
  ...COMMON,
  source: coinbaseSource,
  endpoint: 'product-ticker',
  tickers: [BTC_USD],
  goodBodies: [
    {
      name: 'an answer with all its fields',
      body: productTicker('"64321.11000000"'),
      quotes: [quote('btc_usd', '64321.11000000', '2026-01-01T11:00:01.123Z')],
    },
    {
      name: 'an answer in another order, without a time',
      body: '{ "price": "64321.1",\n "trade_id": 7 }\n',
      quotes: [quote('btc_usd', '64321.1')],
    },
    {
      name: 'an answer with whole seconds and a field that is new',
      body: '{"message":null,"trade_id":null,"price":"1","time":"2026-01-01T11:00:01Z","sequence":{"id":[1]}}',
      quotes: [quote('btc_usd', '1', '2026-01-01T11:00:01Z')],
    },
    { name: 'a product that was never traded', body: productTicker('null', 'null'), quotes: [] },
    {
      name: 'an answer that names its product, with a time that nothing looks like',
      body: '{"type":"ticker","product_id":"BTC-USD","price":"64321.1","trade_id":7,"size":"1"}',
      quotes: [quote('btc_usd', '64321.1')],
    },
  ],
  errorBodies: [
    ...ERROR_BODIES,
    { name: 'another product', body: '{"product_id":"ETH-USD","price":"3100","trade_id":7}', kind: 'drift' },
    { name: 'a time by another name', body: '{"price":"1","trade_id":7,"tme":"2026-01-01T11:00:01Z"}', kind: 'drift' },
    {
      name: 'a time by a longer name',
      body: '{"price":"1","trade_id":7,"timestamp":"2026-01-01T11:00:01Z"}',
      kind: 'drift',
    },
  ],
  priceFields: { btc_usd: ['price'] },
  timeFields: {
    paths: { btc_usd: ['time'] },
    wrong: ['1767265201', '1767265201000', '2026-01-01 11:00:01', '2026-01-01T11:00:01', '0001-01-01T00:00:00Z', ''],
  },
});

describeSourceContract({
  ...COMMON,
  source: coinbaseSource,
  endpoint: 'exchange-rates',
  tickers: [BTC, PEPE, CELO],
  goodBodies: [
    {
      name: 'the rates of a dollar, which are inverse',
      body: rates('USD', '"AED":"3.67","BTC":"0.00001554700","CGLD":"2.5","PEPE":"98765.4321","USD":"1.0"'),
      quotes: [inverse('btc_usd', '0.00001554700'), inverse('pepe_usd', '98765.4321'), inverse('celo_usd', '2.5')],
    },
    {
      name: 'the rates of a bitcoin, which are prices',
      body: `${rates('BTC', '"USD":"64321.11","EUR":"59001.5","PEPE":"1"')}\n`,
      tickers: [BTC, { ticker: 'btc_eur', sourceSymbol: 'BTC-EUR' }, PEPE],
      quotes: [quote('btc_usd', '64321.11'), quote('btc_eur', '59001.5')],
    },
    {
      name: 'rates without two of the coins',
      body: rates('USD', '"BTC":"0.0000155","PEPE":null'),
      quotes: [inverse('btc_usd', '0.0000155')],
    },
    { name: 'the rates of another currency', body: rates('EUR', '"BTC":"0.0000169","USD":"1.09"'), quotes: [] },
  ],
  priceFields: {
    btc_usd: ['data', 'rates', 'BTC'],
    pepe_usd: ['data', 'rates', 'PEPE'],
    celo_usd: ['data', 'rates', 'CGLD'],
  },
  priceFieldsAreNames: true,
});

// It is never asked of its own, so it stands alone for the contract.
const SPOT_ALONE: Source = { ...coinbaseSource, endpoints: [SPOT ?? PRODUCT], endpointFor: () => SPOT ?? PRODUCT };

describeSourceContract({
  ...COMMON,
  source: SPOT_ALONE,
  endpoint: 'spot',
  tickers: [BTC_USD],
  goodBodies: [
    {
      name: 'an answer with all its fields',
      body: '{"data":{"amount":"64320.985","base":"BTC","currency":"USD"}}',
      quotes: [quote('btc_usd', '64320.985')],
    },
    {
      name: 'an answer in another order, with a warning',
      body: '{"warnings":[{"id":"missing_version","message":"Please set it"}],"data":{"base":"BTC","currency":"USD","amount":"64320"}}',
      tickers: [BTC],
      quotes: [quote('btc_usd', '64320')],
    },
    { name: 'an answer of another coin', body: '{"data":{"base":"ETH","currency":"USD","amount":"3100"}}', quotes: [] },
    {
      name: 'an answer in another currency',
      body: '{"data":{"base":"BTC","currency":"EUR","amount":"1"}}',
      quotes: [],
    },
    { name: 'an answer without a price', body: '{"data":{"base":"BTC","currency":"USD","amount":null}}', quotes: [] },
  ],
  priceFields: { btc_usd: ['data', 'amount'] },
});

describe('the Coinbase source', () => {
  it.each([
    ['btc_usd', 'BTC-USD'],
    ['btc_eur', 'BTC-EUR'],
    ['eth_btc', 'ETH-BTC'],
    ['btc_usdt', 'BTC-USDT'],
    ['usdt_usd', 'USDT-USD'],
    ['celo_usd', 'CGLD-USD'],
    ['btc_jpy', 'BTC'],
    ['pepe_eur', 'PEPE'],
    ['xrp_btc', 'XRP'],
    ['eur_usd', 'EUR'],
    ['usdc_eur', 'USDC-EUR'],
    // At par by its own rule, which is no price.
    ['usdc_usd', undefined],
    ['usdc_jpy', undefined],
    ['btc_usdc', undefined],
    ['xmr_usd', undefined],
    ['velo_usd', undefined],
    // A tugrik is no Mantle, a leu no Ronin, a rupee of the Seychelles no Scroll; none is guessed by its symbol.
    ['mnt_usd', undefined],
    ['ron_usd', undefined],
    ['scr_eur', undefined],
    ['btc_mnt', 'BTC'],
    ['usd_usd', undefined],
    ['constructor_usd', undefined],
  ])('has %s as %s', (ticker, name) => {
    const parts = parseTicker(ticker);
    expect(parts && coinbaseSource.defaultSymbol(parts)).toBe(name);
  });

  it.each([
    ['BTC-USD', 'usd'],
    ['BTC-USDT', 'usdt'],
    ['ETH-BTC', 'btc'],
    ['BTC', undefined],
  ])('knows that %s is quoted in %s', (name, quoteCurrency) => {
    expect(coinbaseSource.quoteOf?.(name)).toBe(quoteCurrency);
  });

  it('asks the Exchange for a product, and the app for the rates of a currency', () => {
    expect(PRODUCT.request([BTC_USD])).toEqual({ path: '/products/BTC-USD/ticker', query: {} });
    expect(RATES?.request([BTC, PEPE])).toEqual({ path: '/v2/exchange-rates', query: { currency: 'USD' } });
    expect(SPOT?.request([BTC_USD])).toEqual({ path: '/v2/prices/BTC-USD/spot', query: {} });
    expect(RATES?.baseUrl).toBe('https://api.coinbase.com');
  });

  it('does not ask for the rates of two currencies at once, nor of no ticker', () => {
    const drift = expect.objectContaining({ kind: 'drift' }) as Error;
    expect(() => RATES?.request([BTC, { ticker: 'btc_jpy', sourceSymbol: 'BTC' }])).toThrow(drift);
    const noTicker = [{ ticker: 'btcusd', sourceSymbol: 'BTC' }];
    expect(() => RATES?.request(noTicker)).toThrow(expect.objectContaining({ kind: 'not_found' }) as Error);
  });

  it('gives the price of an answer that names no product to the first that was asked, and to nobody else', () => {
    const asked = [BTC_USD, { ticker: 'eth_usd', sourceSymbol: 'ETH-USD' }];
    expect(read(productTicker('"1"', 'null'), asked)).toEqual([quote('btc_usd', '1')]);
  });

  it('knows its endpoints by the shape of what they answer', () => {
    const spot = '{"data":{"amount":"3","base":"BTC","currency":"USD"}}';
    expect(read(productTicker('"2"', 'null'), [BTC_USD])).toEqual([quote('btc_usd', '2')]);
    expect(read(rates('BTC', '"USD":"4"'), [BTC_USD])).toEqual([quote('btc_usd', '4')]);
    expect(read(rates('USD', '"BTC":"0.5"'), [BTC_USD])).toEqual([inverse('btc_usd', '0.5')]);
    expect(read(spot, [BTC_USD])).toEqual([quote('btc_usd', '3')]);
  });

  it('never takes the rate of another coin, though drift is mapped', () => {
    const body = rates('USD', '"BTC":true,"BTT":"1500000","PEPE":"98765.4"');
    expect(read(body, [BTC, PEPE], 'map')).toEqual([
      { ticker: 'btc_usd', rejected: 'drift', detail: expect.stringContaining('data.rates.BTC') as string },
      inverse('pepe_usd', '98765.4'),
    ]);
    expect(read(rates('USD', '"BTT":"1500000"'), [BTC], 'map')).toEqual([]);
  });

  it.each([
    ['amount', '{"data":{"amounts":"3","base":"BTC","currency":"USD"}}', quote('btc_usd', '3')],
    ['rates', '{"data":{"currency":"USD","rate":{"BTC":"0.5"}}}', inverse('btc_usd', '0.5')],
  ])(
    'says of a price that it was read by a near match when %s is renamed and drift is mapped',
    (_field, body, expected) => {
      expect(read(body, [BTC_USD], 'map')).toEqual([{ ...expected, mapped: [expect.any(String)] }]);
    },
  );

  it('calls a call for rates four, so that one limit holds for both of its APIs', () => {
    const [{ limit }] = coinbaseSource.plans;
    const perHour = (limit.calls / limit.perSeconds / (RATES?.cost?.(500) ?? 1)) * 3600;
    expect(perHour).toBeLessThanOrEqual(10_000);
  });

  it('lists the products that are traded, and has no list for bare assets', () => {
    const products = [
      { id: 'CGLD-EUR', base_currency: 'CGLD', quote_currency: 'EUR', status: 'online', trading_disabled: false },
      { id: 'BTC-USD', base_currency: 'BTC', quote_currency: 'USD' },
      { id: 'OLD-USD', base_currency: 'OLD', quote_currency: 'USD', status: 'delisted' },
      { id: 'OFF-USD', base_currency: 'OFF', quote_currency: 'USD', status: 'online', trading_disabled: true },
    ];
    const json = readJson('coinbase', JSON.stringify(products));
    expect(coinbaseSource.names?.parse(new AnswerReader('coinbase', json))).toEqual([
      { name: 'CGLD-EUR', symbol: 'celo', quote: 'eur' },
      { name: 'BTC-USD', symbol: 'btc', quote: 'usd' },
    ]);
    expect(coinbaseSource.names?.covers?.('BTC-USD')).toBe(true);
    expect(coinbaseSource.names?.covers?.('BTC')).toBe(false);
  });
});
