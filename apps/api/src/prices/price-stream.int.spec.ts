import http from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { LONG_HISTORY, storeLongHistory } from '../../../../test/builders/long-history.js';
import { serveReadyApi, type ServedApi } from '../../../../test/builders/served-api.js';
import { startTcpProxy } from '../../../../test/support/tcp-proxy.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';

const { firstSlot: SLOT, rows: ROWS } = LONG_HISTORY;

let database: TestDatabase;
let api: ServedApi;

beforeAll(async () => {
  database = await createTestDatabase();
  await storeLongHistory(database.pool);
  api = await serveReadyApi(database.readerUrl);
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

/** Asks for everything; the answer comes when its head is there, and nothing of its body is taken yet. */
async function askForAll(from: ServedApi): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    http.get(`${from.url}/prices?ticker=btc_usd`, { agent: false }, resolve).once('error', reject);
  });
}

/** Waits until the API sends this many streams. */
async function untilStreams(from: ServedApi, count: number): Promise<void> {
  for (;;) {
    const { text } = await from.get('/metrics');
    if (text.includes(`tidemark_api_streams ${count}\n`)) return;
  }
}

async function readToEnd(answer: http.IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return text;
}

describe('a long answer', () => {
  it('is complete, in order and valid JSON', async () => {
    const answer = await askForAll(api);
    const { data, next } = JSON.parse(await readToEnd(answer)) as {
      data: { timestamp: number; price: string }[];
      next: null;
    };
    expect(next).toBeNull();
    expect(data).toHaveLength(ROWS);
    expect(data.every(({ timestamp, price }, index) => timestamp === SLOT + index && price === String(index + 1))).toBe(
      true,
    );
  });

  it('takes bounded memory while its client is slow', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const usedBytes = () => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const answer = await askForAll(api);
    const before = usedBytes();
    const whenRead: number[] = [];
    let bytes = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      const tenth = Math.floor(bytes / 4_000_000);
      bytes += chunk.length;
      if (Math.floor(bytes / 4_000_000) > tenth) whenRead.push(usedBytes() - before);
    }
    expect(bytes).toBeGreaterThan(16_000_000);
    expect(Math.max(...whenRead)).toBeLessThan(4_000_000);
  });

  it('holds no connection and no transaction while its client takes nothing', async () => {
    const answer = await askForAll(api);
    const busy = await untilIdle();
    expect(busy).toBe(0);
    answer.destroy();
    await untilStreams(api, 0);
  });

  it('is whole or breaks when its connection to the database is ended between two pages', async () => {
    const answer = await askForAll(api);
    await untilIdle();
    await database.pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tidemark-api' AND datname = current_database()`,
    );
    // Whole when the pool has noticed before the next page is read, broken when not.
    const text = await readToEnd(answer).catch((error: unknown) => String(error));
    if (text !== 'Error: aborted') expect((JSON.parse(text) as { data: unknown[] }).data).toHaveLength(ROWS);
  });

  it('breaks the connection, and never closes the JSON, when the database goes away in the middle', async () => {
    // An API and a way of its own: one that has just lost its database answers 503 for a moment.
    const way = await startTcpProxy(database.readerUrl);
    const cutOff = await serveReadyApi(way.url);
    const answer = await askForAll(cutOff);
    await untilIdle();
    way.cut();
    let text = '';
    await expect(async () => {
      for await (const chunk of answer) text += String(chunk);
    }).rejects.toThrow('aborted');
    expect(text).toMatch(/^\{"ticker":"btc_usd","data":\[\{/);
    expect(text).not.toContain(']');
    await cutOff.logged('stream_broken');
    await untilStreams(cutOff, 0);
    await cutOff.close();
    await way.close();
  });

  it('is not sent on when its client leaves', async () => {
    const answer = await askForAll(api);
    await untilStreams(api, 1);
    answer.destroy();
    await untilStreams(api, 0);
  });

  it('is dropped when its client stops reading', async () => {
    const brief = await serveReadyApi(database.readerUrl, { streamIdleMs: 100 });
    const answer = await askForAll(brief);
    await brief.logged('stream_dropped');
    await expect(readToEnd(answer)).rejects.toThrow('aborted');
    await untilStreams(brief, 0);
    await brief.close();
  });

  it('does not hold up the end of the process', async () => {
    const ending = await serveReadyApi(database.readerUrl, { finishWithinMs: 250 });
    const answer = await askForAll(ending);
    await ending.close();
    await expect(readToEnd(answer)).rejects.toThrow('aborted');
  });
});

/** Waits until the API runs no statement; every connection it keeps is idle then. @returns how many are in a transaction. */
async function untilIdle(): Promise<number> {
  for (let quiet = 0; quiet < 20;) {
    const { rows } = await database.pool.query<{ active: number; open: number }>(
      `SELECT count(*) FILTER (WHERE state = 'active')::int AS active, count(*) FILTER (WHERE state LIKE 'idle in%')::int AS open
       FROM pg_stat_activity WHERE application_name = 'tidemark-api' AND datname = current_database()`,
    );
    quiet = rows[0]?.active === 0 ? quiet + 1 : 0;
    if (quiet === 20) return rows[0]?.open ?? 0;
  }
  return 0;
}
