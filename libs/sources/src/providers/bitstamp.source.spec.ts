import { type Quote, parseTicker } from '@app/domain';
import { bitstampSource } from './bitstamp.source.js';
import { outcomeOf } from '../testing/judge-parse.contract.js';
import { AnswerReader, readJson } from '../contract/index.js';
import { describeSourceContract } from '../testing/source.contract.js';

const BTC = { ticker: 'btc_usd', sourceSymbol: 'btcusd' };
const ETH = { ticker: 'eth_usd', sourceSymbol: 'ethusd' };

function quote(price: string, ticker = 'btc_usd', seconds = 1767265201): Quote {
  return { ticker, price, sourceTime: new Date(seconds * 1000) };
}

const ANSWER = `{"timestamp":"1767265201","open":"61010.10","high":"61999.00","low":"60500.00","last":"61200.50",
  "volume":"830.12345678","vwap":"61234.10","bid":"61200.49","ask":"61200.51","side":"1","open_24":"60990.00",
  "percent_change_24":"0.35","market_type":"SPOT"}`;

describeSourceContract({
  source: bitstampSource,
  tickers: [BTC],
  goodBodies: [
    { name: 'an answer with all its fields', body: ANSWER, quotes: [quote('61200.50')] },
    {
      name: 'the answer of earlier years',
      body: '{"high": "1.2", "last": "0.00000870", "timestamp": "1767265201", "open": "1.0"}\n',
      quotes: [quote('0.00000870')],
    },
    {
      name: 'an answer that names its market',
      body: '{"timestamp":"1767265201","last":"61200","pair":"BTC/USD","error":null,"errors":[],"code":"new"}',
      quotes: [quote('61200')],
    },
    { name: 'a market without a price', body: '{"timestamp":"1767265201","last":null}', quotes: [] },
  ],
  priceFields: { btc_usd: ['last'] },
  timeFields: {
    paths: { btc_usd: ['timestamp'] },
    wrong: ['1767265201000', '1767265201000000', '0', '-1767265201', '1767265201.5', '', '2026-01-01T11:00:01Z'],
  },
  errorBodies: [
    { name: 'a text', body: '{"error":"Order not found"}', kind: 'not_found' },
    { name: 'a wrong key', body: '{"error":"Invalid username and/or password"}', kind: 'unauthorized' },
    { name: 'a key that is off', body: '{"error":"API access disabled. Check your settings."}', kind: 'unauthorized' },
    { name: 'an object of lists', body: '{"error":{"__all__":["Minimum order size is 1"]}}', kind: 'unavailable' },
    {
      name: 'lists that speak of a limit',
      body: '{"error":{"__all__":["x","Too many requests"]}}',
      kind: 'rate_limited',
    },
    { name: 'a reason with a code', body: '{"status":"error","reason":"no","code":"API0001"}', kind: 'unauthorized' },
    { name: 'a reason', body: '{"status":"error","reason":"Invalid currency pair"}', kind: 'not_found' },
    { name: 'an error without a word', body: '{"status":"error"}', kind: 'unavailable' },
    {
      name: 'the rate limit by its code',
      body: '{"response_code":"400.002","response_explanation":"Request rejected."}',
      kind: 'rate_limited',
    },
    { name: 'the code beside an error', body: '{"error":"Bad request","code":"400.002"}', kind: 'rate_limited' },
    { name: 'the code as a number', body: '{"code":400.002}', kind: 'rate_limited' },
    { name: 'a list of errors', body: '{"code":"404.001","errors":[{"message":"gone"}]}', kind: 'not_found' },
    { name: 'maintenance', body: '{"error":"System under maintenance"}', kind: 'unavailable' },
    { name: 'a code of its servers', body: '{"response_code":"500.001"}', kind: 'unavailable' },
    { name: 'a time-out of its own', body: '{"error":"The request timed out"}', kind: 'timeout' },
    { name: 'a closed country', body: '{"error":"Not offered in your country"}', kind: 'forbidden_region' },
    {
      name: 'a rate limit beside a price',
      body: `{"error":"Rate limit exceeded",${ANSWER.slice(1)}`,
      kind: 'rate_limited',
    },
    { name: 'another market', body: '{"timestamp":"1767265201","last":"3000","pair":"ETH/USD"}', kind: 'drift' },
    {
      name: 'another market by the other name of the field',
      body: '{"timestamp":"1767265201","last":"3000","market":"ETH/USD"}',
      kind: 'drift',
    },
    { name: 'a rate of two currencies', body: '{"sell":"1.1287","buy":"1.1377"}', kind: 'drift' },
  ],
  refusals: [
    { name: 'the rate limit with 400', status: 400, body: '{"response_code":"400.002"}', kind: 'rate_limited' },
    { name: 'the rate limit with 429', status: 429, body: '', kind: 'rate_limited' },
    { name: 'an unknown market with 404', status: 404, body: '<html>Not Found</html>', kind: 'not_found' },
    { name: 'a wrong key with 403', status: 403, body: '{"error":"Invalid signature"}', kind: 'unauthorized' },
    { name: 'a page with 403', status: 403, body: '<html>Incapsula</html>', kind: 'forbidden_region' },
    { name: 'a good price with 500', status: 500, body: ANSWER, kind: 'unavailable' },
  ],
  receivedAt: new Date('2026-01-01T12:00:00Z'),
});

describe('the Bitstamp source', () => {
  it.each([
    ['btc_usd', 'btcusd'],
    ['eth_btc', 'ethbtc'],
    ['btc_eur', 'btceur'],
    ['btc_gbp', 'btcgbp'],
    ['btc_usdt', 'btcusdt'],
    ['usdt_usd', 'usdtusd'],
    ['usdc_usd', 'usdcusd'],
    ['usdc_usdt', 'usdcusdt'],
    ['bnb_usd', undefined],
    ['constructor_usd', undefined],
  ])('has %s as %s', (ticker, name) => {
    const parts = parseTicker(ticker);
    expect(parts && bitstampSource.defaultSymbol(parts)).toBe(name);
  });

  it.each([
    ['btcusd', 'usd'],
    ['usdtusd', 'usd'],
    ['usdcusdt', 'usdt'],
    ['rlusdusd', 'usd'],
    ['xrprlusd', 'rlusd'],
    ['pyusdusd', 'usd'],
    ['eurteur', 'eur'],
    ['linketh', 'eth'],
    ['btcpax', 'pax'],
  ])('knows that %s is quoted in %s', (name, currency) => {
    expect(bitstampSource.quoteOf?.(name)).toBe(currency);
  });

  it('asks for one market by its name', () => {
    const [endpoint] = bitstampSource.endpoints;
    expect(endpoint.request([BTC])).toEqual({ path: '/api/v2/ticker/btcusd/', query: {} });
    expect(endpoint.request([{ ticker: 'a_b', sourceSymbol: '../x?y' }]).path).toBe('/api/v2/ticker/..%2Fx%3Fy/');
  });

  it('gives the price to the first ticker alone, since the answer is of one market', () => {
    expect(outcomeOf(bitstampSource, ANSWER, [ETH, BTC])).toEqual({
      quotes: [quote('61200.50', 'eth_usd')],
      unreadable: [],
    });
  });

  it('lists the markets that are open', () => {
    const json = readJson(
      'fixture',
      `[{"trading":"Enabled","url_symbol":"btcusd","name":"BTC/USD","base_decimals":8},
        {"trading":"Disabled","url_symbol":"oldusd","name":"OLD/USD","base_decimals":8}]`,
    );
    expect(bitstampSource.names?.parse(new AnswerReader('bitstamp', json))).toEqual([
      { name: 'btcusd', symbol: 'btc', quote: 'usd' },
    ]);
    expect(() => bitstampSource.names?.parse(new AnswerReader('bitstamp', {}))).toThrow(
      expect.objectContaining({ kind: 'drift' }) as Error,
    );
  });
});
