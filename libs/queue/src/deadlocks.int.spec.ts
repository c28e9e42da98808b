import { Queue, Worker } from 'bullmq';
import type { PoolClient } from 'pg';
import { eventually } from '../../../test/support/processes.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import { LOCKS } from './job-worker.js';
import { queueStoreOf, type QueueStore } from './queue-address.js';
import { producerOptions, useQueueStore, workerOptions } from './queue-store.js';

const TOKEN = 'token of this test';

describe('a statement of the queue on Postgres that ends in a deadlock', () => {
  let database: TestDatabase;
  let store: QueueStore;
  let queue: Queue;
  let worker: Worker;
  let other: PoolClient;

  beforeEach(async () => {
    database = await createTestDatabase();
    store = queueStoreOf(database.url);
    useQueueStore(store);
    queue = new Queue('prices', producerOptions(store));
    worker = new Worker('prices', null, { ...LOCKS, ...workerOptions(store, 2), lockDuration: 60_000 });
    queue.on('error', () => undefined);
    worker.on('error', () => undefined);
    await queue.addBulk(['a', 'b'].map((jobId) => ({ name: 'any', data: {}, opts: { jobId } })));
    for (const id of ['a', 'b']) expect(await worker.getNextJob(TOKEN)).toMatchObject({ id });
    other = await database.pool.connect();
  });
  afterEach(async () => {
    await other.query('ROLLBACK');
    other.release();
    await Promise.all([queue.close(), worker.close(true)]);
    await database.drop();
  });

  async function table(): Promise<string> {
    const { rows } = await other.query<{ name: string }>(
      `SELECT c.oid::regclass::text AS name FROM pg_class c WHERE c.relname = 'job' AND c.relkind = 'r'`,
    );
    return rows[0]?.name ?? 'none';
  }

  function isWaiting(): Promise<true> {
    return eventually('a statement that waits for a lock', 10_000, async () => {
      const { rows } = await database.pool.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return rows.length > 0 ? true : undefined;
    });
  }

  // BullMQ renews the locks of jobs in the order in which they were taken, and marks stalled jobs in the order of the table.
  it('is run again: a worker keeps its jobs', async () => {
    const job = await table();
    await other.query('BEGIN');
    await other.query(`UPDATE ${job} SET stalled_marked = true WHERE id = 'b'`);
    const renewed = worker.extendJobLocks(['a', 'b'], [TOKEN, TOKEN], 60_000);
    await isWaiting();
    // It waits first, so that it is the one that Postgres ends.
    await other.query(`UPDATE ${job} SET stalled_marked = true WHERE id = 'a'`);
    await other.query('COMMIT');
    expect(await renewed).toEqual([]);
  });
});
