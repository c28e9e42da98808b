import { Counter } from '@prometheus-io/client';
import { requireTrueClock, type Task, type TaskOptions } from './task.js';

/** Rows dropped in one statement: a fraction of a second, so that nobody waits for it. */
const BATCH = 500;

/** Statements a minute at most: more bodies a day than a fleet brings. */
const MAX_BATCHES = 20;

const DAY_MS = 86_400_000;

const droppedPayloads = new Counter({
  name: 'tidemark_payloads_dropped_total',
  help: 'Bodies of answers that were dropped after their retention.',
});

/**
 * Drops the bodies of answers that are past their retention: in small batches, and not all of a long past at once. With
 * several schedulers each takes a share.
 */
export function dropPayloads({
  payloads,
  payloadRetentionDays,
  clock,
  logger,
  now,
}: Pick<TaskOptions, 'payloads' | 'payloadRetentionDays' | 'clock' | 'logger' | 'now'>): Task {
  return {
    name: 'drop-payloads',
    everySeconds: 60,
    // Not when partitions are made or queues cleaned.
    offsetMs: 50_000,
    run: async (signal) => {
      // A clock that runs ahead would drop what is still to be kept.
      requireTrueClock(clock);
      const beforeDay = new Date(now() - payloadRetentionDays * DAY_MS).toISOString().slice(0, 10);
      let dropped = 0;
      for (let batch = 0; batch < MAX_BATCHES && !signal.aborted; batch += 1) {
        const taken = await payloads.drop(beforeDay, BATCH);
        dropped += taken.payloads;
        if (taken.payloads < BATCH && taken.attempts < BATCH) break;
      }
      if (dropped === 0) return;
      droppedPayloads.inc(dropped);
      logger.info({ event: 'payloads_dropped', dropped, before: beforeDay }, 'bodies past their retention');
    },
  };
}
