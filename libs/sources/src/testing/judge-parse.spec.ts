import type { Quote } from '@app/domain';
import { faultsOf, outcomeOf } from './judge-parse.contract.js';
import { type Json, MUTATION_KINDS, mutationsOf, writeJson } from './mutate-json.contract.js';
import { SourceError } from '../contract/source-error.js';
import type { Source } from '../contract/source.js';

/** What a parser of the old school makes of the text of a body. */
type Parse = (body: string) => readonly Quote[];

const BODY = '{"price":1.50,"time":1767265200}';
const ASKED = [{ ticker: 'btc_usd', sourceSymbol: 'btc' }];
const EXPECTED: Quote[] = [{ ticker: 'btc_usd', price: '1.50', sourceTime: undefined }];

function sourceThat(parse: Parse): Source {
  const limit = { calls: 1, perSeconds: 1, origin: 'none' };
  return {
    id: 9,
    name: 'bad',
    title: 'Bad',
    plans: [{ name: 'free', baseUrl: 'http://x', limit }],
    endpoints: [
      {
        name: 'price',
        maxBatch: 1,
        request: () => ({ path: '/', query: {} }),
        recognises: () => true,
        parse: (reader) => parse(writeJson(reader.json as Json)),
      },
    ],
    defaultSymbol: () => 'x',
  };
}
function priced(price: string, ticker = 'btc_usd'): Quote[] {
  return [{ ticker, price, sourceTime: undefined }];
}
function faultsOverAll(parse: Parse): string[] {
  const bodies = MUTATION_KINDS.flatMap((kind) => mutationsOf(BODY, kind)).map((mutation) => mutation.body);
  const source = sourceThat(parse);
  const receivedAt = new Date('2026-01-01T12:00:00Z');
  return bodies.flatMap((body) => faultsOf({ source, body, asked: ASKED, expected: EXPECTED, receivedAt }));
}

describe('the judge of the contract kit', () => {
  it('finds a parser that takes a float for the text of a price', () => {
    const faults = faultsOverAll((body) => priced(String((JSON.parse(body) as { price: number }).price)));
    expect(faults).toContain('gave 1.5 for btc_usd, which is wrong and accepted');
  });

  it('finds a parser that takes another type for a price', () => {
    const faults = faultsOverAll((body) => priced(Number((JSON.parse(body) as { price: unknown }).price).toFixed(2)));
    expect(faults).toContain('gave 1.00 for btc_usd, which is wrong and accepted');
  });

  it('finds a parser that stumbles', () => {
    const faults = faultsOverAll((body) => priced((JSON.parse(body) as { price: number }).price.toFixed(2)));
    expect(faults.join()).toContain('threw something else than a SourceError: TypeError');
  });

  it('finds a parser that reads the sign away', () => {
    const faults = faultsOverAll((body) => priced(/1.50/.exec(body)?.[0].replace('1.50', '1.5') ?? '1.50'));
    expect(faults).toContain('gave 1.5 for btc_usd, which is wrong and accepted');
  });

  it('finds a ticker that nobody asked for, one given twice, and a time of another moment', () => {
    expect(faultsOverAll(() => priced('1.50', 'eth_usd'))).toContain('gave eth_usd, which nobody asked for');
    expect(faultsOverAll(() => [...EXPECTED, ...EXPECTED])).toContain('gave a ticker twice');
    const timed = [{ ticker: 'btc_usd', price: '1.50', sourceTime: new Date('2026-01-01T11:59:59Z') }];
    expect(faultsOverAll(() => timed)).toContain('gave a wrong time for btc_usd');
  });

  it('finds nothing wrong with true quotes, a rejected one, none, and a SourceError', () => {
    expect(faultsOverAll(() => EXPECTED)).toEqual([]);
    expect(faultsOverAll(() => priced('-1.50'))).toEqual([]);
    expect(faultsOverAll(() => [])).toEqual([]);
    const refuse = (): never => {
      throw new SourceError('drift', 'bad', 'no');
    };
    expect(faultsOverAll(refuse)).toEqual([]);
    expect(outcomeOf(sourceThat(refuse), BODY, ASKED)).toEqual({ kind: 'drift', detail: 'no' });
  });

  it('spoils every field in every way', () => {
    const names = MUTATION_KINDS.flatMap((kind) => mutationsOf('{"a":{"b":[1,"x",true]}}', kind)).map(
      ({ name }) => name,
    );
    for (const path of ['a', 'a.b', 'a.b.0', 'a.b.1', 'a.b.2']) {
      expect(names).toEqual(expect.arrayContaining([`${path} dropped`, `${path} nulled`]));
      // A place in a list has no name.
      expect(names.includes(`${path} renamed`)).toBe(!/\d$/.test(path));
      expect(names.some((name) => name.startsWith(`${path} retyped`))).toBe(true);
    }
    expect(names).toEqual(
      expect.arrayContaining(['a.b.0 negated to -1', 'a.b.2 negated to false', 'a.b emptied to []']),
    );
    expect(names).toEqual(expect.arrayContaining(['a.b.0 retyped to "1"', 'a.b.0 zeroed']));
  });
});
