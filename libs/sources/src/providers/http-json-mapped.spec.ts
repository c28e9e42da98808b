import type { Source } from '../contract/index.js';
import { readAnswer } from '../read-answer.js';
import { httpJsonSource } from './http-json.js';
import { readDeclarations } from './read-declarations.js';

const BTC = { ticker: 'btc_usd', sourceSymbol: 'BTC-USD' };

/** A source of one declaration; the fields are YAML. */
function declared(fields: string): Source {
  const url = fields.includes('url:') ? '' : `url: 'https://a.example/?s={source_symbol}', `;
  const [declaration] = readDeclarations(
    `sources:\n  - {id: 100, name: example, limit: {calls: 1, per_seconds: 1, origin: docs}, ${url}${fields}}`,
    'the test',
  );
  if (declaration === undefined) throw new Error('nothing was declared');
  return httpJsonSource(declaration);
}

/** What becomes of an answer under DRIFT_POLICY=map. */
function mapped(source: Source, answer: unknown): unknown {
  const response = { status: 200, headers: {}, body: JSON.stringify(answer) };
  try {
    return readAnswer(source, [BTC], response, { nowMs: 0, driftPolicy: 'map' }).readings;
  } catch (error) {
    return error;
  }
}

describe('fields that say whose the price is, where drift is mapped,', () => {
  it.each<[string, string, string, unknown]>([
    [
      'a field further up, such as the echo of what was asked',
      `identity: {data.symbol: '{source_symbol}'}, price: data.last`,
      'data.symbol',
      { symbol: 'BTC-USD', data: { last: '3000', sym: 'ETH-USD' } },
    ],
    [
      'a neighbour of the field',
      `identity: {symbol: '{source_symbol}'}, price: last`,
      'symbol',
      { symbo1: 'BTC-USD', last: '3000' },
    ],
    [
      'a neighbour of a field that a pointer leads to',
      `rows: data, identity: {coin: '{base}', /quote: '{QUOTE}'}, price: last`,
      'quote',
      { quotes: 'USD', data: [{ coin: 'btc', last: '1' }] },
    ],
    [
      'a neighbour of a fixed name that anything may stand at',
      `url: 'https://a.example/', source_symbols: {btc_usd: BTC}, identity: {'volume.BTC': '*'}, price: last`,
      'volume.BTC',
      { volume: { BTT: '1' }, last: '3' },
    ],
    [
      'a neighbour of the price of the one coin',
      `url: 'https://a.example/', source_symbols: {btc_usd: BTC}, identity: none, price: rates.BTC`,
      'rates.BTC',
      { rates: { BTT: '1' } },
    ],
    [
      'a neighbour of its rows',
      `url: 'https://a.example/', source_symbols: {btc_usd: BTC}, rows: BTC, identity: {quote: USD}, price: last`,
      'BTC',
      { BTT: [{ quote: 'USD', last: '1' }] },
    ],
  ])('are not read from %s', (_what, fields, field, answer) => {
    expect(mapped(declared(fields), answer)).toMatchObject({
      kind: 'drift',
      detail: expect.stringContaining(`field ${field}: `) as string,
    });
  });

  it('leave the others to be mapped, and a price of the other type', () => {
    const guarded = declared(`identity: {data.symbol: '{source_symbol}'}, price: data.last`);
    const renamed = { data: { symbol: 'BTC-USD', Last: '3000' } };
    expect(mapped(guarded, renamed)).toMatchObject([{ price: '3000', mapped: ['data.last from data.Last'] }]);
    const fixed = declared(
      `url: 'https://a.example/', source_symbols: {btc_usd: BTC}, identity: none, price: rates.BTC, price_as: number`,
    );
    expect(mapped(fixed, { rates: { BTC: '3' } })).toMatchObject([
      { price: '3', mapped: ['rates.BTC from rates.BTC'] },
    ]);
  });
});
