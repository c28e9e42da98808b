import type { Queue } from 'bullmq';
import { WAKE_PLANNER } from './jobs.js';
import { reachStore } from './reach-store.js';

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
      { name: WAKE_PLANNER.name, data: {}, opts: { removeOnComplete: true, removeOnFail: true } },
    );
  } catch (error) {
    // Another scheduler was a moment faster: the next wake-up is there.
    if (!(error instanceof Error && error.message.includes('job ID already exists'))) throw error;
  }
}
