import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const TOOL = path.resolve(import.meta.dirname, 'new-source.mjs');
const ANSWER = '{"data":{"last":"61200.50","at":1795196285123,"day":"Friday"},"rows":[{"p":1},{"p":2}]}';
const GOOD: Readonly<Record<string, string>> = {
  name: 'never-written',
  url: 'https://api.example.com/v1/{source_symbol}',
  answer: 'answer.json',
  price: 'data.last',
};

/** What it writes is tried by add-a-source.system.spec.ts; here it is only refused, and writes nothing. */
describe('npm run new-source', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-new-source-'));
    writeFileSync(path.join(folder, 'answer.json'), ANSWER);
    writeFileSync(path.join(folder, 'page.json'), '<html>');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function refused(changes: Readonly<Record<string, string>>) {
    const words = Object.entries({ ...GOOD, ...changes }).flatMap(([option, value]) => [`--${option}`, value]);
    const environment = { PATH: process.env['PATH'], INIT_CWD: folder };
    return spawnSync(process.execPath, [TOOL, ...words], { encoding: 'utf8', env: environment });
  }

  it('names every fault at once, and how it is called', () => {
    const { status, stderr } = refused({
      name: 'My Example',
      url: 'x',
      price: 'lst',
      calls: '5',
      answer: 'answer.json',
    });
    expect(status).toBe(2);
    for (const option of ['name', 'url', 'price', 'per-seconds', 'origin'])
      expect(stderr).toContain(`new-source: --${option}: `);
    expect(stderr).toContain('new-source --help');
  });

  it.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ['a name that ends with a hyphen', { name: 'foo-' }, /--name: "foo-" must be/],
    ['a name with two hyphens', { name: 'a--b' }, /--name: "a--b" must be/],
    ['a name whose setting is another', { name: 'queue' }, /--name: its setting QUEUE_URL is that of something else/],
    ['a name that is taken', { name: 'kraken' }, /--name: there is libs\/.*kraken\.source\.ts already/],
    [
      'an address that is the same for every ticker',
      { url: 'https://x.example/v1' },
      /\{source_symbol\} must stand in it once/,
    ],
    ['a symbol within a part', { url: 'https://x.example/v1/a{source_symbol}' }, /as one part of the path/],
    ['a password in the address', { url: 'https://me:word@x.example/{source_symbol}' }, /no user, password/],
    ['a placeholder that is not known', { symbol: '{coin}' }, /--symbol: \{coin\} is not known/],
    ['one symbol for all', { symbol: 'BTC' }, /--symbol: "BTC" is the same for every ticker/],
    ['a symbol in place of a ticker', { ticker: 'BTCUSD' }, /--ticker: "BTCUSD" must be base and quote/],
    ['a coin that cannot be simulated', { ticker: 'abc_usd' }, /the simulated market has no abc/],
    ['no answer', { answer: 'none.json' }, /--answer: there is no file "none\.json": store an answer first/],
    ['an answer that is no JSON', { answer: 'page.json' }, /--answer: page\.json is no JSON/],
    [
      'a price that is not there',
      { price: 'data.lst' },
      /nothing stands at "data\.lst"; the answer has data\.last, data\.at/,
    ],
    ['a price that is none', { price: 'data.day' }, /what stands at data\.day is no price: "Friday"/],
    ['a price in a list of several', { price: 'rows.0.p' }, /several rows.*readRows/],
    ['a time that is not there', { time: 'data.time' }, /--time: nothing stands at "data\.time"/],
    ['a time that no schema reads', { time: 'data.day' }, /--time: .* leave --time out/],
    [
      'a limit without its origin',
      { calls: '5', 'per-seconds': '1' },
      /--origin: say where the number of calls comes from/,
    ],
    ['an option that is none', { nmae: 'x' }, /Unknown option '--nmae'/],
  ])('names the cure of %s', (_name, changes, cure) => {
    const { status, stderr } = refused(changes);
    expect(stderr).toMatch(cure);
    expect(status).toBe(2);
  });
});
