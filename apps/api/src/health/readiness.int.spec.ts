import pg from 'pg';
import { migrate, ensurePartitions, WrongModeError } from '@app/storage';
import { serveApi, serveReadyApi, type ServedApi } from '../../../../test/builders/served-api.js';
import { storePrices, storeSchedules } from '../../../../test/builders/stored-prices.js';
import { startTcpProxy } from '../../../../test/support/tcp-proxy.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { WritingRoleError } from './reader.check.js';

const SLOT = 1_766_016_000;
const DATA_ROUTES = ['/prices?ticker=btc_usd', '/prices/latest?ticker=btc_usd', '/gaps?ticker=btc_usd', '/tickers'];

let database: TestDatabase;
const apis: ServedApi[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await Promise.all(apis.splice(0).map((api) => api.close()));
  await database.drop();
});

async function serve(...args: Parameters<typeof serveApi>): Promise<ServedApi> {
  const api = await serveApi(...args);
  apis.push(api);
  return api;
}

describe('the API before its database fits', () => {
  it('lives, tells why it is not ready, and serves once migrate has run', async () => {
    await database.pool.query(
      'DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC',
    );
    const api = await serve(database.readerUrl);
    await api.logged('not_ready');
    expect((await api.get('/livez')).status).toBe(200);
    for (const path of ['/readyz', ...DATA_ROUTES]) {
      const { status, headers, json } = await api.get(path);
      expect([path, status]).toEqual([path, 503]);
      expect(json.detail).toContain('run migrate');
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect((await api.get('/health')).json).toMatchObject({
      ...{ status: 'down', mode: 'simulated', database: { status: 'down' } },
    });
    expect((await api.get('/')).text).toContain('Not ready');

    const sources = [{ id: 1, name: 'deribit' }];
    const reader = { user: 'tidemark_api', password: 'reader' };
    await migrate({ url: database.url, mode: 'simulated', sources, reader, nowMs: Date.now() });
    await api.logged('ready');
    expect((await api.get('/readyz')).json).toMatchObject({ status: 'ready', role: 'tidemark_api' });
    expect((await api.get('/tickers')).json).toEqual({ tickers: [] });
  });

  it('is ready by the latch only after everything was right once', async () => {
    const wrong = await serve(database.readerUrl, { now: () => Date.now() + 3_600_000 });
    await wrong.logged('ready');
    expect((await wrong.get('/readyz?latched=true')).status).toBe(503);
    const right = await serveReadyApi(database.readerUrl);
    apis.push(right);
    expect((await right.get('/readyz?latched=true')).status).toBe(200);
    expect((await right.get('/readyz?latched=maybe')).json.errors).toEqual([
      { parameter: 'latched', detail: 'must be true or false' },
    ]);
    right.end();
    expect((await right.get('/readyz?latched=true')).status).toBe(503);
  });

  it('ends with a clear sentence when the database is of the other mode', async () => {
    const api = await serve(database.readerUrl, { mode: 'live' });
    const error = await api.fatal;
    expect(error).toBeInstanceOf(WrongModeError);
    expect(error.message).toContain('TIDEMARK_MODE=simulated');
  });

  it('ends with the cure when its role could write', async () => {
    const api = await serve(database.url);
    const error = await api.fatal;
    expect(error).toBeInstanceOf(WritingRoleError);
    expect(error).toMatchObject({ exitStatus: 2 });
    expect(error.message).toContain('API_DATABASE_USER');
    expect((await api.get('/tickers')).status).toBe(503);
  });

  it('is not ready, but serves, while its clock is wrong', async () => {
    const api = await serve(database.readerUrl, { now: () => Date.now() + 3_600_000 });
    await api.logged('ready');
    const { status, json } = await api.get('/readyz');
    expect(status).toBe(503);
    const offMs = Number(/clock is (\d+) ms off/.exec(String(json.detail))?.[1]);
    expect(Math.abs(offMs - 3_600_000)).toBeLessThan(30_000);
    expect((await api.get('/tickers')).status).toBe(200);
    expect((await api.get('/health')).json).toMatchObject({ status: 'degraded', clock: { status: 'degraded' } });
  });
});

describe('the API when its database goes away', () => {
  it('answers with 503 meanwhile and recovers by itself', async () => {
    await storeSchedules(database.pool, 'btc_usd', [{ fromSlot: SLOT, intervalSeconds: 60 }]);
    await storePrices(database.pool, 'btc_usd', [{ slot: SLOT, price: '1' }]);
    const proxy = await startTcpProxy(database.readerUrl);
    const api = await serve(proxy.url);
    await api.logged('ready');
    for (const path of DATA_ROUTES) expect((await api.get(path)).status).toBe(200);

    const lines = api.book.lines.length;
    proxy.cut();
    for (const path of DATA_ROUTES) {
      const { status, headers, json } = await api.get(path);
      // The list of tickers is a second old at most, and may still be known.
      if (path === '/tickers' && status === 200) continue;
      expect([path, status, json.status]).toEqual([path, 503, 503]);
      expect(headers.get('retry-after')).toBe('2');
    }
    await api.logged('not_ready', lines);
    expect((await api.get('/readyz')).status).toBe(503);
    expect((await api.get('/readyz?latched=true')).status).toBe(200);
    expect((await api.get('/health')).status).toBe(503);
    expect((await api.get('/livez')).status).toBe(200);

    const cutLines = api.book.lines.length;
    proxy.mend();
    await api.logged('ready', cutLines);
    for (const path of DATA_ROUTES) expect((await api.get(path)).status).toBe(200);
    await proxy.close();
  });
});

describe('the role of the API', () => {
  it('is reported by /health and cannot write to any table, nor to a partition made later', async () => {
    const api = await serveReadyApi(database.readerUrl);
    apis.push(api);
    const { json } = await api.get('/health');
    expect(json.database).toMatchObject({ status: 'up', role: 'tidemark_api' });
    const owner = await database.pool.connect();
    await ensurePartitions(owner, 4_102_444_800, 4_102_444_800);
    owner.release();
    const reader = new pg.Client({ connectionString: database.readerUrl });
    await reader.connect();
    try {
      expect((await reader.query('SELECT current_user AS role')).rows).toEqual([{ role: json.database.role }]);
      const tables = await reader.query<{ name: string }>(
        `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')`,
      );
      expect(tables.rows.map(({ name }) => name)).toContain('prices_y2100m01');
      for (const { name } of tables.rows) {
        await expect(reader.query(`SELECT * FROM ${name} LIMIT 1`)).resolves.toBeDefined();
        for (const statement of [
          `INSERT INTO ${name} DEFAULT VALUES`,
          `DELETE FROM ${name}`,
          `TRUNCATE ${name}`,
          `DROP TABLE ${name}`,
        ]) {
          await expect(reader.query(statement)).rejects.toThrow(/permission denied|must be owner/);
        }
      }
      await expect(reader.query('CREATE TABLE public.mine (id int)')).rejects.toThrow('permission denied');
    } finally {
      await reader.end();
    }
  });
});
