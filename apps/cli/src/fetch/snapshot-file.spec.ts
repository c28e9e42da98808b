import '../../../../test/support/one-realm-of-errors.js';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type FetchCli, startFetchCli } from '../../../../test/support/fetch-cli.js';

const KRAKEN = '{"error":[],"result":{"XXBTZUSD":{"c":["81412.20000","0.1"]}}}';
const HEADER = 'timestamp_utc,source,asset,price_usd,http_status,latency_ms,attempt';
const FILE = join('2026', '11', '20', 'prices-2005.csv');

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

  const linesOf = async (file: string): Promise<string[]> => (await readFile(file, 'utf8')).trimEnd().split('\n');

  describe('--out', () => {
    const words = ['--ticker', 'btc_usd', '--source', 'kraken', '--out'];

    it('writes a line for each answer in dollars, failed ones too, to the file of the minute', async () => {
      const out = join(folder, 'new', 'data');
      const asked = ['--ticker', 'btc_usd,eth_usd,btc_eur', '--source', 'kraken,bitstamp', '--out', out];
      const { status, report } = await cli.fetched({ '/kraken': KRAKEN, '/bitstamp': { status: 503 } }, asked);
      expect(status).toBe(1);
      expect(report.file).toBe(join(out, FILE));
      expect(await readdir(dirname(report.file))).toEqual(['prices-2005.csv']);
      const [header, ...lines] = await linesOf(report.file);
      expect(header).toBe(HEADER);
      const time = String.raw`2026-11-20T20:05:08\.123Z`;
      expect(lines).toEqual([
        expect.stringMatching(new RegExp(`^${time},kraken,bitcoin,81412\\.20000,200,\\d+,1$`)),
        expect.stringMatching(new RegExp(`^${time},bitstamp,ethereum,,503,\\d+,1$`)),
        expect.stringMatching(new RegExp(`^${time},kraken,ethereum,,200,\\d+,1$`)),
      ]);
    });

    it('adds the lines of a second fetch to the file of their minute', async () => {
      for (let time = 0; time < 2; time += 1) await cli.fetched({ '/kraken': KRAKEN }, [...words, folder]);
      const lines = await linesOf(join(folder, FILE));
      expect(lines).toHaveLength(3);
      expect(lines.slice(1).every((line) => line.includes(',kraken,bitcoin,81412.20000,200,'))).toBe(true);
    });

    it('refuses to write over a file that is no snapshot, and leaves it as it is', async () => {
      const file = join(folder, FILE);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, 'ticker,price\nbtc_usd,1\n');
      const { status, complained } = await cli.run({ '/kraken': KRAKEN }, [...words, folder]);
      expect(status).toBe(2);
      expect(complained().replace(/\s+/g, ' ')).toContain(
        `begins with "ticker,price" instead of the header of a snapshot, ${HEADER}: move it away, or name another folder.`,
      );
      expect(await readFile(file, 'utf8')).toBe('ticker,price\nbtc_usd,1\n');
      expect(await readdir(dirname(file))).toEqual(['prices-2005.csv']);
    });

    it('says which folder takes nothing', async () => {
      const file = join(folder, 'file');
      await writeFile(file, '');
      const { status, complained } = await cli.run({ '/kraken': KRAKEN }, [...words, join(file, 'data')]);
      expect(status).toBe(2);
      expect(complained().replace(/\s+/g, ' ')).toMatch(/No snapshot can be written to .*data: ENOTDIR/);
    });

    it('writes nothing when nobody has the ticker', async () => {
      const { report } = await cli.fetched({}, ['--ticker', 'xyz_usd', '--source', 'deribit', '--out', folder]);
      expect(report.file).toBeNull();
      expect(await readdir(folder)).toEqual([]);
    });

    it('refuses to ask for other currencies alone, before anybody is asked', async () => {
      const before = cli.server.requests.length;
      const { status, complained } = await cli.run({}, ['--ticker', 'btc_eur', '--out', folder]);
      expect(status).toBe(2);
      expect(complained()).toContain('--out writes prices in US dollars');
      expect(cli.server.requests).toHaveLength(before);
    });
  });
});
