import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { storeLongHistory } from '../../../../test/builders/long-history.js';
import { serveReadyApi, type ServedApi } from '../../../../test/builders/served-api.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';

const LATEST = '/prices/latest?ticker=btc_usd';

let database: TestDatabase;
let api: ServedApi;
let lock: PoolClient | undefined;

beforeAll(async () => {
  database = await createTestDatabase();
  await storeLongHistory(database.pool);
});
afterAll(() => database.drop());
beforeEach(async () => {
  api = await serveReadyApi(database.readerUrl);
});
afterEach(async () => {
  await lock?.query('ROLLBACK');
  lock?.release();
  lock = undefined;
  await api.close();
});

function ask(path: string, agent: http.Agent | false = false): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    http.get(api.url + path, { agent }, resolve).once('error', reject);
  });
}

async function textOf(answer: http.IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return text;
}

describe('a connection', () => {
  it('is kept for much longer than its answers say, for load balancers that do not heed that', async () => {
    // By hand: an agent heeds it.
    const { host, port } = new URL(api.url);
    const socket = net.connect(Number(port), host.split(':')[0]);
    const texts: string[] = [];
    socket.on('data', (text: Buffer) => texts.push(text.toString()));
    const asked = async () => {
      socket.write(`GET ${LATEST} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      await once(socket, 'data');
    };
    await asked();
    expect(texts.join('')).toContain('\r\nKeep-Alive: timeout=5\r\n');
    texts.length = 0;
    await sleep(7_000);
    await asked();
    expect(texts.join('')).toMatch(/^HTTP\/1\.1 200 /);
    socket.destroy();
  });
});

describe('an API that was told to end', () => {
  it('serves on, says that it is not ready, and makes every answer the last of its connection', async () => {
    const agent = new http.Agent({ keepAlive: true });
    const before = await ask(LATEST, agent);
    expect(before.headers.connection).toBe('keep-alive');
    await textOf(before);
    api.end();
    const after = await ask(LATEST, agent);
    expect([after.statusCode, after.headers.connection]).toEqual([200, 'close']);
    await textOf(after);
    const { status, json } = await api.get('/readyz');
    expect([status, json.detail]).toEqual([503, 'Not ready: this process is ending.']);
    expect((await api.get('/livez')).status).toBe(200);
    agent.destroy();
  });

  it('finishes the answers in flight before it closes, the waiting and the half sent', async () => {
    const long = await ask('/prices?ticker=btc_usd&limit=10000');
    lock = await database.pool.connect();
    await lock.query('BEGIN; LOCK TABLE latest IN ACCESS EXCLUSIVE MODE');
    const waiting = ask(LATEST);
    await untilLocked(1);
    const closing = api.close();
    const longText = textOf(long);
    await refused();
    await lock.query('ROLLBACK');
    const answer = await waiting;
    expect([answer.statusCode, answer.headers.connection]).toEqual([200, 'close']);
    expect(JSON.parse(await textOf(answer))).toMatchObject({ ticker: 'btc_usd' });
    const { data } = JSON.parse(await longText) as { data: unknown[] };
    expect(data).toHaveLength(10_000);
    await closing;
  });

  it('does not wait for connections that are only kept open', async () => {
    const agent = new http.Agent({ keepAlive: true });
    await textOf(await ask(LATEST, agent));
    const begun = Date.now();
    await api.close();
    expect(Date.now() - begun).toBeLessThan(4_000);
    agent.destroy();
  });

  it('cuts a client that does not take its answer, in time for the end of the process', async () => {
    const long = await ask('/prices?ticker=btc_usd');
    const begun = Date.now();
    await api.close();
    // The process has 8 s.
    expect(Date.now() - begun).toBeLessThan(7_500);
    await expect(textOf(long)).rejects.toThrow();
  });
});

/** Waits until so many statements wait for a lock. */
async function untilLocked(count: number): Promise<void> {
  for (;;) {
    const { rows } = await database.pool.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    if ((rows[0]?.count ?? 0) >= count) return;
  }
}

/** Waits until the API takes no more connections. */
async function refused(): Promise<void> {
  for (;;) {
    try {
      await fetch(`${api.url}/livez`);
    } catch {
      return;
    }
  }
}
