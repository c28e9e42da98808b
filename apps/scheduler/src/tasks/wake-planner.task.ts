import type { Task, TaskOptions } from './task.js';

/**
 * Wakes the planner in a second in which the queue has not: the queue store may be away, or have come back empty, or have
 * woken another scheduler, which makes this pass an idle one.
 */
export function wakePlanner({ planner, wakeUps, now }: Pick<TaskOptions, 'planner' | 'wakeUps' | 'now'>): Task {
  return {
    name: 'wake-planner',
    everySeconds: 1,
    offsetMs: 300,
    run: async () => {
      const nowMs = now();
      if (planner.lastPassAtMs >= nowMs - (nowMs % 1000)) return;
      wakeUps.restore();
      await planner.pass(nowMs);
    },
  };
}
