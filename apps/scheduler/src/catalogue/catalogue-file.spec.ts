import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { CatalogueFileError, readCatalogueFile } from './catalogue-file.js';

describe('the catalogue file', () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'tidemark-catalogue-'));
    file = path.join(folder, 'catalogue.yaml');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('reads tickers, with defaults for what is left out', async () => {
    await writeFile(
      file,
      `tickers:\n  - ticker: btc_usd\n  - {ticker: eth_usd, interval_seconds: 5, sources: [deribit, {source: coingecko, batch: all, interval_seconds: 60}]}\n`,
    );
    expect(await readCatalogueFile(file)).toEqual([
      { ticker: 'btc_usd', interval_seconds: 60, rule: 'priority', sources: [{ source: 'deribit' }] },
      {
        ticker: 'eth_usd',
        interval_seconds: 5,
        rule: 'priority',
        sources: [{ source: 'deribit' }, { source: 'coingecko', batch: 'all', interval_seconds: 60 }],
      },
    ]);
  });

  it.each([
    ['{ticker: BTC}', 'tickers.1.ticker: is no ticker: write base and quote as in btc_usd, BTC/USD or BTC-USD'],
    ['{ticker: 7}', 'tickers.1.ticker: must be a text such as btc_usd'],
    ['{}', 'tickers.1.ticker: must be a text such as btc_usd'],
    ['{ticker: eth_usd, interval_seconds: 0}', 'tickers.1.interval_seconds: must be at least 1 second'],
    ['{ticker: eth_usd, interval_seconds: 90000}', 'tickers.1.interval_seconds: must be at most 86400 seconds, a day'],
    [
      '{ticker: eth_usd, interval_seconds: 1.5}',
      'tickers.1.interval_seconds: must be a whole number of seconds, 1 to 86400',
    ],
    [
      '{ticker: eth_usd, interval: 5}',
      'tickers.1.interval: is not a known field; known are ticker, interval_seconds, ',
    ],
    ['{ticker: eth_usd, rule: best}', 'tickers.1.rule: must be one of priority, median'],
    ['{ticker: eth_usd, sources: []}', 'tickers.1.sources: must name at least one source'],
    ['{ticker: eth_usd, sources: deribit}', 'tickers.1.sources: must be a list of sources'],
    ['{ticker: eth_usd, sources: [5]}', 'tickers.1.sources.0: must be the name of a source, or an object with it'],
    ['{ticker: eth_usd, sources: [{source_symbol: x}]}', 'tickers.1.sources.0.source: must be the name of a source'],
    [
      '{ticker: eth_usd, sources: [{source: deribit, name: x}]}',
      'tickers.1.sources.0.name: is not a known field; known are source, source_symbol, batch, interval_seconds, standby, quoted_in',
    ],
    [
      '{ticker: eth_usd, sources: [{source: deribit, batch: A B}]}',
      'tickers.1.sources.0.batch: must be lower case letters, digits, _ and -, at most 63',
    ],
    ['{ticker: btc_usd}', 'btc_usd is listed twice'],
    ['{ticker: BTC/USD}', 'btc_usd is listed twice'],
  ])('names the fault of %s', async (entry, fault) => {
    await writeFile(file, `tickers:\n  - {ticker: btc_usd}\n  - ${entry}\n`);
    const error = await failure();
    expect(error.message).toContain(`CATALOGUE_FILE ${file} is not usable`);
    expect(error.message).toContain(`  - ${fault}`);
  });

  it('names every fault at once', async () => {
    await writeFile(
      file,
      'tickers: [{ticker: A}, {ticker: btc_usd, interval_seconds: 0, sources: [{source: 5}]}]\nmore: 1\n',
    );
    const lines = (await failure()).message.split('\n');
    expect(lines.slice(1).map((line) => line.slice(4).split(':')[0])).toEqual([
      'tickers.0.ticker',
      'tickers.1.interval_seconds',
      'tickers.1.sources.0.source',
      'more',
    ]);
  });

  it.each([
    ['no YAML', 'tickers: [', 'is not usable'],
    ['YAML with a key twice', 'tickers: []\ntickers: []\n', 'unique'],
    ['empty', '', 'the file: must be an object with a list of tickers'],
    ['a list', '- btc_usd\n', 'the file: must be an object with a list of tickers'],
    ['without tickers', 'sources: []\n', 'tickers: must be a list of tickers'],
  ])('refuses a file that is %s', async (_what, text, message) => {
    await writeFile(file, text);
    expect((await failure()).message).toContain(message);
  });

  it('names a file that is not there', async () => {
    const error = await failure();
    expect(error.message).toContain(file);
    expect(error.message).toContain('ENOENT');
  });

  async function failure(): Promise<CatalogueFileError> {
    const outcome: unknown = await readCatalogueFile(file).catch((error: unknown) => error);
    if (outcome instanceof CatalogueFileError) return outcome;
    throw new Error('expected a CatalogueFileError', { cause: outcome });
  }
});
