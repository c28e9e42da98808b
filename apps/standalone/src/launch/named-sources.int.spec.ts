import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { insertSchedule } from '../../../../test/builders/stored-schedules.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { namedSources } from './named-sources.js';

describe('the sources that a catalogue names', () => {
  let database: TestDatabase;
  let folder: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    folder = await mkdtemp(path.join(os.tmpdir(), 'tidemark-named-'));
  });
  afterEach(() => database.pool.query('TRUNCATE tickers, schedules, ticker_sources CASCADE'));
  afterAll(async () => {
    await rm(folder, { recursive: true });
    await database.drop();
  });

  async function named(yaml?: string, databaseUrl = database.url): Promise<string[]> {
    const file = path.join(folder, 'tickers.yaml');
    if (yaml !== undefined) await writeFile(file, yaml);
    return [...(await namedSources({ file: yaml === undefined ? undefined : file, databaseUrl }))].sort();
  }

  it('are those of the default one while there is none, and where the database cannot be asked yet', async () => {
    expect(await named()).toEqual(['deribit']);
    expect(await named(undefined, 'postgres://127.0.0.1:1/none')).toEqual(['deribit']);
  });

  it('are those of the file', async () => {
    expect(await named('tickers:\n  - ticker: btc_usd\n    sources: [kraken, {source: bitstamp}]\n')).toEqual([
      'bitstamp',
      'kraken',
    ]);
    expect(await named('tickers:\n  - ticker: btc_usd\n  - ticker: eth_usd\n    sources: [kraken]\n')).toEqual([
      'deribit',
      'kraken',
    ]);
    expect(await named('tickers: [')).toEqual(['deribit']);
  });

  it('are those of the database, as it is now', async () => {
    await insertSchedule(database.pool, { ticker: 'btc_usd', sources: [{ sourceId: 2 }] });
    await insertSchedule(database.pool, { ticker: 'eth_usd', sources: [{ sourceId: 1 }], toSlot: 4_000_000_000 });
    expect(await named()).toEqual(['coingecko']);
    expect(await named('tickers:\n  - {ticker: sol_usd, sources: [kraken]}\n')).toEqual(['coingecko', 'kraken']);
  });
});
