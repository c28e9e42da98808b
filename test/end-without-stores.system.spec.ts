import { PostgresProcess } from './support/postgres-process.js';
import { eventually } from './support/processes.js';
import { RedisProcess, redisServerName } from './support/redis-process.js';
import { startTcpProxy, type TcpProxy } from './support/tcp-proxy.js';
import { TestSystem } from './support/test-system.js';

/** WORKER_FINISH_SECONDS of the worker, in seconds. */
const FINISH_SECONDS = 2;

/** How long a worker and a scheduler may take to end, in milliseconds, whatever their stores do. */
const ENDED_WITHIN_MS = { worker: FINISH_SECONDS * 1000 + 3_000, scheduler: 5_000 };

const stores = ['postgres', ...(redisServerName() === undefined ? [] : ['redis'])];
if (stores.length === 1)
  process.stderr.write('No redis-server on the PATH: processes end without a queue on Postgres only.\n');

describe.each(stores)('cut off from every store, with the queue on %s', (store) => {
  let postgres: PostgresProcess;
  let redis: RedisProcess | undefined;
  let system: TestSystem;
  let proxies: TcpProxy[];

  beforeEach(async () => {
    postgres = await PostgresProcess.start();
    redis = store === 'redis' ? await RedisProcess.start() : undefined;
    proxies = [];
    system = await TestSystem.prepare({ databaseUrl: postgres.url, queueUrl: redis?.url, intervalSeconds: 1 });
    const variables = {
      DATABASE_URL: await byProxy(postgres.url),
      ...(redis === undefined ? {} : { QUEUE_URL: await byProxy(redis.url) }),
      WORKER_FINISH_SECONDS: String(FINISH_SECONDS),
    };
    await system.start('scheduler', 'scheduler', 0, variables);
    await system.start('worker', 'worker', 0, variables);
    await system.priceFrom(0);
  });
  afterEach(async () => {
    for (const proxy of proxies) proxy.mend();
    await system.stop();
    for (const proxy of proxies) await proxy.close();
    await redis?.stop();
    await postgres.stop();
  });

  it('a worker with a job in hand and a scheduler end in time, in an orderly way', async () => {
    // The call ends well within the time to finish; what it brought can be stored no more.
    const fault = { source: 'deribit', kind: 'delay', delay_ms: 1_000, seconds: 120 };
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${system.simulatorUrl}/simulator/faults`, {
      method: 'POST',
      headers,
      body: JSON.stringify(fault),
    });
    expect(answer.status).toBe(201);
    await eventually('a call under way', 30_000, async () => {
      const { rows } = await system.pool.query(`SELECT FROM fetches WHERE status = 'running' AND attempts = 1`);
      return rows.length > 0 || undefined;
    });
    for (const proxy of proxies) proxy.freeze();
    const [workerMs] = await Promise.all([endedAfterMs('worker'), schedulerWaits()]);
    const schedulerMs = await endedAfterMs('scheduler');
    process.stderr.write(`${store}: worker ended after ${workerMs} ms, scheduler after ${schedulerMs} ms\n`);
    expect(workerMs).toBeLessThan(ENDED_WITHIN_MS.worker);
    expect(schedulerMs).toBeLessThan(ENDED_WITHIN_MS.scheduler);
    expect(system.started.slice(-2).map(({ process }) => process.child.exitCode)).toEqual([0, 0]);
  });

  /** Until the scheduler has noticed: whatever it does by the clock then waits for a store. */
  const schedulerWaits = () =>
    eventually(
      'a scheduler that is not ready',
      30_000,
      () => system.lines('scheduler').some((line) => line.event === 'not_ready') || undefined,
    );

  async function byProxy(url: string): Promise<string> {
    const proxy = await startTcpProxy(url);
    proxies.push(proxy);
    return proxy.url;
  }

  async function endedAfterMs(name: string): Promise<number> {
    const since = performance.now();
    await system.end(name, 'SIGTERM');
    return Math.round(performance.now() - since);
  }
});
