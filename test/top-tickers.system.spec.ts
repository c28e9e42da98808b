import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { SOURCES } from '@app/sources';
import { eventually } from './support/processes.js';
import { createTestDatabase, type TestDatabase } from './support/test-database.js';
import { TestSystem } from './support/test-system.js';

const CLI = path.resolve(import.meta.dirname, '../dist/apps/cli/src/main.js');

/** What `tickers add --json` prints. */
interface Printed {
  readonly added: readonly { readonly ticker: string; readonly sources: readonly { readonly source: string }[] }[];
  readonly sampled: readonly string[];
  readonly left_out: readonly { readonly symbol: string; readonly reason: string }[];
  readonly costs: readonly { readonly source: string; readonly per_minute: number }[];
  readonly faults: readonly string[];
}

describe('tickers of the greatest assets, by real processes', () => {
  let database: TestDatabase;
  let system: TestSystem;
  let urls: Record<string, string>;
  let control: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    system = await TestSystem.prepare({ databaseUrl: database.url, simulatedAssets: 100, catalogue: 'tickers: []' });
    urls = Object.fromEntries(
      SOURCES.map(({ name, plans: [plan] }) => [
        `${name.toUpperCase()}_URL`,
        `${system.simulatorUrl}/${name}${new URL(plan.baseUrl).pathname.replace(/\/$/, '')}`,
      ]),
    );
    control = await system.start('scheduler', 'scheduler', 0, urls);
    await system.start('worker', 'worker', 0, urls);
  });
  afterAll(async () => {
    await system.stop();
    await database.drop();
  });

  function tidemark(...words: readonly string[]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...words], {
      encoding: 'utf8',
      env: {
        ...{ PATH: process.env.PATH, DATABASE_URL: database.url, TIDEMARK_MODE: 'simulated', COLUMNS: '200' },
        ...{ CONTROL_PORT: new URL(control).port, CONTROL_PASSWORD: 'control-password' },
        ...urls,
      },
    });
    return { status, stdout, stderr };
  }

  function add(...words: readonly string[]): Printed {
    const { stdout, stderr } = tidemark('tickers', 'add', ...words, '--json');
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as Printed;
  }

  async function scheduled(): Promise<string[]> {
    const { rows } = await database.pool.query<{ ticker: string }>(
      'SELECT ticker FROM schedules JOIN tickers ON tickers.id = ticker_id WHERE to_slot IS NULL ORDER BY 1',
    );
    return rows.map(({ ticker }) => ticker);
  }

  it('are shown, added and sampled', async () => {
    await eventually('the scheduler', 20_000, async () => ((await fetch(`${control}/readyz`)).ok ? true : undefined));
    const early = tidemark('tickers', 'add', '--top', '20');
    expect([early.status, early.stderr]).toEqual([1, expect.stringContaining('tidemark etl run --source coinpaprika')]);

    for (const source of ['coinpaprika', 'coingecko'])
      expect(tidemark('etl', 'run', '--source', source)).toMatchObject({ status: 0 });
    const shown = tidemark('tickers', 'add', '--top', '20', '--quote', 'usd', '--dry-run');
    expect(shown).toMatchObject({ status: 0, stderr: '' });
    expect(shown.stdout).toMatch(/^TICKER +ASSET +EVERY +SOURCES\nbtc_usd +bitcoin +60 s +kraken:XBTUSD/);
    expect(shown.stdout).toMatch(/paxg +pax-gold +is pegged to xau/);
    expect(shown.stdout).toMatch(/^kraken +\S+ +1 +27 +44,640 +-$/m);
    expect(shown.stdout).toMatch(/19 tickers would be added, by the market capitalisation of co/);
    expect(await scheduled()).toEqual([]);

    const { added, faults } = add('--top', '20');
    expect(faults).toEqual([]);
    expect(await scheduled()).toEqual(added.map(({ ticker }) => ticker).toSorted());
    expect(added.filter(({ sources }) => sources.length < 2)).toEqual([]);
    const again = add('--top', '20');
    expect([again.added, again.sampled.toSorted()]).toEqual([[], await scheduled()]);

    await eventually('a price of each', 90_000, async () => {
      const { rows } = await database.pool.query<{ ticker: string }>(
        'SELECT ticker FROM latest JOIN tickers ON tickers.id = ticker_id',
      );
      return rows.length === added.length ? rows : undefined;
    });
  });
});
