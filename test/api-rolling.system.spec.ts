import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { storePrices, storeSchedules } from './builders/stored-prices.js';
import { freePort } from './support/free-port.mjs';
import { eventually, startProcess, type RunningProcess } from './support/processes.js';
import { createTestDatabase, type TestDatabase } from './support/test-database.js';

const SLOT = 1_766_016_000;
const CLIENTS = 20;

describe('an API process that is told to end under load', () => {
  let database: TestDatabase;
  let api: RunningProcess;
  let url: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    await storeSchedules(database.pool, 'btc_usd', [{ fromSlot: SLOT, intervalSeconds: 60 }]);
    await storePrices(database.pool, 'btc_usd', [{ slot: SLOT, price: '1' }]);
  });
  afterAll(() => database.drop());

  async function start(drainSeconds: number): Promise<void> {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    api = startProcess('api/src/main.js', {
      API_DATABASE_URL: database.readerUrl,
      TIDEMARK_MODE: 'simulated',
      API_HOST: '127.0.0.1',
      API_PORT: String(port),
      API_DRAIN_SECONDS: String(drainSeconds),
    });
    await eventually('the API', 30_000, async () => ((await fetch(`${url}/readyz`)).ok ? true : undefined));
  }

  /** One request over a connection that the agent keeps. @returns what went wrong. */
  function ask(agent: http.Agent): Promise<string | undefined> {
    return new Promise((resolve) => {
      const request = http.get(`${url}/prices?ticker=btc_usd`, { agent }, (response) => {
        response.resume();
        response.once('close', () => {
          const isWhole = response.complete && response.statusCode === 200;
          resolve(isWhole ? undefined : `status ${response.statusCode}, complete: ${response.complete}`);
        });
      });
      request.once('error', (error) => resolve(error.message));
    });
  }

  test('fails no request of clients that leave when it says that it is not ready', async () => {
    await start(3);
    const faults: string[] = [];
    let answered = 0;
    let isEnding = false;
    const clients = Array.from({ length: CLIENTS }, async () => {
      const agent = new http.Agent({ keepAlive: true });
      while (!isEnding) {
        const fault = await ask(agent);
        answered += 1;
        if (fault !== undefined) faults.push(fault);
        await sleep(20);
      }
      agent.destroy();
    });
    await sleep(1_000);
    const ended = api.end('SIGTERM');
    await eventually('the word of its end', 3_000, async () => {
      const answer = await fetch(`${url}/readyz`);
      const { detail } = (await answer.json()) as { detail?: string };
      return detail?.includes('this process is ending') === true ? true : undefined;
    });
    // As long as a load balancer needs to take it out.
    await sleep(1_500);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    isEnding = true;
    await Promise.all(clients);
    await ended;
    expect(faults).toEqual([]);
    expect(answered).toBeGreaterThan(100);
    expect(api.child.exitCode).toBe(0);
  });

  test('ends at once without a time of draining, as Ctrl-C should', async () => {
    await start(0);
    const begun = Date.now();
    await api.end('SIGINT');
    expect(Date.now() - begun).toBeLessThan(3_000);
    expect(api.child.exitCode).toBe(0);
  });
});
