import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { storePrices, storeSchedules } from './builders/stored-prices.js';
import { freePort } from './support/free-port.mjs';
import { eventually, startProcess, type RunningProcess } from './support/processes.js';
import { createTestDatabase, type TestDatabase } from './support/test-database.js';

const SLOT = 1_766_016_000;
const CLIENTS = 20;

/** More than the 5 s for which a client may use a connection again, as it is told with every answer. */
const DRAIN_SECONDS = 6;
const LOAD = path.resolve(import.meta.dirname, 'cluster/pods/load.mjs');
const RATE = 200;

describe('an API process that is told to end under load', () => {
  let database: TestDatabase;
  let api: RunningProcess;
  let url: string;
  let started: RunningProcess[] = [];
  let front: net.Server | undefined;
  let load: ChildProcessByStdio<Writable, Readable, null> | undefined;

  beforeAll(async () => {
    database = await createTestDatabase();
    await storeSchedules(database.pool, 'btc_usd', [{ fromSlot: SLOT, intervalSeconds: 60 }]);
    await storePrices(database.pool, 'btc_usd', [{ slot: SLOT, price: '1' }]);
  });
  afterEach(async () => {
    load?.kill();
    front?.close();
    await Promise.all(started.map((each) => each.end('SIGKILL')));
    started = [];
  });
  afterAll(() => database.drop());

  async function start(drainSeconds: number): Promise<number> {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    api = startProcess('api/src/main.js', {
      API_DATABASE_URL: database.readerUrl,
      TIDEMARK_MODE: 'simulated',
      API_HOST: '127.0.0.1',
      API_PORT: String(port),
      API_DRAIN_SECONDS: String(drainSeconds),
    });
    started.push(api);
    await eventually('the API', 30_000, async () => ((await fetch(`${url}/readyz`)).ok ? true : undefined));
    return port;
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

  test('fails no request when a stall of everything makes clients use all their connections just as these are closed', async () => {
    const first = await start(DRAIN_SECONDS);
    const ending = api;
    // As kube-proxy does: a connection stays where it is, and those that come later go elsewhere.
    let leadsTo = first;
    front = net.createServer((caller) => {
      const server = net.connect(leadsTo, '127.0.0.1');
      caller.pipe(server).pipe(caller);
      for (const socket of [caller, server]) socket.on('error', () => undefined);
    });
    await once(front.listen(0, '127.0.0.1'), 'listening');
    const { port } = front.address() as net.AddressInfo;
    const second = await start(0);
    const client = (load = spawn(process.execPath, [LOAD], {
      env: { ADDRESSES: `http://127.0.0.1:${port}/prices/latest?ticker=btc_usd`, RATE: String(RATE) },
      stdio: ['pipe', 'pipe', 'inherit'],
    }));
    let printed = '';
    client.stdout.on('data', (text: Buffer) => (printed += text.toString()));
    // Where processors are scarce, nobody answers for a while, and each request meanwhile takes a connection of its own.
    const stall = async (ms: number): Promise<void> => {
      for (const { child } of [ending, api]) child.kill('SIGSTOP');
      await sleep(ms);
      for (const { child } of [ending, api]) child.kill('SIGCONT');
    };
    await sleep(1_000);
    await stall(500);
    await sleep(500);
    const ended = ending.end('SIGTERM');
    leadsTo = second;
    await sleep(DRAIN_SECONDS * 1000 - 250);
    await stall(500);
    await ended;
    await sleep(500);
    client.stdin.end();
    await once(client, 'close');
    expect(JSON.parse(printed)).toMatchObject({ failed: 0, failures: [], sent: expect.any(Number) });
    expect(ending.child.exitCode).toBe(0);
  });

  test('ends at once without a time of draining, as Ctrl-C should', async () => {
    await start(0);
    const begun = Date.now();
    await api.end('SIGINT');
    expect(Date.now() - begun).toBeLessThan(3_000);
    expect(api.child.exitCode).toBe(0);
  });
});
