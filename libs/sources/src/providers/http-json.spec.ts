import type { Quote } from '@app/domain';
import { parseTicker } from '@app/domain';
import { outcomeOf } from '../testing/judge-parse.contract.js';
import { describeSourceContract } from '../testing/source.contract.js';
import { readDeclarations } from './read-declarations.js';
import { httpJsonSource } from './http-json.js';
import type { Source } from '../contract/index.js';

const LIMIT = '{calls: 2, per_seconds: 1, origin: docs.example.com/limits}';

/** A source of one declaration; the fields are YAML. Of an answer that never says whose it is, unless they do. */
function declared(fields: string): Source {
  const identity = fields.includes('identity:') ? '' : ', identity: none';
  const yaml = `sources:\n  - {id: 100, name: example, limit: ${LIMIT}, ${fields}${identity}}`;
  const [declaration] = readDeclarations(yaml, 'the test');
  if (declaration === undefined) throw new Error('nothing was declared');
  return httpJsonSource(declaration);
}

function quote(price: string, seconds?: number): Quote {
  return { ticker: 'btc_usd', price, sourceTime: seconds === undefined ? undefined : new Date(seconds * 1000) };
}

const BTC = { ticker: 'btc_usd', sourceSymbol: 'BTC-USD' };

describeSourceContract({
  source:
    declared(`url: 'https://api.example.com/v1/ticker?symbol={source_symbol}', source_symbol_template: '{BASE}-{QUOTE}',
    price: data.last, price_as: text, time: data.timestamp, time_unit: milliseconds, time_optional: true,
    error: message`),
  tickers: [BTC],
  goodBodies: [
    {
      name: 'an answer with all its fields',
      body: '{"data":{"last":"61200.50","timestamp":1767265201000},"code":0}',
      quotes: [quote('61200.50', 1_767_265_201)],
    },
    { name: 'an answer without a time', body: '{"data":{"last":"0.00000870"}}', quotes: [quote('0.00000870')] },
    { name: 'an answer without a price', body: '{"data":{"last":null,"timestamp":1767265201000}}', quotes: [] },
  ],
  priceFields: { btc_usd: ['data', 'last'] },
  timeFields: {
    paths: { btc_usd: ['data', 'timestamp'] },
    wrong: ['1767265201', '0', '-1', '1767265201000000', '1.5'],
  },
  errorBodies: [
    { name: 'an unknown name', body: '{"message":"Unknown symbol"}', kind: 'not_found' },
    { name: 'a limit', body: '{"message":"Rate limit exceeded"}', kind: 'rate_limited' },
    { name: 'a wrong key', body: '{"message":"Invalid API key"}', kind: 'unauthorized' },
    { name: 'a closed country', body: '{"message":"Not available in your region"}', kind: 'forbidden_region' },
    { name: 'a time-out of its own', body: '{"message":"upstream timed out"}', kind: 'timeout' },
    { name: 'trouble', body: '{"message":"Internal error"}', kind: 'unavailable' },
    { name: 'words that nobody knows', body: '{"message":"Hm."}', kind: 'unavailable' },
    { name: 'an error that is an object', body: '{"message":{"code":429,"text":"too many"}}', kind: 'rate_limited' },
  ],
  refusals: [
    { name: 'a limit', status: 429, body: '', kind: 'rate_limited' },
    { name: 'an unknown name', status: 400, body: '{"message":"Unknown symbol"}', kind: 'not_found' },
    { name: 'a wrong key with 403', status: 403, body: '{"message":"Invalid API key"}', kind: 'unauthorized' },
  ],
  receivedAt: new Date('2026-01-01T11:00:05Z'),
});

describeSourceContract({
  source:
    declared(`url: 'https://api.example.com/v1/all', source_symbols: {btc_usd: BTC-USD}, price: '/result/list/1/{BASE}', by_position: true,
    price_as: number, time: result.at, time_unit: iso, error: errors, key_header: {name: X-Api-Key}`),
  tickers: [BTC],
  goodBodies: [
    {
      name: 'a list with a key that follows from the ticker',
      body: '{"result":{"at":"2026-01-01T11:00:01Z","list":[{"BTC":1},{"BTC":61200.50}]},"errors":[]}',
      quotes: [quote('61200.50', 1_767_265_201)],
    },
  ],
  priceFields: { btc_usd: ['result', 'list', '1', 'BTC'] },
  priceFieldsAreNames: true,
  timeFields: { paths: { btc_usd: ['result', 'at'] }, wrong: ['1767265201', 'yesterday'] },
  errorBodies: [{ name: 'a list of errors', body: '{"errors":["no such coin"]}', kind: 'not_found' }],
  refusals: [{ name: 'trouble', status: 500, body: '', kind: 'unavailable' }],
  receivedAt: new Date('2026-01-01T11:00:05Z'),
  apiKey: 'a-key',
});

describe('a source of one JSON address', () => {
  const parts = parseTicker('btc_usd');
  if (parts === undefined) throw new Error('no ticker');

  it('fills the address in without letting a name lead elsewhere', () => {
    const source = declared(
      `url: 'https://api.example.com/{base}/{source_symbol}/x?pair={QUOTE}%20{source_symbol}&fixed=1&bare', price: p`,
    );
    const asked = [{ ticker: 'btc_usd', sourceSymbol: '../a?b=c&d#e' }];
    expect(source.plans[0].baseUrl).toBe('https://api.example.com');
    expect(source.endpoints[0].request(asked)).toEqual({
      path: '/btc/..%2Fa%3Fb%3Dc%26d%23e/x',
      query: { pair: 'USD ../a?b=c&d#e', fixed: '1', bare: '' },
    });
  });

  it.each([
    ['the ticker itself', `url: 'https://a.example/{source_symbol}'`, 'btc_usd'],
    [
      'what the template makes of it',
      `url: 'https://a.example/{source_symbol}', source_symbol_template: '{QUOTE}x{base}'`,
      'USDxbtc',
    ],
    ['the name that it is given', `url: 'https://a.example/{source_symbol}', source_symbols: {btc_usd: xbt}`, 'xbt'],
    [
      'the name before the template',
      `url: 'https://a.example/{source_symbol}', source_symbols: {btc_usd: xbt}, source_symbol_template: '{base}'`,
      'xbt',
    ],
    [
      'nothing where names are listed and it is not',
      `url: 'https://a.example/{source_symbol}', source_symbols: {eth_usd: eth}`,
      undefined,
    ],
  ])('asks for %s', (_name, fields, expected) => {
    expect(declared(`${fields}, price: p`).defaultSymbol(parts)).toBe(expected);
  });

  it.each([
    ['a number', '{"p":1.50}', '1.50'],
    ['a text', '{"p":"1.50"}', '1.50'],
  ])('takes %s for a price where nothing else is said', (_name, body, price) => {
    const source = declared(`url: 'https://a.example/{source_symbol}', price: p`);
    expect(outcomeOf(source, body, [BTC])).toEqual({ quotes: [quote(price)], unreadable: [] });
  });

  it.each([
    ['seconds', '1767265201', 1_767_265_201],
    ['seconds', '"1767265201.25"', 1_767_265_201.25],
    ['milliseconds', '"1767265201000"', 1_767_265_201],
    ['microseconds', '1767265201000000', 1_767_265_201],
    ['iso', '"2026-01-01T11:00:01.000Z"', 1_767_265_201],
  ])('reads a time in %s: %s', (unit, time, seconds) => {
    const source = declared(`url: 'https://a.example/{source_symbol}', price: p, time: t, time_unit: ${unit}`);
    expect(outcomeOf(source, `{"p":1,"t":${time}}`, [BTC])).toEqual({ quotes: [quote('1', seconds)], unreadable: [] });
  });

  it('marks a price that is to be inverted, and says in what it is quoted', () => {
    const source = declared(`url: 'https://a.example/{source_symbol}', price: p, inverted: true, quoted_in: usdt`);
    expect(outcomeOf(source, '{"p":"0.5"}', [BTC])).toMatchObject({ quotes: [{ price: '0.5', inverted: true }] });
    expect(source.quoteOf?.('BTC-USD')).toBe('usdt');
  });

  it.each(['null', 'false', '""', '0', '[]', '{}'])('takes %s where an error would stand for none', (none) => {
    const source = declared(`url: 'https://a.example/{source_symbol}', price: p, error: e`);
    expect(outcomeOf(source, `{"p":1,"e":${none}}`, [BTC])).toEqual({ quotes: [quote('1')], unreadable: [] });
  });

  it('sends the key in its header alone', () => {
    const source = declared(
      `url: 'https://a.example/{source_symbol}', price: p, key_header: {name: Authorization, value: 'Bearer {key}'}`,
    );
    expect(source.plans[0].keyHeader?.('$& secret')).toEqual(['Authorization', 'Bearer $& secret']);
  });
});
