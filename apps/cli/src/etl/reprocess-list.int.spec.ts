import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { keptTerminal } from '../../../../test/support/cli-terminal.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { runCli } from '../program.js';

const LAYOUT = (date: string): string =>
  `files:\n  - { file: coins.csv, date: ${date}, columns: { symbol: Coin, updated_at: Date, price_usd: Close } }\n`;

describe('tidemark etl reprocess', () => {
  let database: TestDatabase;
  let folder: string;

  beforeEach(async () => {
    database = await createTestDatabase();
    folder = await mkdtemp(path.join(os.tmpdir(), 'tidemark-reprocess-'));
    await writeFile(path.join(folder, 'layouts.yaml'), LAYOUT('iso'));
    await writeFile(path.join(folder, 'coins.csv'), 'Coin,Date,Close\nBTC,2025-12-05,100\nETH,05-12-2025,4\n');
    expect((await etl('run', '--source', 'csv')).status).toBe(0);
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
    await database.drop();
  });

  async function etl(...words: string[]) {
    const environment = { DATABASE_URL: database.url, TIDEMARK_MODE: 'simulated', ETL_CSV_DIR: folder };
    const terminal = keptTerminal({ environment });
    const status = await runCli(['etl', ...words], terminal);
    return { status, printed: terminal.printed(), complained: terminal.complained() };
  }

  const CSV = ['reprocess', '--source', 'csv', '--from', '2020-01-01', '--to', '2100-01-01'];

  it('shows what differs and ends with 1, stores it with --apply, and finds nothing after that', async () => {
    await database.pool.query(`UPDATE asset_values SET price_usd = 1 WHERE asset_id = 'btc'`);
    const shown = await etl(...CSV);
    expect(shown).toMatchObject({ status: 1 });
    expect(shown.printed).toBe(
      [
        '2 raw records of csv: 1 values are stored otherwise, 0 are not stored; 0 records leave the quarantine, 0 come into it.',
        '  btc at 2025-12-05T00:00:00.000Z: price_usd 1 is stored, 100 read',
        'Nothing is stored: --apply does it.\n',
      ].join('\n'),
    );
    const applied = await etl(...CSV, '--apply', '--json');
    expect(applied.status).toBe(0);
    expect(JSON.parse(applied.printed)).toMatchObject({ source: 'csv', applied: true, read: 2, different: 1 });
    expect(await etl(...CSV)).toMatchObject({ status: 0 });
  });

  it('reads by the layouts of today', async () => {
    await writeFile(path.join(folder, 'layouts.yaml'), LAYOUT('day_first'));
    const { status, printed } = await etl(...CSV, '--apply');
    expect(status).toBe(0);
    expect(printed).toContain('  coins.csv:000000003: can be read now\n');
    expect(printed).toContain('"2025-12-05" is no date with the day first such as 05-12-2025');
    const { rows } = await database.pool.query(`SELECT asset_id AS id, price_usd AS price FROM assets ORDER BY 1`);
    expect(rows).toEqual([
      { id: 'btc', price: '100' },
      { id: 'eth', price: '4' },
    ]);
  });

  it('says what is kept when nothing of the range is', async () => {
    const { status, complained } = await etl(
      'reprocess',
      '--source',
      'csv',
      '--from',
      '2020-01-01',
      '--to',
      '2020-01-02',
    );
    expect(status).toBe(2);
    expect(complained).toMatch(
      /^error: No raw record of csv that came from 2020-01-01T00:00:00.000Z to 2020-01-02T00:00:00.000Z is kept; those that came from \S+ to \S+ are: give times between them with --from and --to\.\n$/,
    );
    const none = await etl('reprocess', '--source', 'coinpaprika', '--from', '2020-01-01', '--to', '2020-01-02');
    expect(none.complained).toContain('none at all: tidemark etl run --source coinpaprika.');
  });

  it.each([
    [['--from', '2020-01-02', '--to', '2020-01-01'], '--from 2020-01-02 is not before --to 2020-01-01.'],
    [['--from', 'yesterday', '--to', '2020-01-01'], '--from yesterday is no instant'],
  ])('refuses %j', async (words, sentence) => {
    const { status, complained } = await etl('reprocess', '--source', 'csv', ...words);
    expect(status).toBe(2);
    expect(complained).toContain(sentence);
  });
});
