import { randomUUID } from 'node:crypto';
import { Queue, Worker } from 'bullmq';
import { startTcpProxy, type TcpProxy } from '../../../test/support/tcp-proxy.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import { LOCKS } from './job-worker.js';
import { queueStoreOf, type QueueStore } from './queue-address.js';
import { producerOptions, useQueueStore, workerOptions } from './queue-store.js';
import { reachStore } from './reach-store.js';

/** The first connection takes some 30 ms: these break it in each of its phases. */
const BREAKS_AFTER_MS = [0, 4, 8, 12, 16, 20, 24, 28, 32, 40];

describe('a queue on Postgres whose first connection breaks', () => {
  let database: TestDatabase;
  let way: TcpProxy;
  let store: QueueStore;
  let name: string;
  const closing: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    name = `prices-${randomUUID()}`;
    way = await startTcpProxy(database.url);
    store = queueStoreOf(way.url);
    useQueueStore(store);
  });

  afterEach(async () => {
    await Promise.allSettled(closing.splice(0).map((it) => it.close()));
    await way.close();
  });

  it.each(BREAKS_AFTER_MS)('is reached when the way is open again (broken after %i ms)', async (breakAfterMs) => {
    const queue = new Queue(name, producerOptions(store));
    queue.on('error', () => undefined);
    closing.push(queue);
    await elapse(breakAfterMs);
    way.cut();
    await elapse(50);
    way.mend();
    // What began while the way was cut may still fail; nothing after it does.
    await reachStore(queue).catch(() => reachStore(queue));
    expect(await queue.getJobCountByTypes('waiting')).toBe(0);
  });

  it.each(BREAKS_AFTER_MS)(
    'gives its jobs to a worker that began meanwhile (broken after %i ms)',
    async (breakAfterMs) => {
      const done = Promise.withResolvers<string>();
      const worker = new Worker(name, async (job) => done.resolve(job.name), {
        ...LOCKS,
        ...workerOptions(store, 2),
      });
      worker.on('error', () => undefined);
      closing.push(worker);
      await elapse(breakAfterMs);
      way.cut();
      await elapse(300);
      way.mend();
      const queue = new Queue(name, producerOptions(queueStoreOf(database.url)));
      closing.unshift(queue);
      await queue.add('offered after the break', {});
      expect(await done.promise).toBe('offered after the break');
    },
  );
});

const elapse = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
