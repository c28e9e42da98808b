import { JOBS } from '@app/queue';
import { allTasks } from '../../apps/scheduler/src/tasks/all-tasks.js';
import type { Task, TaskOptions } from '../../apps/scheduler/src/tasks/task.js';
import { READ_OFTEN } from './read-often.js';

/** All that a scheduler does by the clock, and one task more; the clean-up knows the second type of job, and comes every second. */
export function tasksWithCountSheep(options: TaskOptions): Task[] {
  const tasks = allTasks({ ...options, jobTypes: { ...JOBS, 'read-often': READ_OFTEN } });
  return [
    ...tasks.map((task) => (task.name === 'clean-queues' ? { ...task, everySeconds: 1, offsetMs: 0 } : task)),
    countSheep(options),
  ];
}

/** Fails in its first run, succeeds in the second, and in the third takes until the process ends. */
function countSheep({ logger }: Pick<TaskOptions, 'logger'>): Task {
  let run = 0;
  return {
    name: 'count-sheep',
    everySeconds: 1,
    offsetMs: 500,
    run: async (signal) => {
      run += 1;
      logger.info({ event: 'sheep', run }, 'counting');
      if (run === 1) throw new Error('no sheep in sight');
      if (run < 3) return;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      logger.info({ event: 'sheep_counted' }, 'ends with the process');
    },
  };
}
