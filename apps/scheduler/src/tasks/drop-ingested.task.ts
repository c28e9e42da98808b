import { IngestionRetention } from '@app/storage';
import { requireTrueClock, type Task, type TaskOptions } from './task.js';

/** Drops what lists of assets brought once it is past its retention. With several schedulers each takes a share. */
export function dropIngested({
  pool,
  ingestion,
  clock,
  logger,
  now,
}: Pick<TaskOptions, 'pool' | 'ingestion' | 'clock' | 'logger' | 'now'>): Task {
  const retention = new IngestionRetention(pool);
  return {
    name: 'drop-ingested',
    everySeconds: 600,
    // Not when partitions are made, queues cleaned or bodies dropped.
    offsetMs: 55_000,
    run: async (signal) => {
      // A clock that runs ahead would drop what is still to be kept.
      requireTrueClock(clock);
      const { tables, rows, busy } = await retention.drop(ingestion.retentionDays, now(), signal);
      if (tables.length > 0 || rows > 0)
        logger.info({ event: 'ingested_dropped', tables, rows, busy }, 'what lists brought, past its retention');
    },
  };
}
