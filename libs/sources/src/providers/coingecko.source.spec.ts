import { type Quote, parseTicker } from '@app/domain';
import { coingeckoSource } from './coingecko.source.js';
import { describeSourceContract } from '../testing/source.contract.js';

const BTC_USD = { ticker: 'btc_usd', sourceSymbol: 'bitcoin' };
const BTC_EUR = { ticker: 'btc_eur', sourceSymbol: 'bitcoin' };
const PEPE_USD = { ticker: 'pepe_usd', sourceSymbol: 'pepe' };
const SNT_USD = { ticker: 'snt_usd', sourceSymbol: 'status' };
const ERROR_USD = { ticker: 'err_usd', sourceSymbol: 'error' };

function quote(ticker: string, price: string, seconds?: number): Quote {
  return { ticker, price, sourceTime: seconds === undefined ? undefined : new Date(seconds * 1000) };
}
const ENDPOINT = coingeckoSource.endpoints[0];

function status(code: number, message: string): string {
  return `{"status":{"timestamp":"2026-01-01T00:00:00.000+00:00","error_code":${code},"error_message":"${message}"}}`;
}

describeSourceContract({
  source: coingeckoSource,
  tickers: [BTC_USD, BTC_EUR, PEPE_USD],
  goodBodies: [
    {
      name: 'a batch of two coins and two currencies',
      body: '{"bitcoin":{"usd":64321.123456789,"usd_24h_change":null,"eur":59001.5,"last_updated_at":1767265201},"pepe":{"usd":9.87654321e-06,"eur":9e-06,"last_updated_at":1767265188}}',
      quotes: [
        quote('btc_usd', '64321.123456789', 1767265201),
        quote('btc_eur', '59001.5', 1767265201),
        quote('pepe_usd', '9.87654321e-06', 1767265188),
      ],
    },
    {
      name: 'an answer with blanks and without times',
      body: '{\n  "bitcoin": { "usd": 64321 }\n}\n',
      tickers: [BTC_USD],
      quotes: [quote('btc_usd', '64321')],
    },
    {
      name: 'a batch in which one coin is unknown',
      body: '{"bitcoin":{"usd":64321.50,"last_updated_at":1767265201}}',
      tickers: [PEPE_USD, BTC_USD],
      quotes: [quote('btc_usd', '64321.50', 1767265201)],
    },
    {
      name: 'a batch in which one currency is unknown and one coin has no market',
      body: '{"bitcoin":{"usd":64321.5,"last_updated_at":1767265201},"pepe":{"usd":null,"last_updated_at":null}}',
      tickers: [BTC_EUR, BTC_USD, PEPE_USD],
      quotes: [quote('btc_usd', '64321.5', 1767265201)],
    },
    { name: 'an empty object for the coin', body: '{"bitcoin":{}}', tickers: [BTC_USD], quotes: [] },
    {
      name: 'a coin that has no market any more',
      body: '{"bitcoin":{"usd_market_cap":null,"last_updated_at":1767265201}}',
      tickers: [BTC_USD],
      quotes: [],
    },
    {
      name: 'only coins that nobody asked for',
      body: '{"ripple":{"usd":2.5,"usd_24h_change":null,"last_updated_at":1767265201},"void":{}}',
      tickers: [BTC_USD],
      quotes: [],
    },
    { name: 'no coin at all', body: '{}', tickers: [BTC_USD, PEPE_USD], quotes: [] },
    {
      name: 'coins whose ids are the names of error members',
      body: '{"error":{"usd":0.5},"status":{"usd":0.031,"last_updated_at":1767265201}}',
      tickers: [SNT_USD, ERROR_USD],
      quotes: [quote('snt_usd', '0.031', 1767265201), quote('err_usd', '0.5')],
    },
  ],
  priceFields: { btc_usd: ['bitcoin', 'usd'], btc_eur: ['bitcoin', 'eur'], pepe_usd: ['pepe', 'usd'] },
  timeFields: {
    paths: { btc_usd: ['bitcoin', 'last_updated_at'], pepe_usd: ['pepe', 'last_updated_at'] },
    wrong: ['1767265201000', '1767265201000000', '0', '-1767265201', '1767265201.5', '1.7e9', '9999999999', '1e400'],
  },
  errorBodies: [
    { name: 'the rate limit', body: status(429, "You've exceeded the Rate Limit."), kind: 'rate_limited' },
    { name: 'a nested rate limit', body: `{"error":${status(429, 'Slow down')}}`, kind: 'rate_limited' },
    { name: 'a key that is wrong', body: status(10002, 'API Key Missing'), kind: 'unauthorized' },
    {
      name: 'a key on the wrong host',
      body: `{"error":${status(10011, 'change your root URL')}}`,
      kind: 'unauthorized',
    },
    { name: 'a time range that is not allowed', body: `{"error":${status(10012, 'exceeds')}}`, kind: 'unavailable' },
    { name: 'a rule of its network', body: status(1020, 'Access Denied'), kind: 'forbidden_region' },
    { name: 'an internal error', body: '{"status":500,"error":"Internal Server Error"}', kind: 'unavailable' },
    { name: 'a missing parameter', body: '{"error":"Missing parameter ids"}', kind: 'unavailable' },
    { name: 'an unknown coin', body: '{"error":"coin not found"}', kind: 'not_found' },
    { name: 'a throttled caller', body: '{"error":"Throttled"}', kind: 'rate_limited' },
    {
      name: 'a key on the wrong host, with the code beside the status',
      body: '{"timestamp":"2026-01-01T00:00:00.000+00:00","error_code":10010,"status":{"error_message":"root URL"}}',
      kind: 'unauthorized',
    },
    {
      name: 'a code that is a text',
      body: '{"status":{"error_code":"429","error_message":"x"}}',
      kind: 'rate_limited',
    },
    { name: 'a month that is used up', body: status(10006, 'monthly call limit reached'), kind: 'rate_limited' },
    { name: 'a coin that could not be found', body: '{"error":"Could not find coin"}', kind: 'not_found' },
    { name: 'a wrong key in words', body: '{"error":"Invalid API key"}', kind: 'unauthorized' },
    { name: 'an error of its servers in words', body: '{"error":"internal server error"}', kind: 'unavailable' },
    { name: 'an error of another shape', body: '{"error":{"code":500,"message":"Internal error"}}', kind: 'drift' },
    { name: 'the message of a gateway', body: '{"message":"Internal server error"}', kind: 'drift' },
    { name: 'the coins one level down', body: '{"data":{"bitcoin":{"usd":64321.5}}}', kind: 'drift' },
    { name: 'the page of a coin', body: '{"id":"bitcoin","market_data":{"current_price":{"usd":1}}}', kind: 'drift' },
    { name: 'a chart', body: '{"prices":[[1767265201000,64321.5]],"total_volumes":[]}', kind: 'drift' },
    { name: 'the exchange rates', body: '{"rates":{"usd":{"name":"US Dollar","value":64321.5}}}', kind: 'drift' },
    { name: 'a market value without a price', body: '{"bitcoin":{"usd_market_cap":1.2e12}}', kind: 'drift' },
    { name: 'a price one level up', body: '{"bitcoin":{"usd_24h_vol":1.5},"usd":64321.5}', kind: 'drift' },
    { name: 'a time by another name', body: '{"bitcoin":{"usd":1,"last_updated":1767265201}}', kind: 'drift' },
    { name: 'a coin that is null', body: '{"bitcoin":null}', kind: 'drift' },
    { name: 'a coin that is a number', body: '{"bitcoin":64321}', kind: 'drift' },
    { name: 'a time of null text', body: '{"bitcoin":{"usd":1,"last_updated_at":"1767265201"}}', kind: 'drift' },
  ],
  refusals: [
    { name: 'the rate limit with 429', status: 429, body: status(429, 'Rate Limit'), kind: 'rate_limited' },
    { name: 'plain text 1015 with 429', status: 429, body: 'error code: 1015', kind: 'rate_limited' },
    { name: 'plain text 1015 with 403', status: 403, body: 'error code: 1015', kind: 'rate_limited' },
    { name: 'plain text 1020 with 403', status: 403, body: 'error code: 1020', kind: 'forbidden_region' },
    { name: 'a wrong key with 403', status: 403, body: status(10010, 'wrong host'), kind: 'unauthorized' },
    {
      name: 'a missing parameter with 422',
      status: 422,
      body: '{"error":"Missing parameter ids"}',
      kind: 'unavailable',
    },
    { name: 'an error with 500', status: 500, body: '{"status":500,"error":"x"}', kind: 'unavailable' },
    { name: 'an unknown coin with 404', status: 404, body: '{"error":"coin not found"}', kind: 'not_found' },
  ],
  receivedAt: new Date('2026-01-01T11:00:30Z'),
});

describe('the CoinGecko source', () => {
  it.each([
    ['btc_usd', 'bitcoin'],
    ['eth_eur', 'ethereum'],
    ['snt_btc', 'status'],
    ['btc_usdc', undefined],
    ['gold_usd', undefined],
    ['constructor_usd', undefined],
  ])('has %s as %s', (ticker, name) => {
    const parts = parseTicker(ticker);
    expect(parts && coingeckoSource.defaultSymbol(parts)).toBe(name);
  });

  it('asks for every coin and every currency once, without a blank', () => {
    expect(ENDPOINT.request([BTC_USD, BTC_EUR, PEPE_USD])).toEqual({
      path: '/simple/price',
      query: {
        ids: 'bitcoin,pepe',
        vs_currencies: 'usd,eur',
        include_market_cap: 'true',
        include_24hr_vol: 'true',
        include_last_updated_at: 'true',
        precision: 'full',
      },
    });
  });

  it('stays below 8 KiB with the longest batch of the longest ids', () => {
    const tickers = Array.from({ length: ENDPOINT.maxBatch }, (_, index) => ({
      ticker: 'btc_usd',
      sourceSymbol: `${index}`.padStart(60, 'x'),
    }));
    const { path, query } = ENDPOINT.request(tickers);
    const url = `${coingeckoSource.plans[0].baseUrl}${path}?${new URLSearchParams(query).toString()}`;
    expect(url.length).toBeLessThan(8192);
  });

  it('refuses a ticker that is none, as a SourceError', () => {
    const asked = [{ ticker: 'btcusd', sourceSymbol: 'bitcoin' }];
    expect(() => ENDPOINT.request(asked)).toThrow(expect.objectContaining({ kind: 'not_found' }) as Error);
  });
});
