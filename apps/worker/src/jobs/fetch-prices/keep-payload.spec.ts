import { createHash } from 'node:crypto';
import { withoutSecrets } from '@app/sources';
import { recordCall, safeUrl } from './keep-payload.js';

const KEY = 'CG-very/secret+key=';
const options = { secrets: [KEY], parserVersion: 'abc' };

function callRecordOf(change: { url?: string; body?: string; headers?: Record<string, string> } = {}) {
  const { url = 'https://api.example.com/v3/price?ids=bitcoin', body = '{"price":1}', headers = {} } = change;
  return { url, endpoint: 'price', response: { status: 200, headers, body } };
}

describe('the record of a call', () => {
  it('has the address, the endpoint, the parser and the hash of the body', () => {
    expect(recordCall(callRecordOf(), options)).toEqual({
      body: '{"price":1}',
      call: {
        url: 'https://api.example.com/v3/price?ids=bitcoin',
        endpoint: 'price',
        headers: {},
        parserVersion: 'abc',
        payloadSha256: createHash('sha256').update('{"price":1}').digest(),
      },
    });
  });

  it('has the headers that matter and no others', () => {
    const headers = {
      date: 'Wed, 17 Dec 2025 19:33:20 GMT',
      age: '7',
      'retry-after': '119',
      'x-mbx-used-weight-1m': '40',
      'cf-ray': '9a',
      'set-cookie': 'session=abc',
      authorization: 'Bearer abc',
      'x-cg-demo-api-key': KEY,
    };
    const { call } = recordCall(callRecordOf({ headers }), options);
    expect(Object.keys(call.headers)).toEqual(['date', 'age', 'retry-after', 'x-mbx-used-weight-1m', 'cf-ray']);
  });

  it('cuts a header that is over-long', () => {
    const { call } = recordCall(callRecordOf({ headers: { etag: 'e'.repeat(5_000) } }), options);
    expect(call.headers['etag']).toHaveLength(300);
  });

  it.each([
    ['its address', { url: `https://api.example.com/${KEY}/price` }],
    ['its address, encoded', { url: `https://api.example.com/price?q=${encodeURIComponent(KEY)}` }],
    [
      'its address, as a form encodes it',
      { url: `https://api.example.com/price?${new URLSearchParams({ q: KEY }).toString()}` },
    ],
    ['a header', { headers: { via: `proxy for ${KEY}` } }],
    ['its body', { body: `{"error":"the key ${KEY} is not valid"}` }],
    ['its body, as PHP writes JSON', { body: `{"error":"the key ${KEY.replaceAll('/', '\\/')} is not valid"}` }],
    ['its body, as an address', { body: `Cannot GET /price?k=${encodeURIComponent(KEY)}` }],
  ])('never holds a key that stands in %s', (_where, change) => {
    const record = JSON.stringify(recordCall(callRecordOf(change), options));
    for (const form of [KEY, encodeURIComponent(KEY), 'secret']) expect(record).not.toContain(form);
    expect(record).toContain('***');
  });

  it('leaves a body alone in which no key stands', () => {
    const body = '{"demo":"***","price":1}';
    expect(recordCall(callRecordOf({ body }), { ...options, secrets: ['demo', ''] }).body).toBe(body);
  });
});

describe('a safe address', () => {
  it.each([
    'api_key',
    'apikey',
    'apiKey',
    'API-KEY',
    'x_cg_pro_api_key',
    'CMC_PRO_API_KEY',
    'key',
    'token',
    'access_token',
    'accessToken',
    'signature',
    'client_secret',
    'password',
    'auth',
    'accesstoken',
    'token2',
  ])('hides the value of %s', (name) => {
    expect(safeUrl(`https://api.example.com/price?ids=btc&${name}=hunter22&precision=full`)).toBe(
      `https://api.example.com/price?ids=btc&${name}=***&precision=full`,
    );
  });

  it.each([
    'ids=bitcoin%2Cethereum',
    'symbols=%5B%22BTCUSDT%22%5D',
    'pair=XBTUSD',
    'currency=USD',
    'monkey=1',
    'tokenAddress=0x2260',
  ])('leaves %s as it is', (query) => {
    expect(safeUrl(`https://api.example.com/price?${query}`)).toBe(`https://api.example.com/price?${query}`);
  });

  it('hides a name that is given twice', () => {
    expect(safeUrl('https://api.example.com/?key=one-one-one&key=two-two-two')).not.toMatch(/one|two/);
  });

  it('has no user, no password and no fragment', () => {
    expect(safeUrl('https://user:password@api.example.com/price#token')).toBe('https://api.example.com/price');
  });

  it('has no query when it cannot be read', () => {
    expect(safeUrl('no address?key=hunter22')).toBe('no address');
  });

  it('hides a secret in a text that is no address', () => {
    expect(withoutSecrets(`key ${KEY}`, [KEY])).toBe('key ***');
  });
});
