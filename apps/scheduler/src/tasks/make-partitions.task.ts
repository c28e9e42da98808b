import { ensureUpcomingPartitions, type Pool } from '@app/storage';
import type { Task, TaskOptions } from './task.js';

/** Makes the partitions of the time to come. */
export function makePartitions({ pool, logger, now }: Pick<TaskOptions, 'pool' | 'logger' | 'now'>): Task {
  return {
    name: 'make-partitions',
    everySeconds: 60,
    offsetMs: 30_000,
    run: async () => {
      const made = await makeUpcomingPartitions(pool, now());
      if (made.length > 0) logger.info({ event: 'partitions_made', made }, 'made partitions ahead');
    },
  };
}

/** As the task does it; a scheduler that starts after a long time away may find the month of now without a partition. */
export async function makeUpcomingPartitions(pool: Pool, nowMs: number): Promise<readonly string[]> {
  const client = await pool.connect();
  try {
    return await ensureUpcomingPartitions(client, nowMs);
  } finally {
    client.release();
  }
}
