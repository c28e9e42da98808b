import { slotAt } from '@app/domain';
import { fetchJob, sourceQueueName, producerOptions, queueStoreOf, useQueueStore, type FetchJob } from '@app/queue';
import { Queue } from 'bullmq';
import { createSimulator, type Simulator } from '../../simulator/src/simulator.js';
import { catalogueTickers } from '../../../test/builders/catalogued-ticker.js';
import { intervalBeginningAt, fetchState, planFetches, pricesOf } from '../../../test/builders/planned-fetch.js';
import { freePort } from '../../../test/support/free-port.mjs';
import { eventually, startProcess, type RunningProcess } from '../../../test/support/processes.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';

/** What an orchestrator grants between SIGTERM and SIGKILL, in milliseconds. */
const GRACE_MS = 10_000;

describe('a worker process', () => {
  let database: TestDatabase;
  let simulator: Simulator;
  let queue: Queue;
  let worker: RunningProcess;

  beforeEach(async () => {
    database = await createTestDatabase();
    simulator = await createSimulator({ seed: 'worker-process' });
    const simulatorUrl = await simulator.listen(0);
    const store = queueStoreOf(database.url);
    useQueueStore(store);
    queue = new Queue(sourceQueueName('deribit'), producerOptions(store));
    queue.on('error', () => undefined);
    worker = startProcess('worker/src/main.js', {
      DATABASE_URL: database.url,
      TIDEMARK_MODE: 'simulated',
      WORKER_PORT: String(await freePort()),
      DERIBIT_URL: `${simulatorUrl}/deribit/api/v2`,
      COINGECKO_URL: `${simulatorUrl}/coingecko/api/v3`,
    });
    await eventually(
      'the worker to take jobs',
      20_000,
      () => worker.lines.some((line) => line['event'] === 'started') || undefined,
    );
  });
  afterEach(async () => {
    await worker.end('SIGKILL');
    await queue.close();
    await simulator.close();
    await database.drop();
  });

  it('stores the price that the simulator gave, and ends at once on SIGTERM', async () => {
    const key = await offered(60);
    await eventually('a price', 10_000, async () => 'btc_usd' in (await prices(key)) || undefined);
    const [call] = simulator.log.page(0, 10).calls;
    expect(await prices(key)).toEqual({ btc_usd: call?.prices?.['btc_usd'] });
    await ended('SIGTERM');
    expect(worker.child.exitCode).toBe(0);
  });

  it('gives a hanging call back on SIGTERM, and another worker may make it', async () => {
    simulator.faults.start({ kind: 'hang', seconds: 60 });
    const key = await offered(60);
    await eventually('the call to hang', 10_000, () => simulator.log.page(0, 10).calls.length > 0 || undefined);
    await ended('SIGTERM');
    expect(worker.child.exitCode).toBe(0);
    expect(await fetchState(database.pool, key)).toMatchObject({ status: 'retry', attempts: 1 });
    expect(simulator.log.totals().calls).toBe(1);
  });

  it('finishes a slow call on SIGTERM', async () => {
    simulator.faults.start({ kind: 'delay', delay_ms: 1_000, seconds: 60 });
    const key = await offered(60);
    await eventually('the call to begin', 10_000, () => simulator.log.page(0, 10).calls.length > 0 || undefined);
    await ended('SIGTERM');
    expect(Object.keys(await prices(key))).toEqual(['btc_usd']);
    expect(worker.lines.filter((line) => line['event'] === 'sample_stored')).toHaveLength(1);
  });

  const prices = (key: FetchJob) => pricesOf(database.pool, key.slot);

  /** A fetch of the slot of now, in the queue. */
  async function offered(least: number): Promise<FetchJob> {
    const now = Math.floor(Date.now() / 1000);
    const intervalSeconds = intervalBeginningAt(now, least);
    await catalogueTickers(database.url, {
      ticker: 'btc_usd',
      fromSlot: slotAt(now * 1000, intervalSeconds),
      intervalSeconds,
    });
    const [key] = await planFetches(database.pool, now);
    if (key === undefined) throw new Error('nothing was planned');
    await queue.addBulk([fetchJob(key, 3)]);
    return key;
  }

  /** Ends the worker within the grace period. */
  async function ended(signal: NodeJS.Signals): Promise<void> {
    const late = setTimeout(() => worker.child.kill('SIGKILL'), GRACE_MS);
    await worker.end(signal);
    clearTimeout(late);
    expect(worker.child.signalCode).toBeNull();
  }
});
