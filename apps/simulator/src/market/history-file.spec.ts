import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { HistoryFileError, readHistoryFile } from './history-file.js';
import { styleOf } from '../sources/registry.js';
import { PriceBook } from './price-book.js';

const BARS = ['1364774820000,93.25,93.30,93.3,93.25,93.3', '1364774880000,100,100,100,100,93.3'];

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-history-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function fileOf(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

describe('a file of bars', () => {
  it.each([
    ['plain', 'plain.csv', `${BARS.join('\n')}\n`],
    ['with CRLF', 'crlf.csv', `${BARS.join('\r\n')}\r\n`],
    ['without a line end at the end', 'open.csv', BARS.join('\n')],
    ['with a byte order mark and empty lines', 'bom.csv', `\uFEFF${BARS.join('\n\n')}\n\n`],
    ['gzipped', 'zipped.csv.gz', gzipSync(`${BARS.join('\r\n')}\r\n`)],
  ])('%s gives its closes with exactly their digits', async (_, name, content) => {
    const path = await fileOf(name, content);
    const sha256 = createHash('sha256').update(content).digest('hex');
    expect(await readHistoryFile(path)).toEqual({ path, sha256, closes: ['93.30', '100'] });
  });

  it.each([
    ['is empty', 'empty.csv', '', 'holds no bars'],
    ['is empty but for line ends', 'blank.csv', '\n\n\n', 'holds no bars'],
    ['is gzipped and empty', 'empty.csv.gz', gzipSync(''), 'holds no bars'],
    ['has a header', 'header.csv', `ms,open,close,high,low,volume\n${BARS[0]}\n`, 'row 1: column 1 (ms) must be'],
    ['counts in seconds', 'seconds.csv', '1364774820,1,1,1,1,1\n', 'row 1: column 1 (ms) must be'],
    ['has five columns', 'five.csv', `${BARS[0]}\n1364774820000,1,1,1,1\n`, 'row 2: has 5 columns instead of 6'],
    ['has seven columns', 'seven.csv', `${BARS.join('\n')}\n1,1,1,1,1,1,1\n`, 'row 3: has 7 columns instead of 6'],
    ['has semicolons', 'semicolon.csv', '1364774820000;1;1;1;1;1\n', 'row 1: has 1 columns instead of 6'],
    [
      'has a close that is no number',
      'word.csv',
      '1364774820000,1,null,1,1,1\n',
      'row 1: column 3 (close) must be a plain',
    ],
    [
      'has a close with a comma',
      'comma.csv',
      '1364774820000,1,"1,000",1,1,1\n',
      'row 1: column 3 (close) must be a plain',
    ],
    ['has a close of 0', 'zero.csv', '1364774820000,0,0,0,0,1\n', 'row 1: column 3 (close) must be above 0'],
    [
      'has a close that JSON cannot hold',
      'json.csv',
      '1364774820000,1,01.5,2,1,1\n',
      'row 1: column 3 (close) must be a plain',
    ],
    ['has open, high, low, close', 'ohlc.csv', '1364774820000,10,12,9,11,1\n', 'are the columns in another order?'],
    ['is JSON', 'bars.json', '[[1364774820000,1,1,1,1,1]]', 'row 1'],
    ['is one endless line', 'endless.csv', 'x'.repeat(100_000), 'cannot be read'],
    ['has an open quote', 'quote.csv', '"1364774820000,1,1,1,1,1\n', 'cannot be read'],
    ['is plain but named .gz', 'plain.csv.gz', BARS.join('\n'), 'cannot be read'],
    ['is gzipped but not named .gz', 'zipped.csv', gzipSync(BARS.join('\n')), 'row 1'],
    ['is cut in the middle of the gzip', 'cut.csv.gz', gzipSync(BARS.join('\n')).subarray(0, 40), 'cannot be read'],
  ])('that %s is refused with its path, what is wrong, and the cure', async (_, name, content, wrong) => {
    const path = await fileOf(name, content);
    const error: unknown = await readHistoryFile(path).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(HistoryFileError);
    expect(String(error)).toContain(`SIMULATOR_HISTORY ${path}: `);
    expect(String(error)).toContain(wrong);
    expect(String(error)).toContain('ms,open,close,high,low,volume');
  });

  it('that is missing is refused, and so is a folder', async () => {
    const missing = join(folder, 'nowhere.csv');
    await expect(readHistoryFile(missing)).rejects.toThrow(
      `SIMULATOR_HISTORY ${missing}: cannot be read; give the path of an existing CSV file.`,
    );
    await expect(readHistoryFile(folder)).rejects.toThrow('is not a file');
  });
});

describe('a replayed history', () => {
  it('gives the close of bar t mod n to every source and ticker', () => {
    const book = new PriceBook({
      seed: 'spec',
      history: { path: '-', sha256: '-', closes: ['1.0', '2.0', '3.0'] },
      styleOf,
    });
    expect([0, 1, 2, 3, 3_000_001, -1].map((second) => book.priceText('deribit', 'btc_usd', second))).toEqual([
      '1.0',
      '2.0',
      '3.0',
      '1.0',
      '2.0',
      '3.0',
    ]);
    expect(book.priceText('coingecko', 'eth_usd', 4)).toBe('2.0');
    expect(book.priceText('binance', 'btc_usdt', 4)).toBe('2.0');
    expect(book.marketText('eth_usd', 5)).toBe('3.0');
  });

  it('leaves dollars dollars, so that a converted price is the replayed one', () => {
    const book = new PriceBook({ seed: 'spec', history: { path: '-', sha256: '-', closes: ['730.2'] }, styleOf });
    expect(book.priceText('kraken', 'usdt_usd', 4)).toBe('1.0');
    expect(book.marketText('usdc_usd', 4)).toBe('1.0');
  });

  it('multiplies the close while its source is off', () => {
    const book = new PriceBook({ seed: 'spec', history: { path: '-', sha256: '-', closes: ['100.4'] }, styleOf });
    expect(book.priceText('kraken', 'btc_usd', 4, 1.25)).toBe('125.5');
  });
});
