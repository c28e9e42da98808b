import type { Queue } from 'bullmq';
import { reachStore } from './reach-store.js';

/** Failed jobs stay this long on the board, in milliseconds. */
const KEEP_FAILED_JOBS_MS = 3_600_000;

/** Longer than any window with its grace, in milliseconds. */
const STALE_JOBS_MS = 60_000;

/** Most jobs removed from a queue in one go. */
const CLEAN_LIMIT = 1_000;

/**
 * Removes failed jobs that have been on the board for an hour, and jobs that waited through their window and its grace: they serve nobody.
 * @throws Error within seconds when the store is away, also when it was never there.
 */
export async function cleanQueue(queue: Queue): Promise<void> {
  await reachStore(queue);
  await queue.clean(KEEP_FAILED_JOBS_MS, CLEAN_LIMIT, 'failed');
  await queue.clean(STALE_JOBS_MS, CLEAN_LIMIT, 'wait');
}
