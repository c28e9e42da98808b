import { randomUUID } from 'node:crypto';
import { Queue, Worker, type Job, type WorkerOptions } from 'bullmq';
import { addJobs } from '../../libs/queue/src/add-jobs.js';
import { backoffOf, LOCKS } from '../../libs/queue/src/job-worker.js';
import { fetchJob, JOBS } from '../../libs/queue/src/jobs.js';
import type { QueueStore } from '../../libs/queue/src/queue-address.js';
import { producerOptions, workerOptions } from '../../libs/queue/src/queue-store.js';
import { eventually } from './processes.js';

/** A job that fails or hangs in a test answers within this time, in milliseconds, or never. */
const LIMIT_MS = 15_000;

/** A queue of a test's own on a store under test, with the workers of the test. */
export class QueueFixture {
  readonly queue: Queue;
  private readonly workers: Worker[] = [];

  constructor(private readonly store: QueueStore) {
    this.queue = openQueue(store, `spec-${randomUUID()}`);
  }

  /** Starts a worker of the queue. */
  work(processor: (job: Job) => Promise<unknown>, options: Partial<WorkerOptions> = LOCKS): Worker {
    const settings = { backoffStrategy: backoffOf(JOBS) };
    const worker = new Worker(this.queue.name, processor, { settings, ...options, ...workerOptions(this.store, 2) });
    worker.on('error', () => undefined);
    this.workers.push(worker);
    return worker;
  }

  /** Adds the fetch of btc_usd for a slot. */
  async add(slot: number, maxAttempts = 3): Promise<void> {
    await addJobs(this.queue, [fetchJob({ sourceId: 1, source: 'deribit', batch: 'btc_usd', slot }, maxAttempts)]);
  }

  /** Waits until there is an answer. */
  until<T>(what: string, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
    return eventually(what, LIMIT_MS, ask);
  }

  /** Waits until so many jobs stand in the given state. */
  untilCount(state: 'failed' | 'waiting' | 'delayed' | 'active', count: number): Promise<true> {
    return this.until(`${count} ${state}`, async () =>
      (await this.queue.getJobCountByTypes(state)) === count ? true : undefined,
    );
  }

  /** Ends the workers at once, and leaves nothing of the queue behind. */
  async leave(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.close(true)));
    await this.queue.obliterate({ force: true });
    await this.queue.close();
  }
}

/** Opens a queue for a producer; whoever uses it is told of errors by what it does. */
export function openQueue(store: QueueStore, name: string): Queue {
  const queue = new Queue(name, producerOptions(store));
  queue.on('error', () => undefined);
  return queue;
}
