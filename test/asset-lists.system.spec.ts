import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { eventually } from './support/processes.js';
import { createTestDatabase, type TestDatabase } from './support/test-database.js';
import { TestSystem } from './support/test-system.js';

const CLI = path.resolve(import.meta.dirname, '../dist/apps/cli/src/main.js');
const ASSETS = 1_000;

describe('lists of assets, by real processes', () => {
  let database: TestDatabase;
  let system: TestSystem;

  beforeAll(async () => {
    database = await createTestDatabase();
    system = await TestSystem.prepare({ databaseUrl: database.url, simulatedAssets: ASSETS });
  });
  afterAll(async () => {
    await system.stop();
    await database.drop();
  });

  // Tests come in any order.
  beforeEach(() =>
    database.pool.query(
      'TRUNCATE etl_runs, etl_checkpoints, etl_pages, etl_records, raw_records, assets, asset_values, etl_quarantine RESTART IDENTITY',
    ),
  );

  function etl(words: readonly string[], variables: Readonly<Record<string, string>> = {}) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, 'etl', ...words], {
      encoding: 'utf8',
      env: {
        ...{ PATH: process.env.PATH, DATABASE_URL: database.url, TIDEMARK_MODE: 'simulated' },
        COINGECKO_URL: `${system.simulatorUrl}/coingecko/api/v3`,
        COINPAPRIKA_URL: `${system.simulatorUrl}/coinpaprika/v1`,
        ...variables,
      },
    });
    return { status, stdout, stderr };
  }

  it('stop after exactly as many records as they are asked to, and go on with the next one', async () => {
    const failed = etl(['run', '--source', 'coinpaprika', '--json'], { FAIL_AFTER_N_RECORDS: '10' });
    expect(failed.status).toBe(1);
    expect(JSON.parse(failed.stdout)).toMatchObject({ status: 'failed', processed: 10, written: 10 });
    const { rows } = await database.pool.query<{ id: string }>(
      `SELECT record_id AS id FROM raw_coinpaprika ORDER BY 1`,
    );
    expect(rows).toHaveLength(10);
    const [status] = (JSON.parse(etl(['status', '--json']).stdout) as { lists: { lastProcessedId: string }[] }).lists;
    expect(status?.lastProcessedId).toBe(rows.at(-1)?.id);
    const rest = etl(['run', '--source', 'coinpaprika']);
    expect(rest.stdout).toMatch(
      /^Run 2 of coinpaprika, from record 11 of its page on: \d+ records, the last one \S+; \d+ written, 0 unchanged, 0 in quarantine\.\n$/,
    );
    const { rows: all } = await database.pool.query<{ assets: number; raw: number }>(
      `SELECT (SELECT count(*)::int FROM assets) AS assets, (SELECT count(*)::int FROM raw_coinpaprika) AS raw`,
    );
    expect(all[0]?.assets).toBeGreaterThan(ASSETS);
    expect(all[0]?.raw).toBe(all[0]?.assets);
  });

  it('are read by workers on a schedule, from the start', async () => {
    const variables = {
      ETL_INTERVAL_SECONDS: '5',
      ETL_COINGECKO_PAGES: '3',
      COINPAPRIKA_URL: `${system.simulatorUrl}/coinpaprika/v1`,
    };
    await system.start('scheduler', 'scheduler', 0, variables);
    await system.start('worker', 'worker', 0, variables);
    await eventually('two runs of CoinGecko', 60_000, async () => {
      const { rows } = await database.pool.query<{ processed: number }>(
        `SELECT records_processed AS processed FROM etl_runs WHERE source = 'coingecko' AND status = 'completed'`,
      );
      return rows.length >= 2 ? rows : undefined;
    });
    const { rows } = await database.pool.query(
      `SELECT DISTINCT pages, records_processed AS processed, error FROM etl_runs WHERE source = 'coingecko' AND status = 'completed'`,
    );
    expect(rows).toEqual([{ pages: 3, processed: 750, error: null }]);
    await system.end('scheduler', 'SIGTERM');
    await system.end('worker', 'SIGTERM');
  });
});
