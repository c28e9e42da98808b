import type { Queue } from 'bullmq';
import type { NewJob } from './job-type.js';
import { reachStore } from './reach-store.js';

/** Adds jobs to a queue. @throws Error within seconds when the store is away, also when it was never there. */
export async function addJobs(queue: Queue, jobs: readonly NewJob[]): Promise<void> {
  await reachStore(queue);
  await queue.addBulk([...jobs]);
}

/**
 * Takes jobs out of a queue. One that a worker has in hand stays, and ends by itself.
 * @throws Error within seconds when the store is away.
 */
export async function removeJobs(queue: Queue, ids: readonly string[]): Promise<void> {
  await reachStore(queue);
  await Promise.all(ids.map((id) => queue.remove(id)));
}
