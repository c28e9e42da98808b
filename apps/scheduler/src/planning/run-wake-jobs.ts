import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import type { Logger } from '@app/observability';
import { JobWorker, PLANNER_JOBS, PLANNER_QUEUE, type QueueStore } from '@app/queue';
import type { PlannerService } from './planner.service.js';

/** A wake-up is short, and the next is a second away: one that is in hand at the end need not be waited for, in milliseconds. */
const FINISH_WITHIN_MS = 1_000;

/** Runs the job by which the queue wakes one scheduler every second. */
export class RunWakeJobs implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly worker: JobWorker<typeof PLANNER_JOBS>;

  constructor(planner: Pick<PlannerService, 'pass'>, store: QueueStore, logger: Logger) {
    const queue = PLANNER_QUEUE;
    this.worker = new JobWorker({
      ...{ queue, store, types: PLANNER_JOBS, concurrency: 1 },
      handlers: { 'wake-planner': (_, { dueAtMs }) => planner.pass(dueAtMs ?? Date.now()) },
      events: {
        failed: (job, error) => logger.error({ event: 'job_failed', job: job?.id, queue, err: error }, error.message),
        error: (error) => logger.warn({ event: 'queue_error', queue }, error.message),
        // The next one is a second away.
        stalled: () => undefined,
      },
    });
  }

  onApplicationBootstrap(): void {
    this.worker.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.worker.end(FINISH_WITHIN_MS);
  }
}
