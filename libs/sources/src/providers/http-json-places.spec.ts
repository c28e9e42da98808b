import fc from 'fast-check';
import type { Source } from '../contract/index.js';
import { outcomeOf } from '../testing/judge-parse.contract.js';
import { httpJsonSource } from './http-json.js';
import { readDeclarations } from './read-declarations.js';

const BTC = { ticker: 'btc_usd', sourceSymbol: 'BTC-USD' };

/** A source of one declaration; the fields are YAML. */
function declared(fields: string): Source {
  const [declaration] = readDeclarations(
    `sources:\n  - {id: 100, name: example, limit: {calls: 1, per_seconds: 1, origin: docs}, url: 'https://a.example/?s={source_symbol}', ${fields}}`,
    'the test',
  );
  if (declaration === undefined) throw new Error('nothing was declared');
  return httpJsonSource(declaration);
}

function read(fields: string, answer: unknown) {
  return outcomeOf(declared(fields), JSON.stringify(answer), [BTC]);
}

function priced(price: string) {
  return { quotes: [expect.objectContaining({ price })] as unknown[], unreadable: [] };
}

function drift(detail: string) {
  return { kind: 'drift', detail: expect.stringContaining(detail) as string };
}

const price = fc.stringMatching(/^[1-9]\d{0,6}\.\d{1,8}$/);

describe('one of several values that nothing names', () => {
  it('is drift, unless the declaration promises that all are of one coin', () => {
    fc.assert(
      fc.property(fc.array(price, { minLength: 2, maxLength: 6 }), (data) => {
        expect(read(`identity: none, price: data.0`, { data })).toMatchObject(
          drift(`field data: there are ${data.length} values`),
        );
        expect(read(`identity: none, price: data.0, by_position: true`, { data })).toEqual(priced(data[0] ?? ''));
      }),
    );
    expect(read(`identity: none, price: '0'`, ['3000', '61000'])).toMatchObject(
      drift('the answer: there are 2 values'),
    );
    expect(read(`identity: none, price: '0'`, ['3000', { last: '1' }])).toMatchObject(drift('there are 2 values'));
  });

  it('is read where it stands alone, and where the answer names the coin', () => {
    expect(read(`identity: none, price: '0'`, ['3000'])).toEqual(priced('3000'));
    expect(read(`identity: none, price: '1'`, [null, '3000'])).toEqual(priced('3000'));
    expect(read(`price: 'result.{source_symbol}.c.0'`, { result: { 'BTC-USD': { c: ['3', '0.5'] } } })).toEqual(
      priced('3'),
    );
    expect(read(`identity: {'0': '{source_symbol}'}, price: '1'`, ['BTC-USD', '3', '4'])).toEqual(priced('3'));
    const rows = `rows: '.', identity: {'0': '{source_symbol}'}, price: '1'`;
    expect(read(rows, [['BTC-USD', '3', '4']])).toEqual(priced('3'));
  });
});

describe('an object whose names are all numbers', () => {
  const data = { '0': { s: 'ETH', last: '3000' }, '1': { s: 'BTC', last: '61000' } };

  it('is a list that is not known to have an order: one of several rows is drift', () => {
    for (const identity of ['none', `{data.0.s: '{source_symbol}'}`]) {
      const answer = { data: { ...data, '0': { s: 'BTC-USD', last: '3000' } } };
      expect(read(`identity: ${identity}, price: data.0.last`, answer)).toMatchObject(
        drift('field data: the object has 2 rows, and the declaration does not say which one it means'),
      );
    }
    const byPosition = `identity: none, price: data.0.last, by_position: true`;
    expect(read(byPosition, { data })).toMatchObject(drift('field data: expected a list'));
    expect(read(`identity: none, price: data.0.last`, { data: { '0': data['0'] } })).toEqual(priced('3000'));
    expect(read(`identity: none, price: data.0.last`, { data: { ...data, count: 2 } })).toEqual(priced('3000'));
  });

  it('is none where the name follows from the ticker', () => {
    const outcome = outcomeOf(declared(`price: 'data.{source_symbol}.last'`), JSON.stringify({ data }), [
      { ticker: 'btc_usd', sourceSymbol: '1' },
    ]);
    expect(outcome).toEqual(priced('61000'));
  });
});

describe('a price that a pointer leads to, beside rows,', () => {
  it('is read where its path names the coin', () => {
    const fields = `price: '/rates/{source_symbol}', rows: data, identity: {symbol: '{source_symbol}'}`;
    expect(read(fields, { data: [{ symbol: 'BTC-USD' }], rates: { 'BTC-USD': '7', ETH: '3' } })).toEqual(priced('7'));
  });
});
