import fc from 'fast-check';
import type { Source } from '../contract/index.js';
import { SourceError } from '../contract/index.js';
import { readAnswer } from '../read-answer.js';
import { httpJsonSource } from './http-json.js';
import { readDeclarations } from './read-declarations.js';

const NOW_MS = Date.UTC(2026, 0, 1, 11);

function declared(fields: string): Source {
  const [declaration] = readDeclarations(
    `sources:\n  - {id: 100, name: example, url: 'https://a.example/{source_symbol}', price: p, identity: none,
     limit: {calls: 1, per_seconds: 1, origin: docs}, ${fields}}`,
    'the test',
  );
  if (declaration === undefined) throw new Error('nothing was declared');
  return httpJsonSource(declaration);
}

/** The kind of the error of an answer, or its price. */
function read(
  source: Source,
  answer: unknown,
  status = 200,
): { kind?: string; price?: string; retryAfterSeconds?: number } {
  const response = { status, headers: {}, body: JSON.stringify(answer) };
  try {
    const { readings } = readAnswer(source, [{ ticker: 'btc_usd', sourceSymbol: 'x' }], response, { nowMs: NOW_MS });
    const [reading] = readings;
    return reading !== undefined && 'price' in reading ? { price: reading.price } : {};
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    const { kind, retryAfterSeconds } = error;
    return retryAfterSeconds === undefined ? { kind } : { kind, retryAfterSeconds };
  }
}

const PRICE = { price: '7' };

describe('the success of an answer', () => {
  it.each<[string, unknown, unknown]>([
    [`is: '0'`, '0', '51001'],
    [`is: '00000'`, '00000', '40034'],
    ['is: 00000', '00000', '40034'],
    ['is: 0', 0, 10001],
    [`is: '200000'`, '200000', '400100'],
    ['is: success', 'success', 'error'],
    ['is: true', true, false],
    ['is: [ok, success, 200]', 200, 'failed'],
    ['is_not: error', 'ok', 'error'],
    ['is_not: [error, fail]', 'anything', 'fail'],
  ])('is told by %s', (rule, good, bad) => {
    const source = declared(`success: {path: code, ${rule}}, error: msg`);
    expect(read(source, { code: good, msg: 'whatever success says here', p: '7' })).toEqual(PRICE);
    expect(read(source, { code: bad, msg: 'Hm.', p: '7' })).toEqual({ kind: 'unavailable' });
    expect(read(source, { code: bad, msg: 'Unknown symbol', p: '7' })).toEqual({ kind: 'not_found' });
  });

  it('is no other value, whatever it is', () => {
    const source = declared(`success: {path: code, is: ['0', '00000']}`);
    fc.assert(
      fc.property(fc.oneof(fc.stringMatching(/^\w{1,8}$/), fc.integer(), fc.boolean()), (code) => {
        fc.pre(!['0', '00000'].includes(String(code)));
        expect(read(source, { code, p: '7' })).not.toEqual(PRICE);
      }),
    );
  });

  it.each([{ p: '7' }, { code: null, p: '7' }, { code: {}, p: '7' }, { code: [], p: '7' }])(
    'is not told by %j, which is drift',
    (answer) => {
      const source = declared(`success: {path: code, is: '0'}, error: msg`);
      expect(read(source, answer)).toEqual({ kind: 'drift' });
      expect(read(source, { ...answer, msg: 'Hm.' })).toEqual({ kind: 'drift' });
      expect(read(source, { ...answer, msg: 'Unknown symbol' })).toEqual({ kind: 'not_found' });
    },
  );

  it('that "is_not" tells is none where the field is not there and words of an error are', () => {
    const source = declared('success: {path: code, is_not: error}, error: msg');
    expect(read(source, { p: '5', msg: 'maintenance' })).toEqual({ kind: 'unavailable' });
    expect(read(source, { p: '5', msg: 'Hm.' })).toEqual({ kind: 'unavailable' });
    expect(read(source, { p: '7', msg: '' })).toEqual(PRICE);
    expect(read(source, { p: '7' })).toEqual(PRICE);
  });

  it('is told by the first element of a list', () => {
    const tagged = declared(`success: {path: '0', is: ok}, error: '1'`);
    const explained = (json: unknown) => tagged.explain?.(json, { status: 200, headers: {}, body: '' }, NOW_MS)?.kind;
    expect([explained(['ok', { p: '7' }]), explained(['no', 'unknown pair'])]).toEqual([undefined, 'not_found']);
    const refused = declared(`success: {path: '0', is_not: error}, error: '2'`);
    expect(read(refused, ['error', '10020', 'symbol: invalid'])).toEqual({ kind: 'not_found' });
    expect(read(refused, ['error', '11010', 'ratelimit: error'], 500)).toEqual({ kind: 'rate_limited' });
    expect(read(refused, ['error', '10001', 'unknown pair'], 400)).toEqual({ kind: 'not_found' });
  });

  it('is told by nothing but the place of the error where nothing else is declared', () => {
    const source = declared('error: msg');
    expect(read(source, { msg: '', p: '7' })).toEqual(PRICE);
    expect(read(source, { msg: 'Hm.', p: '7' })).toEqual({ kind: 'unavailable' });
  });
});

describe('an answer with a status other than 200', () => {
  const source = declared(`success: {path: code, is: '0'}, error: message`);
  const page = '<html><body><h1>Service Unavailable</h1></body></html>';

  it.each<[number, string, string, string, Record<string, string>?]>([
    [503, page, 'unavailable', 'HTTP 503'],
    [404, '', 'not_found', 'HTTP 404'],
    [404, '{"message":"Not found"}', 'not_found', 'HTTP 404 (error Not found)'],
    [404, '{"detail":"Not found"}', 'not_found', 'HTTP 404'],
    [404, '{"code":"51001","message":"Hm."}', 'unavailable', 'HTTP 404 (error 51001 Hm.)'],
    [302, '', 'malformed', 'HTTP 302 (redirect to b.example)', { location: 'https://b.example/v2' }],
    [403, 'error code: 1015', 'rate_limited', 'HTTP 403 (Cloudflare error 1015)'],
    [200, '{"p":"7"}', 'drift', 'field code: nothing there says whether the answer is a success'],
  ])('%i with the body %j keeps its words', (status, body, kind, detail, headers = {}) => {
    const asked = [{ ticker: 'btc_usd', sourceSymbol: 'x' }];
    expect(() => readAnswer(source, asked, { status, headers, body }, { nowMs: NOW_MS })).toThrow(
      expect.objectContaining({ kind, detail }) as Error,
    );
  });
});

describe('the words of an error', () => {
  const source = declared(`success: {path: code, is: '0'}, error: /error/text`);

  it.each([
    ['Too many visits!', 'rate_limited'],
    ['Too Many Requests', 'rate_limited'],
    ['TOO_MANY_REQUESTS', 'rate_limited'],
    ['access too frequent. Please try again later.', 'rate_limited'],
    ['Requests are too frequent', 'rate_limited'],
    ['Request rate limit exceeded', 'rate_limited'],
    ['You have exceeded the maximum API usage limit', 'rate_limited'],
    ["Instrument ID doesn't exist.", 'not_found'],
    ['Not supported symbols', 'not_found'],
    ['invalid-symbol', 'not_found'],
    ['symbol: invalid', 'not_found'],
    ['Invalid API key', 'unauthorized'],
    ['System busy', 'unavailable'],
    ['Hm.', 'unavailable'],
  ])('%j mean %s', (text, kind) => {
    expect(read(source, { code: '1', error: { text }, p: '7' })).toMatchObject({ kind });
  });

  it.each([
    ['Rate limit exceeded, retry after 30 seconds', 30],
    ['Too many requests. Please try again in 1500 ms', 2],
    ['Throttled: expected available in 2 minutes.', 120],
    ['Rate limit: wait 45', 45],
    [`Too much; too many requests, IP banned until ${NOW_MS + 61_000}`, 61],
    [`rate limit until ${(NOW_MS + 61_000) / 1000}`, 61],
    ['Rate limit: wait 45.', 45],
    ['Rate limit: wait 45.5, please', 46],
    ['Rate limit: try again on 2026-12-01', undefined],
    ['Rate limit: try again at 12:30', undefined],
    ['Rate limit: try again on 12/01/2026', undefined],
    ['Rate limit: try again on 10 December', undefined],
    ['Rate limit: try again in 45.5 days', undefined],
    ['Rate limit: 100 requests per 10 seconds', undefined],
    [`too many requests until ${NOW_MS - 1000}`, undefined],
    ['Invalid API key, try again in 5 seconds', undefined],
  ])('%j ask to wait %p s', (text, seconds) => {
    expect(read(source, { code: '1', error: { text } }).retryAfterSeconds).toBe(seconds);
  });

  it('ask to wait so long as they say, in whatever unit', () => {
    const units = fc.constantFrom<[string, number]>(['s', 1], ['seconds', 1], ['minutes', 60], ['h', 3600]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), units, (amount, [unit, one]) => {
        const text = `Rate limit exceeded. Retry in ${amount} ${unit}.`;
        expect(read(source, { code: '1', error: { text } }).retryAfterSeconds).toBe(amount * one);
      }),
    );
  });
});
