import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'bullmq';

/** How long the store may take to note how the last jobs ended, in milliseconds. */
const NOTE_WITHIN_MS = 1_000;

/**
 * Ends a worker: it takes no more jobs, and is closed when those in hand have ended. BullMQ's own `close` waits without an
 * end for a store that is away; what the store could not note is a job that stalls, which another worker takes up.
 * @param jobsEnded when the jobs in hand have ended; at once for a worker whose jobs need not be waited for.
 */
export async function endWorker(worker: Worker, jobsEnded: Promise<unknown> = Promise.resolve()): Promise<void> {
  const noted = worker.pause().catch(() => undefined);
  await jobsEnded;
  await Promise.race([noted, sleep(NOTE_WITHIN_MS, undefined, { ref: false })]);
  await worker.close(true);
}
