import { SOURCES } from '../registry.js';
import { readAnswer } from '../read-answer.js';
import { SourceError } from '../contract/index.js';

function kindOf(source: (typeof SOURCES)[number], status: number, body: string): string {
  try {
    readAnswer(source, [{ ticker: 'btc_usd', sourceSymbol: 'bitcoin' }], { status, headers: {}, body }, { nowMs: 0 });
    return 'read';
  } catch (error) {
    return error instanceof SourceError ? error.kind : String(error);
  }
}

const PAGE = '<html><head><title>Sorry</title></head><body><h1>Sorry</h1></body></html>';

describe.each(SOURCES.map((source) => [source.name, source] as const))('an answer of %s', (_name, source) => {
  it.each([
    [202, 'malformed'],
    [204, 'malformed'],
    [206, 'malformed'],
    [301, 'malformed'],
    [304, 'malformed'],
    [400, 'drift'],
    [401, 'unauthorized'],
    [402, 'unauthorized'],
    [403, 'forbidden_region'],
    [404, 'not_found'],
    [407, 'unauthorized'],
    [408, 'timeout'],
    [410, 'not_found'],
    [418, 'rate_limited'],
    [421, 'unavailable'],
    [422, 'drift'],
    [425, 'unavailable'],
    [429, 'rate_limited'],
    [451, 'forbidden_region'],
    [500, 'unavailable'],
    [502, 'unavailable'],
    [503, 'unavailable'],
    [504, 'timeout'],
    [520, 'unavailable'],
    [521, 'unavailable'],
    [522, 'timeout'],
    [523, 'unavailable'],
    [524, 'timeout'],
    [530, 'unavailable'],
    [598, 'timeout'],
    [599, 'timeout'],
  ])('with status %i and a page is %s', (status, kind) => {
    expect([kindOf(source, status, PAGE), kindOf(source, status, '')]).toEqual([kind, kind]);
  });

  it.each([
    [1015, 'rate_limited'],
    [1006, 'forbidden_region'],
    [1007, 'forbidden_region'],
    [1008, 'forbidden_region'],
    [1009, 'forbidden_region'],
    [1010, 'forbidden_region'],
    [1012, 'forbidden_region'],
    [1020, 'forbidden_region'],
  ])('that is error %i of the network in front of it is %s, under 200 too', (code, kind) => {
    const page = `<html><body><h1><span>Error</span> <span class="code">${code}</span></h1>Access denied</body></html>`;
    const json = `{"type":"https://developers.cloudflare.com/","status":403,"error_code":${code},"retry_after":30}`;
    for (const body of [`error code: ${code}`, page, json, json.replace(`${code}`, `"${code}"`)]) {
      expect([kindOf(source, 403, body), kindOf(source, 200, body)]).toEqual([kind, kind]);
    }
  });

  it.each([
    'Throttled',
    '"Throttled"',
    'Too Many Requests\n',
    '{"message":"Too Many Requests"}',
    '{"Message":"Limit Exceeded"}',
    '{"detail":"Request was throttled. Expected available in 25 seconds."}',
    '{"success":false,"error":{"message":"API call frequency is 5 calls a minute"}}',
    '{"status":"error","msg":"you are sending requests too fast"}',
    '{"errors":[{"title":"Rate limit reached"}]}',
    '{"error_code":1015,"retry_after":30}',
    '<html><head><title>429 Too Many Requests</title></head></html>',
  ])('that is %s is a rate limit under any status', (body) => {
    const kinds = [200, 400, 403, 404, 429, 500, 503].map((status) => kindOf(source, status, body));
    expect(new Set(kinds)).toEqual(new Set(['rate_limited']));
  });

  it.each([
    ['{"error_code":1006,"message":"no such thing"}', 403],
    ['{"name":"Throttled","description":"Too many requests"}', 503],
    ['[{"message":"Too many requests"}]', 503],
    ['{"message":"Too many parameters; expected 1"}', 503],
    [`${'throttled '.repeat(60)}`, 503],
  ])('that is %s with %i is no rate limit', (body, status) => {
    expect(kindOf(source, status, body)).not.toBe('rate_limited');
  });

  it.each(['flood', 'throttled', 'frequency', 'toofast', 'slowdown', 'toomany', 'ratelimit', 'limit reached'])(
    'that refuses a symbol named %s is no rate limit',
    (symbol) => {
      const bodies = [
        `${symbol} not found`,
        `{"error":"${symbol} not found"}`,
        `{"error":"id ${symbol}-${symbol} not found"}`,
        `{"status":"error","reason":"Invalid currency pair ${symbol}usd","code":"404.002"}`,
        `{"errors":[{"id":"not_found","message":"Invalid base currency ${symbol.toUpperCase()}"}]}`,
        `{"errors":[{"message":"Symbol ${symbol}/usd is not supported"}]}`,
        `{"error":["EQuery:Unknown asset pair: ${symbol}usd"]}`,
      ];
      const kinds = bodies.flatMap((body) => [200, 400, 404].map((status) => kindOf(source, status, body)));
      expect(kinds).not.toContain('rate_limited');
      expect(bodies.map((body) => kindOf(source, 404, body))).toEqual(bodies.map(() => 'not_found'));
      expect(bodies.map((body) => kindOf(source, 429, body))).toEqual(bodies.map(() => 'rate_limited'));
    },
  );

  it.each([
    'Exceeded maximum limit of 50 coin ids',
    'Too many ids',
    'too many symbols',
    'Too many tickers',
    'too_many_instruments',
    'Too many trading pairs',
    'FLOODUSD or XFLOOD',
  ])('that says %s is no rate limit', (words) => {
    expect(kindOf(source, 400, `{"error":"${words}"}`)).not.toBe('rate_limited');
  });

  it('asks for the longer of the waits that header and body tell, and for the honest one', () => {
    const wait = (header: string, body: string): unknown => {
      try {
        const headers = { 'retry-after': header };
        return readAnswer(source, [], { status: 429, headers, body }, { nowMs: Date.UTC(2026, 0, 1) });
      } catch (error) {
        return error instanceof SourceError ? [error.kind, error.retryAfterSeconds] : error;
      }
    };
    const throttled = '{"error_code":1015,"cloudflare_error":true,"retry_after":43}';
    for (const header of ['0', '7', 'Wed, 31 Dec 2025 23:59:00 GMT', '99999999999', 'soon']) {
      expect(wait(header, throttled)).toEqual(['rate_limited', 43]);
    }
    expect(wait('61', throttled)).toEqual(['rate_limited', 61]);
    expect(wait('0', 'Throttled')).toEqual(['rate_limited', 0]);
  });
});

it.each([
  ['bitstamp', '{"status":"error","reason":"Flood: what is that","code":"404.002"}'],
  ['deribit', '{"error":{"code":-32602,"message":"Flood: what is that"}}'],
])("lets a code of %s's own win over what its words sound like", (name, body) => {
  const source = SOURCES.find((known) => known.name === name);
  expect(source && [400, 404, 429].map((status) => kindOf(source, status, body))).toEqual([
    'not_found',
    'not_found',
    'rate_limited',
  ]);
});
