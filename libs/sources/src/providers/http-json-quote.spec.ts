import { outcomeOf } from '../testing/judge-parse.contract.js';
import { httpJsonSource } from './http-json.js';
import { readDeclarations } from './read-declarations.js';

/** The declarations of a file with one source; the fields are YAML. */
function declarations(fields: string) {
  return readDeclarations(
    `sources:\n  - {id: 100, name: example, limit: {calls: 1, per_seconds: 1, origin: docs}, ${fields}}`,
    'the test',
  );
}

/** What is wrong with a declaration; an empty text when nothing is. */
function faultsOf(fields: string): string {
  try {
    declarations(fields);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

const BY_SYMBOL = `url: 'https://a.example/t?s={source_symbol}'`;
const BY_QUOTE = `url: 'https://a.example/rates?base={QUOTE}'`;
const TWO = `source_symbols: {btc_usd: BTCUSD, btc_eur: BTCEUR}`;
const ONE_NAME = `source_symbols: {btc_usd: bitcoin, btc_eur: bitcoin}`;

describe('a mistake in a declaration', () => {
  it.each([
    ['identity.symbol', `price: p, identity: {symbol: {source_symbol}}`],
    ['price', `price: {base}, identity: none`],
  ])('that is a brace without quotes at %s is answered with its cure', (field, fields) => {
    expect(faultsOf(`${BY_SYMBOL}, ${fields}`)).toMatch(
      new RegExp(`sources\\.0\\.${field}: must be .*, as a text; write braces in quotes`),
    );
  });

  it.each([
    ['tokenAddress={source_symbol}', ''],
    ['token={source_symbol}&monkey=1', ''],
    ['keyboard=1', ''],
    ['apikey=1', 'must hold no key'],
    ['s={source_symbol}&accessToken=abc', 'must hold no key'],
    ['X-Signature=abc', 'must hold no key'],
    ['s={source_symbol}&password=', 'must hold no key'],
  ])('is no parameter that only sounds like a key: %s', (query, fault) => {
    const fields = `url: 'https://a.example/{source_symbol}?${query}', price: p, identity: none`;
    expect(faultsOf(fields)).toEqual(fault === '' ? '' : (expect.stringContaining(fault) as string));
  });
});

describe('the currency of a declared price', () => {
  it.each([
    ['the address asks for it', `${BY_QUOTE}, price: 'rates.{BASE}'`],
    [
      'the address asks for it beside the coin',
      `url: 'https://a.example/{ticker}', price: p, identity: {coin: '{base}'}`,
    ],
    ['the symbol is the ticker', `${BY_SYMBOL}, price: p, identity: {coin: '{BASE}'}`],
    [
      'the symbol is made of it',
      `${BY_SYMBOL}, source_symbol_template: '{BASE}{QUOTE}', price: p, identity: {coin: '{BASE}'}`,
    ],
    ['two symbols differ by it', `${BY_SYMBOL}, ${TWO}, price: p, identity: {coin: '{BASE}'}`],
    ['two tickers have one symbol', `${BY_SYMBOL}, ${ONE_NAME}, price: p, identity: {id: '{source_symbol}'}`],
    [
      'the address asks for it and the symbol is of the coin alone',
      `url: 'https://a.example/{source_symbol}?vs={quote}', source_symbols: {btc_usd: bitcoin}, price: p, identity: {id: '{source_symbol}'}`,
    ],
    [
      'the rows have several of a coin',
      `url: 'https://a.example/all', source_symbol_template: '{BASE}-{QUOTE}', rows: ., price: p, identity: {coin: '{BASE}'}`,
    ],
  ])('has to be said where %s', (_when, fields) => {
    expect(faultsOf(fields)).toContain('sources.0.identity: say which field of the answer names the currency');
    expect(faultsOf(`${fields}, quote_identity: none`)).toBe('');
  });

  it.each([
    ['a field says it', `${BY_QUOTE}, price: 'rates.{BASE}', identity: {base: '{QUOTE}'}`],
    ['the name of a field says it', `${BY_SYMBOL}, price: p, identity: {'volume.{BASE}': '*', 'volume.{QUOTE}': '*'}`],
    ['the path of the price says it', `${BY_QUOTE}, price: '{base}.{quote}'`],
    ['the symbols differ and a field says them', `${BY_SYMBOL}, ${TWO}, price: p, identity: {s: '{source_symbol}'}`],
    ['the symbol is the ticker', `${BY_SYMBOL}, price: p, identity: {s: '{SOURCE_SYMBOL}'}`],
    [
      'there is one currency',
      `${BY_SYMBOL}, source_symbols: {btc_usd: x, eth_usd: y}, price: p, identity: {c: '{base}'}`,
    ],
    ['the symbol is of the coin alone', `${BY_SYMBOL}, source_symbol_template: '{base}', price: 'rates.{BASE}'`],
    ['the declaration says it', `${BY_SYMBOL}, quoted_in: usdt, price: p, identity: {coin: '{BASE}'}`],
    ['the answer says nothing', `${BY_QUOTE}, price: p, identity: none`],
  ])('needs no more where %s', (_when, fields) => {
    expect(faultsOf(fields)).toBe('');
  });

  it('is held against the answer', () => {
    const [declaration] = declarations(`${BY_QUOTE}, price: 'rates.{BASE}', identity: {base: '{QUOTE}'}`);
    if (declaration === undefined) throw new Error('nothing was declared');
    const read = (body: string) =>
      outcomeOf(httpJsonSource(declaration), body, [{ ticker: 'btc_usd', sourceSymbol: 'btc_usd' }]);
    expect(read('{"base":"USD","rates":{"BTC":"5"}}')).toMatchObject({ quotes: [{ price: '5' }] });
    expect(read('{"base":"EUR","rates":{"BTC":"5"}}')).toMatchObject({ kind: 'drift' });
  });
});
