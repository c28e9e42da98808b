import { SampleCounters } from '@app/storage/metrics';
import { register } from '@prometheus-io/client';
import { requireTrueClock, type Task, type TaskOptions } from './task.js';

/** How long the database must have answered before slots are closed: workers with observations in hand store first. */
const CLOSE_AFTER_QUIET_MS = 5_000;

/** Most fetches closed in one second. */
const CLOSE_LIMIT = 500;

const counters = new SampleCounters(register);

/** Closes the slots whose grace is over: fetches that nobody reported on get their outcome, and their tickers are decided. */
export function closeSlots({
  closer,
  queues,
  clock,
  logger,
  now,
}: Pick<TaskOptions, 'closer' | 'queues' | 'clock' | 'logger' | 'now'>): Task {
  let databaseTroubleAtMs = now();

  async function closeOverdue(nowSeconds: number): Promise<void> {
    if (now() - databaseTroubleAtMs < CLOSE_AFTER_QUIET_MS) return;
    const closed = await closer.closeOverdue(nowSeconds, CLOSE_LIMIT);
    // Nobody waits for it: closing goes on without the queue.
    void queues.remove(closed);
    for (const { source, slot, tickers, outcome, reason } of closed) {
      counters.countStored({ source, outcome, reason }, tickers.length);
      for (const ticker of tickers)
        logger.warn({ event: 'slot_missed', source, ticker, slot, reason }, 'nobody reported on this slot');
    }
  }

  return {
    name: 'close-slots',
    everySeconds: 1,
    offsetMs: 700,
    run: async () => {
      // With a wrong clock a slot would seem to be over that is not.
      requireTrueClock(clock);
      const nowSeconds = Math.floor(now() / 1000);
      try {
        void queues.remove(await closer.expiredUnbegun(nowSeconds, CLOSE_LIMIT));
        await closer.decideExpired(nowSeconds, CLOSE_LIMIT);
        await closeOverdue(nowSeconds);
      } catch (error) {
        databaseTroubleAtMs = now();
        throw error;
      }
    },
  };
}
