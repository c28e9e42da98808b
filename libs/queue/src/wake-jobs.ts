import type { Queue } from 'bullmq';
import { reachStore } from './reach-store.js';

/** The queue whose one job wakes the planner. */
export const PLANNER_QUEUE = 'planner';

/** Name of that job. */
export const WAKE_JOB = 'wake-planner';

const WAKE_SCHEDULER = 'every-second';

/** Every second of the clock: `every: 1000` would not be aligned to it. */
const EVERY_SECOND = '* * * * * *';

/** Makes sure that the queue wakes the planner every second; safe to repeat, and needed again when the store came back empty. */
export async function ensureWakeUps(queue: Queue): Promise<void> {
  await reachStore(queue);
  try {
    await queue.upsertJobScheduler(
      WAKE_SCHEDULER,
      { pattern: EVERY_SECOND, tz: 'UTC' },
      { name: WAKE_JOB, data: {}, opts: { removeOnComplete: true, removeOnFail: true } },
    );
  } catch (error) {
    // Another scheduler was a moment faster: the next wake-up is there.
    if (!(error instanceof Error && error.message.includes('job ID already exists'))) throw error;
  }
}

/** A wake-up is short, and the next is a second away: one that stalled is not worth waiting for. */
export const wakeWorkerOptions = {
  concurrency: 1,
  lockDuration: 3_000,
  stalledInterval: 1_000,
  maxStalledCount: 1,
  runRetryDelay: 250,
  drainDelay: 1,
} as const;
