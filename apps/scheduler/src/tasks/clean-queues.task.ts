import { QueueCleaner } from '@app/queue';
import type { Task, TaskOptions } from './task.js';

/** Takes out of every queue what serves nobody any more. */
export function cleanQueues({ queues, jobTypes }: Pick<TaskOptions, 'queues' | 'jobTypes'>): Task {
  let cleaners: readonly QueueCleaner[] | undefined;
  return {
    name: 'clean-queues',
    everySeconds: 60,
    offsetMs: 40_000,
    run: async (signal) => {
      cleaners ??= queues.all().map((queue) => new QueueCleaner(queue, { types: jobTypes }));
      for (const cleaner of cleaners) await cleaner.clean({ signal });
    },
  };
}
