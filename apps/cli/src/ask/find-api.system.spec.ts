import '../../../../test/support/one-realm-of-errors.js';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readerPassword } from '@app/config';
import { findEmbeddedPostgres, postgresFolder, startEmbeddedPostgres } from '@app/embedded';
import { serveReadyApi } from '../../../../test/builders/served-api.js';
import { storePrices, storeSchedules } from '../../../../test/builders/stored-prices.js';
import { createEmptyDatabase } from '../../../../test/support/empty-database.js';
import { freePort } from '../../../../test/support/free-port.mjs';
import { makeHome, removeHome } from '../../../../test/support/private-home.mjs';
import { eventually, runToEnd, startProcess } from '../../../../test/support/processes.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';

describe('who answers a question', () => {
  let database: TestDatabase;
  let home: string;
  let port: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    await database.pool.query(`INSERT INTO settings VALUES ('mode', '"simulated"') ON CONFLICT DO NOTHING`);
    const slot = Math.floor(Date.now() / 60_000) * 60 - 600;
    await storeSchedules(database.pool, 'btc_usd', [{ fromSlot: slot, intervalSeconds: 60 }]);
    await storePrices(database.pool, 'btc_usd', [{ slot, price: '87123.450' }]);
    home = makeHome('ask');
    port = String(await freePort());
  });
  afterAll(async () => {
    removeHome(home);
    await database.drop();
  });

  function ask(environment: NodeJS.ProcessEnv, ...words: string[]) {
    const { status, stdout, stderr } = runToEnd('cli/src/main.js', words, {
      ...{ HOME: process.env['HOME'], TIDEMARK_HOME: home, API_PORT: port, ...environment },
    });
    return { status, stdout, stderr: stderr.replaceAll('\n', ' ') };
  }

  /** Sessions of APIs on the database of the test. */
  async function apiSessions(): Promise<number> {
    const { rows } = await database.pool.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'tidemark-api%'`,
    );
    return rows.length;
  }

  it('is the API of this machine while it runs, by PORT or API_PORT', async () => {
    const api = await serveReadyApi(database.readerUrl);
    try {
      const own = new URL(api.url).port;
      for (const environment of [{ API_PORT: own }, { PORT: own }]) {
        // Not by a call that blocks: the API runs in this process.
        const other = { DATABASE_URL: 'postgres://127.0.0.1:1/none', ...environment };
        const running = startProcess('cli/src/main.js', other, 0, ['latest']);
        await once(running.child, 'close');
        expect(running.stray()).toContain(`Asking the API at http://127.0.0.1:${own} (simulated prices).\n`);
        expect(running.stray()).toMatch(/^btc_usd +87123\.450 /m);
      }
    } finally {
      await api.close();
    }
  });

  it('is an API that is started on the database of the environment, and ended', async () => {
    const { status, stdout, stderr } = ask(
      { API_DATABASE_URL: database.readerUrl, TIDEMARK_MODE: 'simulated' },
      'latest',
    );
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.stringMatching(
        /^Asking an API that is started for this question, on the database: postgres:.* \(simulated prices\)\. $/,
      ) as string,
    });
    expect(stderr).not.toContain('reader@');
    expect(stdout).toMatch(/^btc_usd +87123\.450 /m);
    expect(
      await eventually('its sessions to end', 5_000, async () => ((await apiSessions()) === 0 ? true : undefined)),
    ).toBe(true);
  });

  it('reads the database of DATABASE_URL alone, when it was set up by that alone; else names what is missing', async () => {
    const empty = await createEmptyDatabase();
    try {
      const environment = { DATABASE_URL: empty.url, API_DATABASE_USER: empty.role, TIDEMARK_MODE: 'simulated' };
      const location = { ...environment, POSTGRES_HOST: '', POSTGRES_PORT: 0, POSTGRES_USER: '', POSTGRES_DB: '' };
      const migration = { ...environment, API_DATABASE_PASSWORD: readerPassword(location) };
      expect(runToEnd('cli/src/main.js', ['migrate'], migration).status).toBe(0);
      expect(ask(environment, 'tickers')).toMatchObject({ status: 0, stdout: 'There is no ticker yet.\n' });

      const refused = ask({ ...environment, API_DATABASE_PASSWORD: 'another-one' }, 'tickers');
      expect(refused).toMatchObject({ status: 1, stdout: '' });
      expect(refused.stderr).toMatch(/authentication failed.*\. API_DATABASE_PASSWORD is .* API_DATABASE_URL/);
    } finally {
      await empty.drop();
    }
  });

  it.each<[string, NodeJS.ProcessEnv, RegExp]>([
    [
      'cannot be reached',
      { DATABASE_URL: 'postgres://me:hidden-word@127.0.0.1:1/none' },
      /cannot be asked: .*ECONNREFUSED/,
    ],
    [
      'there is not',
      { TIDEMARK_HOME: '/none' },
      /No API answers at http:\/\/127\.0\.0\.1:\d+\. There is no database to ask: .*make demo/,
    ],
  ])('says in a sentence that the database %s, with status 1', (_name, environment, sentence) => {
    const { status, stdout, stderr } = ask(environment, 'tickers');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/hidden-word| {4}at /);
  });

  it('says what the API says that cannot read: real prices were expected, or the role may write', () => {
    expect(ask({ API_DATABASE_URL: database.readerUrl }, 'tickers')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/simulated/) as string,
    });
    expect(ask({ API_DATABASE_URL: database.url, TIDEMARK_MODE: 'simulated' }, 'tickers')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/may write to/) as string,
    });
  });

  it('reads a wrong environment as a wrong question', () => {
    const { status, stderr } = ask({ API_PORT: 'http', API_URL: 'nowhere' }, 'tickers');
    expect(status).toBe(2);
    expect(stderr).toMatch(/The environment is not usable: +- API_PORT: .* - API_URL: |- API_URL: .* - API_PORT: /);
  });

  it('is an API on the private stores, which run for the question alone, also when it is interrupted', async () => {
    const dataFolder = postgresFolder(join(home, 'demo'));
    const postgres = await startEmbeddedPostgres({ dataFolder, settings: { fsync: 'off' } });
    try {
      const environment = { DATABASE_URL: postgres.url, API_DATABASE_PASSWORD: 'reader', TIDEMARK_MODE: 'simulated' };
      expect(runToEnd('cli/src/main.js', ['migrate'], environment)).toMatchObject({ status: 0 });
      writeFileSync(join(home, 'demo', 'api-database-password'), 'reader\n');
    } finally {
      await postgres.stop();
    }

    const { status, stdout, stderr } = ask({}, 'tickers');
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'There is no ticker yet.\n' });
    expect(stderr).toContain(`${home}/demo`);
    expect(findEmbeddedPostgres(dataFolder)).toBeUndefined();

    const running = startProcess('cli/src/main.js', { TIDEMARK_HOME: home, API_PORT: port }, 0, ['tickers']);
    try {
      await eventually('the stores to run', 60_000, () => running.stray().includes('Asking an API') || undefined);
    } finally {
      await running.end('SIGINT');
    }
    expect([running.child.exitCode, running.child.signalCode]).toEqual([1, null]);
    expect(running.stray()).toContain('error: interrupted');
    expect(findEmbeddedPostgres(dataFolder)).toBeUndefined();
  });
});
