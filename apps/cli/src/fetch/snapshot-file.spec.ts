import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse as parseCsv } from 'csv-parse/sync';
import { type FetchCli, startFetchCli } from '../../../../test/support/fetch-cli.js';

const KRAKEN = '{"error":[],"result":{"XXBTZUSD":{"c":["81412.20000","0.1"]}}}';

describe('fetch', () => {
  let cli: FetchCli;
  let folder: string;
  beforeAll(async () => {
    cli = await startFetchCli();
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-fetch-'));
  });
  afterEach(() => rm(folder, { recursive: true }));
  afterAll(() => cli.server.close());

  describe('--out', () => {
    it('writes the accepted prices to a new file of its own', async () => {
      const out = join(folder, 'new', 'data');
      const { status, report } = await cli.fetched({ '/kraken': KRAKEN }, [
        '--ticker',
        'btc_usd,xyz_usd',
        '--source',
        'kraken',
        '--out',
        out,
      ]);
      expect(status).toBe(1);
      expect(report.file).toBe(join(out, 'prices-2026-11-20T20-05-08.123Z.csv'));
      expect(await readdir(out)).toEqual(['prices-2026-11-20T20-05-08.123Z.csv']);
      const rows = parseCsv(await readFile(report.file, 'utf8'), { columns: true });
      expect(rows).toMatchObject([
        {
          ticker: 'btc_usd',
          price: '81412.20000',
          source: 'kraken',
          requested_at: '2026-11-20T20:05:08.123Z',
          rate: '',
        },
      ]);
    });

    it('refuses to write over a file that is there', async () => {
      const name = 'prices-2026-11-20T20-05-08.123Z.csv';
      await writeFile(join(folder, name), 'kept');
      const { status, complained } = await cli.run({ '/kraken': KRAKEN }, [
        '--ticker',
        'btc_usd',
        '--source',
        'kraken',
        '--out',
        folder,
      ]);
      expect(status).toBe(2);
      expect(complained()).toContain('EEXIST');
      expect(await readFile(join(folder, name), 'utf8')).toBe('kept');
      expect(await readdir(folder)).toEqual([name]);
    });

    it('writes nothing when there is no price', async () => {
      const { report } = await cli.fetched({}, ['--ticker', 'btc_usd', '--source', 'kraken', '--out', folder]);
      expect(report.file).toBeNull();
      expect(await readdir(folder)).toEqual([]);
    });
  });
});
