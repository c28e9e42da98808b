import { OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject, type BeforeApplicationShutdown } from '@nestjs/common';
import type { Logger } from '@app/observability';
import { endWorker, PLANNER_QUEUE, wakeWorkerOptions } from '@app/queue';
import type { Job } from 'bullmq';
import { LOGGER } from '../tokens.js';
import { PlannerService } from './planner.service.js';

/** Takes the wake-up that the queue hands to one scheduler every second. */
@Processor(PLANNER_QUEUE, { ...wakeWorkerOptions })
export class WakeProcessor extends WorkerHost implements BeforeApplicationShutdown {
  constructor(
    private readonly planner: PlannerService,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    super();
  }

  override async process(job: Job): Promise<void> {
    await this.planner.pass(job.opts.prevMillis ?? Date.now());
  }

  beforeApplicationShutdown(): Promise<void> {
    return endWorker(this.worker);
  }

  /** Without a listener a lost connection would end the process; the worker goes on by itself when the store is back. */
  @OnWorkerEvent('error')
  onError(error: Error): void {
    this.logger.warn({ event: 'queue_error', queue: PLANNER_QUEUE }, error.message);
  }
}
