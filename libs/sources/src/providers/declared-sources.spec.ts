import '../../../../test/support/one-realm-of-errors.js';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readDeclaredSources } from './declared-sources.js';
import { readDeclarations } from './read-declarations.js';
import { conflictsOf, declareSources, SOURCES, sourceById, sourceByName } from '../registry.js';

const GOOD = `{id: 100, name: example, url: 'https://api.example.com/{source_symbol}', price: last, identity: none,
      limit: {calls: 1, per_seconds: 1, origin: docs.example.com}}`;

function faultsOf(yaml: string): string {
  try {
    readDeclarations(yaml, 'FILE');
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('declared sources', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-declared-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('are none without a file', async () => {
    expect(await readDeclaredSources({})).toEqual([]);
  });

  it('come out of a YAML file', async () => {
    const file = join(folder, 'sources.yaml');
    await writeFile(file, `sources:\n  - ${GOOD}\n`);
    expect(await readDeclaredSources({ HTTP_SOURCES_FILE: file })).toMatchObject([
      { id: 100, name: 'example', title: 'example', plans: [{ limit: { calls: 1, perSeconds: 1 } }] },
    ]);
  });

  it('may be as the example has them', async () => {
    const file = fileURLToPath(new URL('../../../../docs/sources.example.yaml', import.meta.url));
    const [okx, gemini] = await readDeclaredSources({ HTTP_SOURCES_FILE: file });
    expect(okx?.endpoints[0].request([{ ticker: 'btc_usdt', sourceSymbol: 'BTC-USDT' }])).toEqual({
      path: '/api/v5/market/index-tickers',
      query: { instId: 'BTC-USDT' },
    });
    expect(gemini?.defaultSymbol({ ticker: 'btc_usd', base: 'btc', quote: 'usd' })).toBe('btcusd');
  });

  it('name the setting and the file when there is none', async () => {
    await expect(readDeclaredSources({ HTTP_SOURCES_FILE: '/none.yaml' })).rejects.toThrow(
      /^HTTP_SOURCES_FILE \/none\.yaml is not usable:\n {2}- it is not there \(ENOENT\)/,
    );
  });

  it('name every fault at once', () => {
    const faults = faultsOf(`sources:
  - {id: 99, name: Example, url: 'ftp://x', price: a..b, prise: x, limit: {calls: 0, per_seconds: 1, origin: ''}}
  - {id: 100, name: second, url: 'https://{base}.example/x?api_key=1', price: '{coin}', limit: {calls: 1, per_seconds: 1, origin: x}}`);
    for (const where of [
      '0.id',
      '0.name',
      '0.url',
      '0.price',
      '0.prise',
      '0.limit.calls',
      '0.limit.origin',
      '1.url',
      '1.price',
    ]) {
      expect(faults).toContain(`sources.${where}: `);
    }
  });

  it.each<[string, string, string]>([
    ['no YAML', ': [', 'FILE is not usable'],
    [
      'a field of an earlier build',
      `sources: [${GOOD.replace('price:', 'names: {btc_usd: x}, price:')}]`,
      'sources.0.names: is not a known field; known are id, name, title, url, source_symbols, ',
    ],
    ['no list', 'x: 1', '- sources: must be a list of sources\n  - x: is not a known field; known are sources'],
    [
      'a key in the address',
      `sources: [${GOOD.replace('{source_symbol}', '{source_symbol}?apikey=1')}]`,
      'must hold no key',
    ],
    [
      'a password in the address',
      `sources: [${GOOD.replace('https://', 'https://user:word@')}]`,
      'without user and password',
    ],
    [
      'a host that follows from the ticker',
      `sources: [${GOOD.replace('api.', '{base}.')}]`,
      'a host without placeholders',
    ],
    [
      'a time without a unit',
      `sources: [${GOOD.replace('price: last', 'price: last, time: t')}]`,
      'name the unit of "time"',
    ],
    [
      'a unit without a time',
      `sources: [${GOOD.replace('price: last', 'price: last, time_unit: iso')}]`,
      'and no "time"',
    ],
    [
      'an address that is the same for all',
      `sources: [${GOOD.replace('/{source_symbol}', '/x')}]`,
      'name the one ticker',
    ],
    [
      'a placeholder that is not known',
      `sources: [${GOOD.replace('{source_symbol}', '{coin}')}]`,
      'placeholder that is not known',
    ],
    [
      'a declaration that does not say whose its price is',
      `sources: [${GOOD.replace(', identity: none', '')}]`,
      'sources.0.identity: say which field of the answer names the coin',
    ],
    [
      'an identity that is the same for every coin',
      `sources: [${GOOD.replace('identity: none', 'identity: {status: ok}')}]`,
      'sources.0.identity: nothing in it follows from the ticker',
    ],
    [
      'an identity that is a list',
      `sources: [${GOOD.replace('identity: none', 'identity: [symbol]')}]`,
      'sources.0.identity: must be fields of the answer and what they say',
    ],
    [
      'an identity without fields',
      `sources: [${GOOD.replace('identity: none', 'identity: {}')}]`,
      'sources.0.identity: must be fields of the answer and what they say',
    ],
    [
      'an identity with a placeholder that is not known',
      `sources: [${GOOD.replace('identity: none', "identity: {symbol: '{coin}'}")}]`,
      'sources.0.identity.symbol: holds a placeholder that is not known',
    ],
    [
      'rows of which none is chosen',
      `sources: [${GOOD.replace('identity: none', 'identity: none, rows: data')}]`,
      'sources.0.identity: say by which field the row is chosen',
    ],
    [
      'rows that are chosen by a field of the answer',
      `sources: [${GOOD.replace('identity: none', "identity: {/symbol: '{base}'}, rows: data")}]`,
      'sources.0.identity: a JSON pointer begins at the answer',
    ],
    [
      'a price that stands outside of the row that is chosen',
      `sources: [${GOOD.replace('identity: none', "identity: {symbol: '{base}'}, rows: data").replace('price: last', 'price: /data/0/last')}]`,
      'sources.0.price: a JSON pointer begins at the answer, whatever row is chosen',
    ],
    [
      'a bare number that says whose it is',
      `sources: [${GOOD.replace('identity: none', "identity: {symbol: '{base}'}").replace('price: last', "price: '.'")}]`,
      'sources.0.identity: the price is the whole answer',
    ],
    [
      'a time that may be left out and is not named',
      `sources: [${GOOD.replace('price: last', 'price: last, time_optional: true')}]`,
      'sources.0.time_optional: is for a "time", and none is named',
    ],
    [
      'a zone of times that are numbers',
      `sources: [${GOOD.replace('price: last', 'price: last, time: t, time_unit: seconds, time_zone: UTC')}]`,
      'sources.0.time_zone: is for times of unit iso alone',
    ],
    [
      'a zone that there is not',
      `sources: [${GOOD.replace('price: last', 'price: last, time: t, time_unit: iso, time_zone: Mars/Olympus')}]`,
      'sources.0.time_zone: must be a time zone such as',
    ],
    [
      'a success that nothing tells',
      `sources: [${GOOD.replace('price: last', 'price: last, success: {path: code}')}]`,
      'sources.0.success: name one of "is" and "is_not"',
    ],
    [
      'a success that an object tells',
      `sources: [${GOOD.replace('price: last', 'price: last, success: {path: code, is: {a: 1}}')}]`,
      'sources.0.success.is.0: must be a text, a number, true or false',
    ],
    [
      'two ways of sending the key',
      `sources: [${GOOD.replace('price: last', 'price: last, key_header: {name: k}, key_query: {name: k}')}]`,
      'sources.0.key_query: the key travels in "key_header" already',
    ],
    [
      'a parameter for the key that the address has',
      `sources: [${GOOD.replace('{source_symbol}', '{source_symbol}?k=1').replace('price: last', 'price: last, key_query: {name: k}')}]`,
      'sources.0.key_query: k stands in the address already',
    ],
    [
      'a name by what is no ticker',
      `sources: [${GOOD.replace('price: last', 'price: last, source_symbols: {BTC: x}')}]`,
      'sources.0.source_symbols.BTC: must be a ticker such as btc_usd',
    ],
    [
      'a name that is a number',
      `sources: [${GOOD.replace('price: last', 'price: last, source_symbols: {btc_usd: 1}')}]`,
      'sources.0.source_symbols.btc_usd: must be what the source calls the ticker, as a text',
    ],
    [
      'a header that is none',
      `sources: [${GOOD.replace('price', 'key_header: {name: "a b"}, price')}]`,
      'must be the name of a header',
    ],
  ])('refuse %s', (_name, yaml, sentence) => {
    expect(faultsOf(yaml)).toContain(sentence);
  });

  it('say each fault in a sentence, with its line and column and the nearest field', () => {
    const faults = faultsOf(`sources:
  - id: x
    name: 7
    url: https://a.example/{source_symbol}
    prize: last
    price: 5
    inverted: yes
    time_units: iso
    scale: 2.5
    identity: none
    limit: { calls: many, per_secnds: 1, origin: docs }
`);
    expect(faults.split('\n').slice(1)).toEqual([
      '  - sources.0.id: must be a whole number from 100 to 199 (line 2, column 9)',
      '  - sources.0.name: must be a name, as a text (line 3, column 11)',
      '  - sources.0.price: must be a path such as data.price, as a text (line 6, column 12)',
      '  - sources.0.scale: must be a whole number from 1 to 30 (line 9, column 12)',
      '  - sources.0.inverted: must be true or false (line 7, column 15)',
      expect.stringMatching(/limit.calls: must be a whole number from 1 to 1000000 \(line 11, column 21\)$/),
      expect.stringMatching(/limit.per_seconds: must be a number of seconds \(line 11, column \d+\)$/),
      expect.stringMatching(/limit.per_secnds: is not a known field; .*; did you mean per_seconds\? \(line 11, column/),
      expect.stringMatching(/sources.0.prize: is not a known field; .*; did you mean price\? \(line 5, column/),
      expect.stringMatching(
        /sources.0.time_units: is not a known field; .*; did you mean time_unit\? \(line 8, column/,
      ),
    ]);
  });

  it.each(['X-Api-Key', 'x_api_key', 'api.key', "!#$%&'*+-.^_`|~09azAZ"])(
    'may send the key in the header %s',
    (name) => {
      const header = JSON.stringify(name);
      expect(faultsOf(`sources: [${GOOD.replace('price: last', `price: last, key_header: {name: ${header}}`)}]`)).toBe(
        '',
      );
    },
  );

  it.each(['a b', 'a:b', '', 'ü', 'a(b)', 'a/b', 'a\nb'])('may not send the key in the header %j', (name) => {
    const header = JSON.stringify(name);
    expect(
      faultsOf(`sources: [${GOOD.replace('price: last', `price: last, key_header: {name: ${header}}`)}]`),
    ).toContain('sources.0.key_header.name: must be the name of a header');
  });

  it.each<[string, string]>([
    ['an object that is keyed by the coin', `price: '{BASE}.last', source_symbol_template: '{base}'`],
    ['a pointer to it', `price: '/rates/{source_symbol}'`],
  ])('need no identity where the path of the price names the coin: %s', (_what, price) => {
    expect(faultsOf(`sources: [${GOOD.replace('price: last, identity: none', price)}]`)).toBe('');
  });

  it('need one where it names the currency alone', () => {
    const faults = faultsOf(`sources: [${GOOD.replace('price: last, identity: none', `price: 'rates.{QUOTE}'`)}]`);
    expect(faults).toContain('sources.0.identity');
  });

  it('for one ticker may name it in so many words', () => {
    const fixed = GOOD.replace('/{source_symbol}', '/btc').replace(
      'identity: none',
      'identity: {symbol: BTC}, source_symbols: {btc_usd: BTC}',
    );
    expect(faultsOf(`sources: [${fixed}]`)).toBe('');
  });

  it('join the list of sources, unless id or name is taken', async () => {
    const file = join(folder, 'joined.yaml');
    await writeFile(file, `sources:\n  - ${GOOD}\n  - ${GOOD.replace('100', '101').replace('example,', 'other,')}\n`);
    const declared = await readDeclaredSources({ HTTP_SOURCES_FILE: file });
    declareSources(declared);
    expect(sourceByName('other')).toBe(sourceById(101));
    expect(SOURCES.slice(-2)).toEqual(declared);
    expect(() => declareSources(declared.slice(0, 1))).toThrow('example and example have the same id 100');
    expect(SOURCES.filter(({ id }) => id === 100)).toHaveLength(1);
  });

  it('are exchanges that ccxt knows, with ids of their own', async () => {
    const declared = await readDeclaredSources({ CCXT_EXCHANGES: 'kraken, alpaca,,kraken' });
    expect(declared.map(({ id, name }) => [id, name])).toEqual([
      [269, 'ccxt:kraken'],
      [200, 'ccxt:alpaca'],
    ]);
    await expect(readDeclaredSources({ CCXT_EXCHANGES: 'krakn,okey' })).rejects.toThrow(
      'CCXT_EXCHANGES is not usable:\n  - there is no exchange krakn; did you mean kraken?\n  - there is no exchange okey',
    );
  });

  it('may not share what settings and queues follow from', () => {
    const [first, second] = SOURCES;
    if (first === undefined || second === undefined) throw new Error('no sources');
    expect(
      conflictsOf([
        { ...first, name: 'a-b' },
        { ...second, name: 'a:b' },
      ]),
    ).toEqual(['a-b and a:b have the same name a-b']);
  });
});
