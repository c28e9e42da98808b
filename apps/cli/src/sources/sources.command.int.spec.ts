import '../../../../test/support/one-realm-of-errors.js';
import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unusedUrl } from '../../../../libs/sources/src/testing/answer-server.contract.js';
import { postgresFolder, startEmbeddedPostgres } from '@app/embedded';
import { catalogueTickers } from '../../../../test/builders/catalogued-ticker.js';
import { storeFailures } from '../../../../test/builders/stored-prices.js';
import { keptTerminal } from '../../../../test/support/cli-terminal.js';
import { makeHome, removeHome } from '../../../../test/support/private-home.mjs';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { runCli } from '../program.js';

const NOW_MS = Date.parse('2026-11-20T20:00:00Z');

describe('sources', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  async function listed(environment: NodeJS.ProcessEnv, ...words: string[]): Promise<string> {
    const terminal = keptTerminal({ nowMs: NOW_MS, environment });
    expect({ status: await runCli(['sources', ...words], terminal), complained: terminal.complained() }).toEqual({
      status: 0,
      complained: '',
    });
    return terminal.printed();
  }

  async function nowhere(): Promise<string> {
    return `postgres://user:hidden-word@${new URL(await unusedUrl()).host}/none`;
  }

  it('lists limits, origins, months and endpoints without a database, and says that none was reached', async () => {
    const text = await listed({ DATABASE_URL: await nowhere() });
    expect(text).toMatch(/^SOURCE +PLAN +KEY +LIMIT/);
    expect(text).toMatch(/coincap +free +needed, not set +200 in 60 s +50 +100\n/);
    expect(text).toContain('coinpaprika, month: ');
    expect(text).toMatch(/No health is known: the database at 127\.0\.0\.1:\d+\/none could not be read: ECONNREFUSED/);
    expect(text).not.toContain('hidden-word');
  });

  it('shows plan and limit of the key that is set, and never the key', async () => {
    const text = await listed(
      { DATABASE_URL: await nowhere(), COINGECKO_API_KEY: 'hidden-word', COINGECKO_PLAN: 'pro' },
      '--json',
    );
    expect(text).not.toContain('hidden-word');
    const { sources } = JSON.parse(text);
    expect(sources).toContainEqual(
      expect.objectContaining({
        source: 'coingecko',
        plan: 'pro',
        key: 'set',
        url: 'https://pro-api.coingecko.com/api/v3',
      }),
    );
    expect(sources).toContainEqual(expect.objectContaining({ source: 'kraken', key: 'none taken', month: null }));
  });

  it('tells how each source stands, and what of its month is used', async () => {
    await database.pool.query(
      `INSERT INTO sources (id, name) VALUES (3, 'coinpaprika'), (7, 'kraken') ON CONFLICT DO NOTHING`,
    );
    await database.pool.query(
      `INSERT INTO source_states (source_id, circuit_open_until, circuit_reason, paused_until, failures, last_success_at, last_latency_ms, last_failure_kind)
       VALUES (1, NULL, NULL, NULL, 0, '2026-11-20T19:59:00Z', 85, NULL),
              (2, NULL, NULL, '2026-11-20T20:01:00Z', 1, NULL, NULL, 'rate_limited'),
              (3, '2026-11-20T20:05:00Z', 'unauthorized', NULL, 3, NULL, NULL, 'unauthorized'),
              (7, '2026-11-20T19:00:00Z', 'timeout', NULL, 2, '2026-11-20T18:59:00Z', 85, 'timeout')
       ON CONFLICT (source_id) DO UPDATE SET (circuit_open_until, circuit_reason, paused_until, failures, last_success_at, last_latency_ms, last_failure_kind)
         = (EXCLUDED.circuit_open_until, EXCLUDED.circuit_reason, EXCLUDED.paused_until, EXCLUDED.failures, EXCLUDED.last_success_at, EXCLUDED.last_latency_ms, EXCLUDED.last_failure_kind)`,
    );
    await database.pool.query(`INSERT INTO source_credits (source_id, month, used) VALUES (3, '2026-11-01', 321)`);
    const { sources, note } = JSON.parse(await listed({ DATABASE_URL: database.url }, '--json'));
    const health = Object.fromEntries(
      sources.map((one: { source: string; health: string }) => [one.source, one.health]),
    );
    expect(note).toBeNull();
    expect(health).toMatchObject({
      deribit: 'answered in 85 ms at 2026-11-20T19:59:00.000Z',
      coingecko: 'paused until 2026-11-20T20:01:00.000Z, as it asked',
      coinpaprika: 'circuit open until 2026-11-20T20:05:00.000Z: unauthorized',
      kraken: 'failing, 2 times in a row: timeout',
      bitstamp: 'never asked',
    });
    expect(sources[2]).toMatchObject({ source: 'coinpaprika', month: { credits: 20_000, used: 321 } });
  });

  it('tells of a source that answers whether its answers can be used', async () => {
    const own = await createTestDatabase();
    const { pool } = own;
    const slots = [0, 1, 2, 3].map((index) => NOW_MS / 1000 - index * 60);
    for (const ticker of ['ada_usd', 'btc_usd'])
      await catalogueTickers(own.url, {
        ticker,
        fromSlot: NOW_MS / 1000 - 600,
        intervalSeconds: 60,
        sources: [1, 4].map((sourceId) => ({ sourceId, sourceSymbol: ticker })),
      });
    const rejected = (reason: string, sourceId: number) =>
      slots.map((slot) => ({ slot, reason, sourceId, outcome: 'rejected' as const }));
    for (const ticker of ['ada_usd', 'btc_usd']) await storeFailures(pool, ticker, rejected('jump', 1));
    await storeFailures(pool, 'btc_usd', rejected('stale', 4));
    await pool.query(
      `INSERT INTO source_states (source_id, last_success_at) SELECT unnest('{1, 4}'::smallint[]), '2026-11-20T19:59:00Z'
       ON CONFLICT (source_id) DO UPDATE SET last_success_at = EXCLUDED.last_success_at, last_latency_ms = NULL`,
    );
    const { sources } = JSON.parse(await listed({ DATABASE_URL: own.url }, '--json'));
    await own.drop();
    const healthOf = (id: string): unknown => sources.find((one: { source: string }) => one.source === id).health;
    expect(healthOf('deribit')).toBe(
      'answered at 2026-11-20T19:59:00.000Z, and disagrees on ada_usd and 1 more since 2026-11-20T19:57:00.000Z: jump',
    );
    expect(healthOf('coincap')).toBe('answered at 2026-11-20T19:59:00.000Z, and nothing of it can be used: stale');
  });

  it('says so when the database holds no Tidemark', async () => {
    const url = new URL(database.url);
    url.pathname = '/postgres';
    expect(await listed({ DATABASE_URL: url.href })).toContain('it holds no Tidemark');
  });

  it('shows in a table of 80 columns what --json has in full', async () => {
    const terminal = keptTerminal({ nowMs: NOW_MS, environment: { DATABASE_URL: database.url }, columns: 80 });
    expect(await runCli(['sources'], terminal)).toBe(0);
    const lines = terminal.printed().split('\n');
    // An address, which cannot be broken, may be longer.
    expect(lines.filter((line) => line.length > 80 && line.trim().includes(' '))).toEqual([]);
    expect(terminal.printed()).toMatch(/^Health:\n {2}deribit: /m);
    const { sources } = JSON.parse(await listed({ DATABASE_URL: database.url }, '--json'));
    expect(sources).toContainEqual(
      expect.objectContaining({
        source: 'coincap',
        endpoints: [
          { name: 'assets', tickers_per_call: 100 },
          { name: 'asset', tickers_per_call: 1 },
        ],
      }),
    );
  });

  it('reads the private stores while they run, names those that do not, and says where there are none', async () => {
    const home = makeHome('sources');
    expect(await listed({ TIDEMARK_HOME: home })).toMatch(
      new RegExp(`No health is known: DATABASE_URL is not set, and ${home}/demo and ${home}/live hold none`),
    );
    const postgres = await startEmbeddedPostgres({
      dataFolder: postgresFolder(join(home, 'demo')),
      settings: { fsync: 'off' },
    });
    try {
      // Found; nobody has migrated it.
      expect(await listed({ TIDEMARK_HOME: home })).toContain('it holds no Tidemark');
    } finally {
      await postgres.stop();
    }
    expect(await listed({ TIDEMARK_HOME: home })).toContain(`the private stores of ${home}/demo do not run`);
    removeHome(home);
  });

  it('lists the sources that the configuration declares', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-sources-'));
    const file = join(folder, 'sources.yaml');
    const declaration = `sources:
  - {id: 100, name: gemini, url: 'https://api.gemini.com/v1/pubticker/{source_symbol}', price: last, identity: {'volume.{BASE}': '*', 'volume.{QUOTE}': '*'},
     source_symbol_template: '{base}{quote}',
     limit: {calls: 2, per_seconds: 1, origin: docs.gemini.com}}`;
    await writeFile(file, declaration);
    const text = await listed({ DATABASE_URL: await nowhere(), HTTP_SOURCES_FILE: file });
    expect(text).toMatch(/gemini +free +none taken +2 in 1 s +- +1\n/);
    await writeFile(file, declaration.replace('gemini', 'kraken'));
    const terminal = keptTerminal({ environment: { HTTP_SOURCES_FILE: file } });
    expect(await runCli(['sources'], terminal)).toBe(2);
    expect(terminal.complained()).toContain('kraken and kraken have the same name');
    const wrong = keptTerminal({ environment: { CCXT_EXCHANGES: 'krakn' } });
    expect(await runCli(['sources'], wrong)).toBe(2);
    expect(wrong.complained()).toContain('did you mean kraken?');
    await rm(folder, { recursive: true });
  });
});
