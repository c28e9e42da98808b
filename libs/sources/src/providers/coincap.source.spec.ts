import { type Quote, parseTicker } from '@app/domain';
import { coincapSource } from './coincap.source.js';
import { AnswerReader, endpointFor, readJson } from '../contract/index.js';
import { outcomeOf } from '../testing/judge-parse.contract.js';
import type { ErrorBody, Refusal } from '../testing/source-fixtures.contract.js';
import { describeSourceContract } from '../testing/source.contract.js';
import { lacksKey, planOf } from '../http/source-access.js';

const BTC = { ticker: 'btc_usd', sourceSymbol: 'bitcoin' };
const BNB = { ticker: 'bnb_usd', sourceSymbol: 'binance-coin' };
const MS = 1767265201234;
const WRONG_TIMES = ['1767265201', '1767265201234000', '0', '-1767265201234', '1767265201234.5', '1.7e12', '1e400'];
const GONE = 'We are deprecating this version. Sign up for another at https://example.com';

function quote(ticker: string, price: string, rest: Partial<Quote> = {}): Quote {
  return {
    ticker,
    price,
    sourceTime: new Date(MS),
    marketCap: '1280000000000.5',
    volume24h: '32000000000.25',
    ...rest,
  };
}
function row(id: string, price: string, rest = '"explorer":"https://example.com/","tokens":{}'): string {
  const amounts =
    '"supply":"19900000.0000000000000000","maxSupply":null,"marketCapUsd":"1280000000000.5","volumeUsd24Hr":"32000000000.25"';
  return `{"id":"${id}","rank":"1","symbol":"X","name":"A coin",${amounts},"priceUsd":${price},"changePercent24Hr":"-1.5","vwap24Hr":null,${rest}}`;
}
function answer(data: string, timestamp = `${MS}`): string {
  return `{"timestamp":${timestamp},"data":${data}}`;
}

const BITCOIN = row('bitcoin', '"64321.779999999998835847"');
const BTC_QUOTE = quote('btc_usd', '64321.779999999998835847');

const ERRORS: readonly ErrorBody[] = [
  { name: 'the farewell of v2', body: `{"data":{"message":"${GONE}"},"timestamp":${MS}}`, kind: 'not_found' },
  { name: 'an unknown asset', body: `{"error":"dogcoin not found","timestamp":${MS}}`, kind: 'not_found' },
  {
    name: 'the limit of requests',
    body: '{"error":"You exceeded your 200 request(s) rate limit of your FREE plan"}',
    kind: 'rate_limited',
  },
  {
    name: 'too many in a minute',
    body: '{"error":"You have exceeded the 200 requests in 1 minute limit"}',
    kind: 'rate_limited',
  },
  { name: 'a time by another name', body: answer(BITCOIN).replace('timestamp', 'timestmp'), kind: 'drift' },
  { name: 'a time by a shorter name', body: answer(`[${BITCOIN}]`).replace('timestamp', 'time'), kind: 'drift' },
  { name: 'too many requests', body: '{"message":"Too many requests"}', kind: 'rate_limited' },
  { name: 'a key that is wrong', body: '{"error":{"message":"Invalid API key"}}', kind: 'unauthorized' },
  { name: 'credits that are used up', body: '{"error":"Not enough credits"}', kind: 'unauthorized' },
  { name: 'no key', body: '{"data":{"error":"Unauthorized"}}', kind: 'unauthorized' },
  { name: 'a closed country', body: '{"error":"not available in your region"}', kind: 'forbidden_region' },
  { name: 'an internal error', body: '{"error":"Internal Server Error"}', kind: 'unavailable' },
  { name: 'a time-out of its own', body: '{"error":"timeout"}', kind: 'timeout' },
  { name: 'words unknown to us', body: '{"error":"odd"}', kind: 'unavailable' },
  { name: 'an error of another shape', body: '{"error":{"code":7}}', kind: 'unavailable' },
  {
    name: 'an error beside prices',
    body: answer(`[${BITCOIN}]`).replace('{', '{"error":"maintenance",'),
    kind: 'unavailable',
  },
  { name: 'no data at all', body: answer('null'), kind: 'drift' },
  { name: 'data without an asset', body: answer('{}'), kind: 'drift' },
];
const REFUSALS: readonly Refusal[] = [
  { name: 'the farewell of v2 with 410', status: 410, body: `{"data":{"message":"${GONE}"}}`, kind: 'not_found' },
  { name: 'the farewell of v2 with 429', status: 429, body: `{"data":{"message":"${GONE}"}}`, kind: 'rate_limited' },
  { name: 'no key with 401', status: 401, body: '{"error":"Unauthorized"}', kind: 'unauthorized' },
  { name: 'no credits with 402', status: 402, body: '{"error":"pay"}', kind: 'unauthorized' },
  { name: 'a wrong key with 403', status: 403, body: '{"message":"Invalid API key"}', kind: 'unauthorized' },
  { name: 'a rule of its network with 403', status: 403, body: 'error code: 1020', kind: 'forbidden_region' },
  { name: 'an unknown asset with 404', status: 404, body: '{"error":"x not found"}', kind: 'not_found' },
  { name: 'words unknown to us with 403', status: 403, body: '{"error":"odd"}', kind: 'unauthorized' },
  { name: 'words unknown to us with 404', status: 404, body: '{"error":"odd"}', kind: 'not_found' },
  { name: 'words unknown to us with 400', status: 400, body: '{"error":"odd"}', kind: 'unavailable' },
  { name: 'an error with 500', status: 500, body: '{"error":"x not found"}', kind: 'unavailable' },
];

describeSourceContract({
  source: coincapSource,
  endpoint: 'assets',
  apiKey: 'key',
  tickers: [BTC, BNB],
  goodBodies: [
    {
      name: 'a list of assets',
      body: answer(`[${BITCOIN},${row('binance-coin', '"845.1000000000000000"')}]`),
      quotes: [BTC_QUOTE, quote('bnb_usd', '845.1000000000000000')],
    },
    {
      name: 'a list as v2 wrote it, without explorer and with the time last',
      body: `{"data":[${row('binance-coin', '"845.1"', '"explorer":null')},${row('xrp', '"2.5"')}],"timestamp":${MS}}`,
      quotes: [quote('bnb_usd', '845.1')],
    },
    {
      name: 'an asset without a price, and no time',
      body: `{"data":[${row('bitcoin', 'null')},${row('binance-coin', '"1"')}]}`,
      quotes: [quote('bnb_usd', '1', { sourceTime: undefined })],
    },
    { name: 'nothing that is known', body: answer('[]'), quotes: [] },
    { name: 'a list of others', body: answer(`[${row('xrp', '"2.5"')}]`), quotes: [] },
  ],
  priceFields: { btc_usd: ['data', '0', 'priceUsd'], bnb_usd: ['data', '1', 'priceUsd'] },
  timeFields: { paths: { btc_usd: ['timestamp'], bnb_usd: ['timestamp'] }, wrong: WRONG_TIMES },
  errorBodies: [
    ...ERRORS,
    { name: 'one asset where a list was asked for', body: answer(BITCOIN), kind: 'drift' },
    { name: 'the history of an asset', body: answer('[{"priceUsd":"1","time":1767265201000}]'), kind: 'drift' },
    { name: 'a list of rates', body: answer('[{"id":"us-dollar","rateUsd":"1"}]'), kind: 'drift' },
    { name: 'a price that is a number', body: answer(`[${row('bitcoin', '64321.5')}]`), kind: 'drift' },
  ],
  refusals: REFUSALS,
  receivedAt: new Date('2026-01-01T11:01:00Z'),
});

describeSourceContract({
  source: coincapSource,
  endpoint: 'asset',
  apiKey: 'key',
  tickers: [BTC],
  goodBodies: [
    { name: 'one asset', body: answer(BITCOIN), quotes: [BTC_QUOTE] },
    {
      name: 'one asset with blanks and amounts of another type',
      body: `{"data": {\n  "id": "bitcoin", "marketCapUsd": 5, "priceUsd": "64321.5000000000000000"\n}, "timestamp": ${MS}}\n`,
      quotes: [quote('btc_usd', '64321.5000000000000000', { marketCap: undefined, volume24h: undefined })],
    },
    { name: 'another asset', body: answer(row('xrp', '"2.5"')), quotes: [] },
    { name: 'an asset without a price', body: answer(row('bitcoin', 'null')), quotes: [] },
  ],
  priceFields: { btc_usd: ['data', 'priceUsd'] },
  timeFields: { paths: { btc_usd: ['timestamp'] }, wrong: WRONG_TIMES },
  errorBodies: [
    ...ERRORS,
    { name: 'a list where one was asked for', body: answer(`[${BITCOIN}]`), kind: 'drift' },
    { name: 'the rate of another currency', body: answer('{"id":"euro","rateUsd":"1.1"}'), kind: 'drift' },
  ],
  refusals: REFUSALS,
  receivedAt: new Date('2026-01-01T11:01:00Z'),
});

describe('the CoinCap source', () => {
  it.each([
    ['btc_usd', 'bitcoin'],
    ['xrp_usd', 'xrp'],
    ['bnb_usd', 'binance-coin'],
    ['usdt_usd', 'tether'],
    ['usdc_usd', 'usd-coin'],
    ['btc_eur', undefined],
    ['gold_usd', undefined],
    ['constructor_usd', undefined],
  ])('has %s as %s', (ticker, name) => {
    const parts = parseTicker(ticker);
    expect(parts && coincapSource.defaultSymbol(parts)).toBe(name);
  });

  it('prices everything in dollars, whatever the ticker', () => {
    expect(coincapSource.quoteOf?.('bitcoin')).toBe('usd');
  });

  it('asks for one asset by its id, and for several as a list', () => {
    expect(endpointFor(coincapSource, [BTC]).request([BTC])).toEqual({ path: '/assets/bitcoin', query: {} });
    const several = [BTC, BNB, { ...BTC, ticker: 'xbt_usd' }];
    expect(endpointFor(coincapSource, several).request(several)).toEqual({
      path: '/assets',
      query: { ids: 'bitcoin,binance-coin' },
    });
  });

  it('gives nothing without a key, which it sends as a bearer', () => {
    expect([lacksKey(coincapSource), lacksKey(coincapSource, { apiKey: 'k' })]).toEqual([true, false]);
    expect(planOf(coincapSource, { apiKey: 'k' }).keyHeader?.('k')).toEqual(['authorization', 'Bearer k']);
  });

  it('leaves the other assets when one has another shape', () => {
    const body = answer(`[${row('bitcoin', '7')},${row('binance-coin', '"845.1"')}]`);
    expect(outcomeOf(coincapSource, body, [BTC, BNB])).toEqual({
      quotes: [quote('bnb_usd', '845.1')],
      unreadable: ['btc_usd'],
    });
  });

  it.each(['', '1e30', '0', '-1', 'NaN', '1,5'])('hands the text %j on for the check to judge', (price) => {
    expect(outcomeOf(coincapSource, answer(row('bitcoin', `"${price}"`)), [BTC])).toEqual({
      quotes: [quote('btc_usd', price)],
      unreadable: [],
    });
  });

  it('lists its assets by id', () => {
    const reader = new AnswerReader('coincap', readJson('coincap', answer(`[${BITCOIN}]`)));
    expect(coincapSource.names?.parse(reader)).toEqual([
      { name: 'bitcoin', symbol: 'x', quote: 'usd', title: 'A coin' },
    ]);
  });
});
