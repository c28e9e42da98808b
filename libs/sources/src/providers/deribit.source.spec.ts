import { parseTicker } from '@app/domain';
import { describeSourceContract } from '../testing/source.contract.js';
import { deribitSource } from './deribit.source.js';

const BTC = { ticker: 'btc_usd', sourceSymbol: 'btc_usd' };

function answer(
  price: string,
  rest = '"usIn":1767265200000100,"usOut":1767265200000400,"usDiff":300,"testnet":false',
): string {
  return `{"jsonrpc":"2.0","result":{"estimated_delivery_price":64001.25,"index_price":${price}},${rest}}`;
}
function error(code: number, message: string, data = 'null'): string {
  return `{"jsonrpc":"2.0","error":{"code":${code},"message":"${message}","data":${data}},"usIn":1,"testnet":false}`;
}
function quote(price: string, ticker = 'btc_usd'): { ticker: string; price: string; sourceTime: undefined } {
  return { ticker, price, sourceTime: undefined };
}

describeSourceContract({
  source: deribitSource,
  tickers: [BTC],
  goodBodies: [
    { name: 'an answer with all its fields', body: answer('63987.4321'), quotes: [quote('63987.4321')] },
    {
      name: 'an answer as the documentation prints it',
      body: '{ "jsonrpc": "2.0", "id": 25718,\n  "result": { "index_price": 1.250, "estimated_delivery_price": 1.25 } }\n',
      quotes: [quote('1.250')],
    },
    {
      name: 'an answer with fields that are new',
      body: '{"testnet":false,"error":null,"result":{"index_price":7e-7,"index_name":"btc_usd"},"region":{"id":[1,null]}}',
      quotes: [quote('7e-7')],
    },
    {
      name: 'an index with a dash in its name',
      body: answer('12345678901234567890.123'),
      tickers: [{ ticker: 'drbfix-btc_usdc', sourceSymbol: 'drbfix-btc_usdc' }],
      quotes: [quote('12345678901234567890.123', 'drbfix-btc_usdc')],
    },
  ],
  priceFields: { btc_usd: ['result', 'index_price'] },
  errorBodies: [
    { name: 'too many requests', body: error(10028, 'too_many_requests'), kind: 'rate_limited' },
    { name: 'too many requests beside a result', body: answer('1', '"error":{"code":10028}'), kind: 'rate_limited' },
    { name: 'too many at once', body: error(10066, 'too_many_concurrent_requests'), kind: 'rate_limited' },
    { name: 'invalid parameters', body: error(-32602, 'Invalid params', '{"param":"index_name"}'), kind: 'not_found' },
    { name: 'a token that has expired', body: error(13009, 'invalid_token'), kind: 'unauthorized' },
    { name: 'maintenance', body: error(11051, 'system_maintenance'), kind: 'unavailable' },
    { name: 'an internal error', body: error(-32603, 'Internal server error'), kind: 'unavailable' },
    { name: 'a time-out of its own', body: error(13888, 'timed_out'), kind: 'timeout' },
    { name: 'a method that is gone', body: error(-32601, 'Method not found'), kind: 'unavailable' },
    { name: 'an error of another shape', body: '{"error":"busy"}', kind: 'unavailable' },
    {
      name: 'the ticker of an instrument, in which the index of another coin may stand',
      body: '{"result":{"instrument_name":"ETH-PERPETUAL","last_price":3100.5,"index_price":3100.25}}',
      kind: 'drift',
    },
    { name: 'another index', body: '{"result":{"index_name":"eth_usd","index_price":3100.25}}', kind: 'drift' },
    { name: 'an answer of the test network', body: answer('64000', '"testnet":true'), kind: 'drift' },
  ],
  refusals: [
    {
      name: 'too many requests with status 400',
      status: 400,
      body: error(10028, 'too_many_requests'),
      kind: 'rate_limited',
    },
    { name: 'an unknown index with status 400', status: 400, body: error(-32602, 'Invalid params'), kind: 'not_found' },
    { name: 'an error that nobody knows with status 400', status: 400, body: error(1, 'odd'), kind: 'unavailable' },
    {
      name: 'an error object with status 500',
      status: 500,
      body: error(-32602, 'Invalid params'),
      kind: 'unavailable',
    },
  ],
  receivedAt: new Date('2026-01-01T12:00:00Z'),
});

describe('the Deribit source', () => {
  it.each([
    ['btc_usd', 'btc_usd'],
    ['eth_usd', 'eth_usd'],
    ['sol_usdc', 'sol_usdc'],
    ['drbfix-btc_usdc', 'drbfix-btc_usdc'],
    ['sol_usd', 'sol_usdc'],
    ['sol_eur', undefined],
    ['btcdvol_usdc', undefined],
    ['doge_eur', undefined],
  ])('has %s as %s', (ticker, name) => {
    const parts = parseTicker(ticker);
    expect(parts && deribitSource.defaultSymbol(parts)).toBe(name);
  });

  it('asks for one index by its name', () => {
    expect(deribitSource.endpoints[0].request([BTC])).toEqual({
      path: '/public/get_index_price',
      query: { index_name: 'btc_usd' },
    });
  });
});
