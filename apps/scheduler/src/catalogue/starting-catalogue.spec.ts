import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { loadSettings, schedulerSettings, sourceSettingsOf } from '@app/config';
import { SOURCES } from '@app/sources';
import { readStart } from './starting-catalogue.js';

describe('what a scheduler begins with', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-start-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const read = (environment: NodeJS.ProcessEnv) =>
    readStart(loadSettings({ ...schedulerSettings, ...sourceSettingsOf(SOURCES) }, environment));

  /** What is said of a file with these tickers, without its first line. */
  async function faultsOf(tickers: string, environment: NodeJS.ProcessEnv = {}): Promise<string[]> {
    const file = path.join(folder, 'tickers.yaml');
    writeFileSync(file, `tickers:\n${tickers}`);
    const error: unknown = await read({ CATALOGUE_FILE: file, ...environment }).catch((fault: unknown) => fault);
    expect(error).toMatchObject({ name: 'CatalogueFileError', exitStatus: 2 });
    const [first, ...faults] = (error as Error).message.split('\n');
    expect(first).toBe(`CATALOGUE_FILE ${file} is not usable:`);
    return faults;
  }

  it('is no catalogue where none is named', async () => {
    expect(await read({ COINGECKO_API_KEY: 'k' })).toMatchObject({
      tickers: undefined,
      access: { coingecko: { apiKey: 'k' } },
    });
  });

  it('names every ticker that cannot be sampled', async () => {
    expect(await faultsOf('  - {ticker: abc_usd}\n  - {ticker: btc_usd, sources: [krakn]}\n')).toEqual([
      expect.stringMatching(/^ {2}- abc_usd: deribit has no symbol for it/),
      expect.stringMatching(/^ {2}- btc_usd: there is no source krakn; did you mean kraken\? Known: /),
    ]);
  });

  it('holds the whole catalogue against what the sources allow', async () => {
    const tickers = Array.from({ length: 40 }, (_, index) => `  - {ticker: a${index}_usd, sources: [coingecko]}\n`);
    const named = tickers.map((line) => line.replace('coingecko', '{source: coingecko, source_symbol: bitcoin}'));
    expect((await faultsOf(named.join(''))).join('\n')).toMatch(/^ {2}- coingecko: 40 batches every 60 s are /);
  });

  it('needs the keys of sources without which a ticker could have no price', async () => {
    const alone = '  - {ticker: btc_usd, sources: [{source: coincap, interval_seconds: 300}], interval_seconds: 300}\n';
    expect(await faultsOf(alone, { SOURCE_LIMITS: 'off' })).toEqual([
      '  - btc_usd: coincap answers nobody without a key: set COINCAP_API_KEY, or name another source for it',
    ]);
    const beside = alone.replace('[{', '[deribit, {');
    writeFileSync(path.join(folder, 'beside.yaml'), `tickers:\n${beside}`);
    const environment = { CATALOGUE_FILE: path.join(folder, 'beside.yaml'), SOURCE_LIMITS: 'off' };
    expect((await read(environment)).tickers).toHaveLength(1);
  });

  it('says where in the file a field is wrong, and which was meant', async () => {
    expect(await faultsOf('  - ticker: btc_usd\n    interval: 5\n  - ticker: BTC\n')).toEqual([
      expect.stringMatching(
        /^ {2}- tickers\.0\.interval: is not a known field; .*did you mean interval_seconds\? \(line 3, column 15\)$/,
      ),
      expect.stringMatching(/^ {2}- tickers\.1\.ticker: is no ticker: .* \(line 4, column 13\)$/),
    ]);
  });

  it('shows where YAML ends to be YAML', async () => {
    const faults = await faultsOf('  - ticker: btc_usd\n   interval_seconds: 5\n');
    expect(faults[0]).toMatch(/^ {2}- .* at line 3, column \d+:$/);
    expect(faults.join('\n')).toContain('interval_seconds: 5');
  });

  it('names a file that is not there, and the cure', async () => {
    const file = path.join(folder, 'nowhere.yaml');
    await expect(read({ CATALOGUE_FILE: file })).rejects.toThrow(
      `CATALOGUE_FILE ${file} is not usable:\n  - it is not there (ENOENT): name a file that is, or leave CATALOGUE_FILE out`,
    );
    await expect(read({ CATALOGUE_FILE: folder })).rejects.toThrow(/it cannot be read \(EISDIR\)/);
  });
});
