import fc from 'fast-check';
import type { Quote } from '@app/domain';
import type { Source } from '../contract/index.js';
import { readAnswer } from '../read-answer.js';
import { outcomeOf } from '../testing/judge-parse.contract.js';
import { describeSourceContract } from '../testing/source.contract.js';
import { readDeclarations } from './read-declarations.js';
import { httpJsonSource } from './http-json.js';

const LIMIT = '{calls: 2, per_seconds: 1, origin: docs.example.com/limits}';
const BTC = { ticker: 'btc_usd', sourceSymbol: 'BTC-USD' };

/** A source of one declaration; the fields are YAML. */
function declared(fields: string): Source {
  const yaml = `sources:\n  - {id: 100, name: example, limit: ${LIMIT}, url: 'https://a.example/?s={source_symbol}', ${fields}}`;
  const [declaration] = readDeclarations(yaml, 'the test');
  if (declaration === undefined) throw new Error('nothing was declared');
  return httpJsonSource(declaration);
}

function quote(price: string, seconds?: number): Quote {
  return { ticker: 'btc_usd', price, sourceTime: seconds === undefined ? undefined : new Date(seconds * 1000) };
}

/** What becomes of an answer. */
function read(source: Source, answer: unknown, asked = BTC) {
  return outcomeOf(source, JSON.stringify(answer), [asked]);
}

function priced(price: string, ticker = 'btc_usd') {
  return { quotes: [expect.objectContaining({ ticker, price })] as unknown[], unreadable: [] };
}

const DRIFT = { kind: 'drift' };

describeSourceContract({
  source:
    declared(`source_symbol_template: '{BASE}-{QUOTE}', identity: {data.symbol: '{source_symbol}'}, price: data.last,
    price_as: text, time: data.timestamp, time_unit: milliseconds, success: {path: code, is: ['0', '00000']}, error: message`),
  tickers: [BTC],
  goodBodies: [
    {
      name: 'an answer that says whose it is',
      body: '{"code":"0","data":{"symbol":"BTC-USD","last":"61200.50","timestamp":1767265201000}}',
      quotes: [quote('61200.50', 1_767_265_201)],
    },
    {
      name: 'one without a price',
      body: '{"code":"00000","data":{"symbol":"BTC-USD","last":null,"timestamp":1767265201000}}',
      quotes: [],
    },
  ],
  priceFields: { btc_usd: ['data', 'last'] },
  timeFields: { paths: { btc_usd: ['data', 'timestamp'] }, wrong: ['1767265201', '0', '-1', '1.5'] },
  errorBodies: [
    { name: 'an unknown name', body: '{"code":"51001","message":"Instrument does not exist"}', kind: 'not_found' },
    { name: 'a limit', body: '{"code":"50011","message":"Too Many Requests"}', kind: 'rate_limited' },
    { name: 'words that nobody knows', body: '{"code":"59999","message":"Hm."}', kind: 'unavailable' },
    { name: 'an error without words', body: '{"code":"59999"}', kind: 'unavailable' },
    { name: 'no word of success', body: '{"message":"Hm."}', kind: 'drift' },
  ],
  refusals: [
    { name: 'an unknown name', status: 400, body: '{"code":1,"message":"Unknown symbol"}', kind: 'not_found' },
  ],
});

describeSourceContract({
  source:
    declared(`source_symbol_template: '{BASE}-{QUOTE}', rows: data.list, identity: {symbol: '{source_symbol}'}, price: last,
    price_as: number, time: /data/at, time_unit: seconds`),
  tickers: [BTC],
  goodBodies: [
    {
      name: 'a list with a row for each coin',
      body: '{"data":{"at":1767265201,"list":[{"symbol":"ETH-USD","last":3100.5},{"symbol":"BTC-USD","last":61200.50},{"symbol":"BCH-USD","last":500}]}}',
      quotes: [quote('61200.50', 1_767_265_201)],
    },
  ],
  priceFields: { btc_usd: ['data', 'list', '1', 'last'] },
  timeFields: { paths: { btc_usd: ['data', 'at'] }, wrong: ['1767265201000', '0', '-1', '1.5'] },
});

describeSourceContract({
  source: declared(
    `source_symbols: {btc_usd: '1'}, price: 'data.{source_symbol}.quote.{QUOTE}.price', price_as: number`,
  ),
  tickers: [{ ticker: 'btc_usd', sourceSymbol: '1' }],
  goodBodies: [
    {
      name: 'an object whose keys are numbers',
      body: '{"data":{"0":{"quote":{"USD":{"price":1}}},"1":{"quote":{"USD":{"price":61200.50}}},"1027":{"quote":{"USD":{"price":3100}}}}}',
      quotes: [quote('61200.50')],
    },
  ],
  priceFields: { btc_usd: ['data', '1', 'quote', 'USD', 'price'] },
});

/** Names of coins as sources write them. */
const symbol = fc.stringMatching(/^[A-Z0-9]{2,8}(-[A-Z]{3,4})?$/);
const price = fc.stringMatching(/^[1-9]\d{0,6}\.\d{1,8}$/);

describe('whose the price is', () => {
  const guarded = declared(`identity: {data.symbol: '{source_symbol}'}, price: data.last`);

  it('has to be said by the answer, and another coin is drift that names both', () => {
    fc.assert(
      fc.property(symbol, symbol, price, (asked, answered, last) => {
        const outcome = read(guarded, { data: { symbol: answered, last } }, { ticker: 'btc_usd', sourceSymbol: asked });
        if (asked === answered) expect(outcome).toEqual(priced(last));
        else {
          const detail = `field data.symbol: the answer is of "${answered}" and not of "${asked}"`;
          expect(outcome).toMatchObject({ kind: 'drift', detail });
        }
      }),
    );
  });

  it.each([
    ['says nothing', { data: { last: '1.5' } }],
    ['says null', { data: { symbol: null, last: '1.5' } }],
    ['says it in another place', { symbol: 'BTC-USD', data: { last: '1.5' } }],
    ['is of another coin and has no price', { data: { symbol: 'ETH-USD', last: null } }],
  ])('is drift of an answer that %s', (_what, answer) => {
    expect(read(guarded, answer)).toMatchObject(DRIFT);
  });

  it.each([
    ['in capitals', `'{SOURCE_SYMBOL}'`, 'btcusd', 'BTCUSD'],
    ['by base and quote', `'t{BASE}:{QUOTE}'`, 'anything', 'tBTC:USD'],
    ['in lower case', `'{base}/{quote}'`, 'BTC-USD', 'btc/usd'],
    ['as a number', `'{source_symbol}'`, '1027', 1027],
  ])('may be written %s', (_how, template, sourceSymbol, written) => {
    const source = declared(`identity: {symbol: ${template}}, price: last`);
    const asked = { ticker: 'btc_usd', sourceSymbol };
    expect(read(source, { symbol: written, last: '1.5' }, asked)).toEqual(priced('1.5'));
    expect(read(source, { symbol: 'other', last: '1.5' }, asked)).toMatchObject(DRIFT);
  });

  it('may be said by two fields, or by their names', () => {
    const two = declared(`identity: {base: '{BASE}', quote: '{QUOTE}'}, price: last`);
    expect(read(two, { base: 'BTC', quote: 'USD', last: '7' })).toEqual(priced('7'));
    expect(read(two, { base: 'BTC', quote: 'EUR', last: '7' })).toMatchObject(DRIFT);
    const named = declared(`identity: {'volume.{BASE}': '*', 'volume.{QUOTE}': '*'}, price: last`);
    expect(read(named, { volume: { BTC: '3', USD: '4' }, last: '7' })).toEqual(priced('7'));
    expect(read(named, { volume: { ETH: '3', USD: '4' }, last: '7' })).toMatchObject(DRIFT);
  });

  it('is never guessed from a name that is nearly the same, whatever is done about drift', () => {
    const source = declared(`price: 'rates.{BASE}', source_symbol_template: '{base}'`);
    const response = { status: 200, headers: {}, body: '{"rates":{"BTT":0.0000005,"ETH":3100}}' };
    expect(() => readAnswer(source, [BTC], response, { nowMs: 0, driftPolicy: 'map' })).toThrow(/rates\.BTC/);
    const list = declared(`rows: '.', identity: {symbol: '{source_symbol}'}, price: last`);
    const rows = { status: 200, headers: {}, body: '[{"symbol":"BTT-USD","last":1},{"symbo1":"BTC-USD","last":2}]' };
    expect(() => readAnswer(list, [BTC], rows, { nowMs: 0, driftPolicy: 'map' })).toThrow();
  });
});

describe('an answer with several rows', () => {
  const list = declared(`rows: data, identity: {symbol: '{source_symbol}'}, price: last`);

  it('gives the price of the row that is of the ticker, wherever it stands, and of no other', () => {
    const rows = fc.uniqueArray(fc.record({ symbol, last: price }), {
      selector: ({ symbol: name }) => name,
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(rows, fc.nat(), symbol, (data, pick, other) => {
        const chosen = data[pick % data.length];
        const asked = { ticker: 'btc_usd', sourceSymbol: chosen?.symbol ?? '' };
        expect(read(list, { data }, asked)).toEqual(priced(chosen?.last ?? ''));
        if (data.some(({ symbol: name }) => name === other)) return;
        expect(read(list, { data }, { ticker: 'btc_usd', sourceSymbol: other })).toMatchObject(DRIFT);
      }),
    );
  });

  it('is drift when two rows are of the ticker, also with the same price', () => {
    fc.assert(
      fc.property(price, price, fc.nat(3), (last, again, between) => {
        const others = Array.from({ length: between }, (_, index) => ({ symbol: `X${index}`, last: '1' }));
        const data = [{ symbol: 'BTC-USD', last }, ...others, { symbol: 'BTC-USD', last: again }];
        const detail = `field data: BTC-USD stands in rows 0 and ${between + 1}`;
        expect(read(list, { data })).toMatchObject({ kind: 'drift', detail });
      }),
    );
  });

  it.each([
    ['no row is of the ticker', { data: [{ symbol: 'ETH-USD', last: '1' }] }, 'none of 1 rows is of BTC-USD'],
    ['there is no row', { data: [] }, 'none of 0 rows is of BTC-USD'],
    ['the list is none', { data: { symbol: 'BTC-USD', last: '1' } }, 'field data: expected'],
    ['rows do not say whose they are', { data: [{ sym: 'BTC-USD', last: '1' }] }, 'field data.0.symbol'],
  ])('is drift when %s', (_what, answer, detail) => {
    expect(read(list, answer)).toMatchObject({ kind: 'drift', detail: expect.stringContaining(detail) as string });
  });

  it('is drift when a declaration takes one by its place, and does not promise that all are of one coin', () => {
    const first = `identity: none, price: data.0.last, price_as: text`;
    const rows = fc.array(fc.record({ last: price }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(rows, (data) => {
        expect(read(declared(first), { data })).toMatchObject({
          kind: 'drift',
          detail: expect.stringContaining(`field data: the list has ${data.length} rows`) as string,
        });
        expect(read(declared(`${first}, by_position: true`), { data })).toEqual(priced(data[0]?.last ?? ''));
        expect(read(declared(first), { data: data.slice(0, 1) })).toEqual(priced(data[0]?.last ?? ''));
      }),
    );
    const guarded = declared(`identity: {data.0.symbol: '{source_symbol}'}, price: data.0.last`);
    const data = [
      { symbol: 'BTC-USD', last: '1' },
      { symbol: 'BTC-USD', last: '2' },
    ];
    expect(read(guarded, { data })).toMatchObject(DRIFT);
  });

  it('may be lists themselves, and the answer the list', () => {
    const tuples = declared(`rows: '.', identity: {'0': 't{BASE}{QUOTE}'}, price: '7', price_as: number`);
    const row = (name: string, last: number) => [name, 1, 2, 3, 4, 5, 6, last, 9];
    expect(read(tuples, [row('tETHUSD', 3100), row('tBTCUSD', 61200), row('tXRPUSD', 1)])).toEqual(priced('61200'));
    expect(read(tuples, [row('tETHUSD', 3100)])).toMatchObject(DRIFT);
  });

  it('is also held against what holds for all of it', () => {
    const source = declared(`rows: data, identity: {symbol: '{source_symbol}', /quote: '{quote}'}, price: last`);
    const data = [{ symbol: 'BTC-USD', last: '1' }];
    expect(read(source, { quote: 'usd', data })).toEqual(priced('1'));
    expect(read(source, { quote: 'eur', data })).toMatchObject(DRIFT);
  });
});

describe('a step that is a number', () => {
  const source = declared('identity: none, price: data.1.last');

  it('is a key where an object stands and a place where a list stands', () => {
    fc.assert(
      fc.property(fc.nat(2_000), price, (number, last) => {
        const keyed = declared(`identity: none, price: data.${number}.last`);
        expect(read(keyed, { data: { [number]: { last }, other: { last: '1' } } })).toEqual(priced(last));
      }),
    );
    expect(read(source, { data: [null, { last: '2.5' }] })).toEqual(priced('2.5'));
    expect(read(source, { data: { '1': { last: '2.5' } } })).toEqual(priced('2.5'));
    expect(read(source, { data: [{ last: '2.5' }] })).toMatchObject(DRIFT);
    expect(read(source, { data: { '01': { last: '2.5' } } })).toMatchObject(DRIFT);
  });

  it('is never a place when it is the name of the coin', () => {
    const coin = declared(`price: 'data.{source_symbol}'`);
    const asked = { ticker: 'btc_usd', sourceSymbol: '1' };
    expect(read(coin, { data: { '1': '61200' } }, asked)).toEqual(priced('61200'));
    expect(read(coin, { data: ['0', '61200'] }, asked)).toMatchObject(DRIFT);
  });
});

describe('a body that is a bare number', () => {
  const bare = declared(`identity: none, price: '.', error: text`);

  it('is the price, as a number or as a text', () => {
    fc.assert(
      fc.property(price, (digits) => {
        expect(outcomeOf(bare, ` ${digits}\n`, [BTC])).toEqual(priced(digits));
        expect(outcomeOf(bare, `"${digits}"`, [BTC])).toEqual(priced(digits));
      }),
    );
  });

  it.each([
    ['an object', '{"last":1}', DRIFT],
    ['a list', '[61200]', DRIFT],
    ['true', 'true', DRIFT],
    ['a page', '<html>', { kind: 'malformed' }],
    ['an error', '{"text":"unknown symbol"}', { kind: 'not_found' }],
    ['null', 'null', { quotes: [] }],
  ])('is not %s', (_what, body, outcome) => {
    expect(outcomeOf(bare, body, [BTC])).toMatchObject(outcome);
  });
});

describe('a price with a scale', () => {
  it('has its point moved, and every digit that it had', () => {
    const digits = fc
      .tuple(fc.stringMatching(/^[1-9]\d{0,11}$/), fc.stringMatching(/^(\.\d{1,8})?$/))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(digits, fc.integer({ min: 1, max: 12 }), (text, scale) => {
        const source = declared(`identity: none, price: p, scale: ${scale}`);
        const outcome = outcomeOf(source, `{"p":${text}}`, [BTC]);
        if (!('quotes' in outcome)) throw new Error('no price');
        const [{ price: moved } = { price: '' }] = outcome.quotes;
        const significant = (number: string) => number.replace('.', '').replace(/^0+/, '');
        expect(significant(moved)).toBe(significant(text));
        const places = (number: string) => (number.split('.')[1] ?? '').length;
        expect(places(moved)).toBe(places(text) + scale);
      }),
    );
  });

  it.each([
    ['6120050', 2, '61200.50'],
    ['"6120050"', 2, '61200.50'],
    ['5', 8, '0.00000005'],
    ['1.5e3', 2, '15'],
    ['-7', 1, '-0.7'],
    ['"a"', 2, 'a'],
  ])('is %s at scale %d: %s', (wire, scale, expected) => {
    const source = declared(`identity: none, price: p, scale: ${scale}`);
    expect(outcomeOf(source, `{"p":${wire}}`, [BTC])).toEqual(priced(expected));
  });
});
