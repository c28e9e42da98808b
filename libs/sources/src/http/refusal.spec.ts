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
    for (const body of [`error code: ${code}`, page]) {
      expect([kindOf(source, 403, body), kindOf(source, 200, body)]).toEqual([kind, kind]);
    }
  });
});
