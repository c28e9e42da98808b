import { cleanQueue } from '@app/queue';
import type { Task, TaskOptions } from './task.js';

/** Takes out of every queue what serves nobody any more. */
export function cleanQueues({ queues, jobTypes }: Pick<TaskOptions, 'queues' | 'jobTypes'>): Task {
  return {
    name: 'clean-queues',
    everySeconds: 60,
    offsetMs: 40_000,
    run: async (signal) => {
      for (const queue of queues.all()) {
        signal.throwIfAborted();
        await cleanQueue(queue, jobTypes);
      }
    },
  };
}
