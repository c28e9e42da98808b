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
      'a header that is none',
      `sources: [${GOOD.replace('price', 'key_header: {name: "a b"}, price')}]`,
      'must be the name of a header',
    ],
  ])('refuse %s', (_name, yaml, sentence) => {
    expect(faultsOf(yaml)).toContain(sentence);
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
