import { jest } from '@jest/globals';
import { TaskRunner } from '../../apps/scheduler/src/tasks/run-tasks.js';
import type { Task } from '../../apps/scheduler/src/tasks/task.js';
import { createLogBook, type LogBook } from './log-lines.js';

/** A runner of these tasks, on the clock of the test. */
export function aRunner(tasks: readonly Task[], log: LogBook = createLogBook()): TaskRunner {
  return new TaskRunner({ tasks, logger: log.logger, now: Date.now });
}

/** Runs the tasks for so long by jest's fake timers, then ends them. */
export async function lived(runner: TaskRunner, forMs: number): Promise<void> {
  runner.onApplicationBootstrap();
  await jest.advanceTimersByTimeAsync(forMs);
  await runner.beforeApplicationShutdown();
}
