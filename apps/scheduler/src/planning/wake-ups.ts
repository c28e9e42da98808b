import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { Logger } from '@app/observability';
import { ensureWakeUps } from '@app/queue';
import { LOGGER } from '../tokens.js';
import { FetchQueues } from './fetch-queues.js';
import { ConflatedWork } from './conflated-work.js';

/** The queue's own wake-ups are restored no more often than this, in milliseconds: with two schedulers the queue wakes now one, now the other. */
const RESTORE_EVERY_MS = 5_000;

/** Sees to it that the queue wakes the planner every second: from the start, and again when its store came back empty. */
@Injectable()
export class WakeUps implements OnApplicationBootstrap {
  private readonly restoring = new ConflatedWork<void>(() => this.ensure());
  private restoredAtMs = 0;

  constructor(
    private readonly queues: FetchQueues,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.restore();
  }

  /** Nobody waits for it: the queue store may take its time, and planning goes on without it. */
  restore(): void {
    void this.restoring.run();
  }

  private async ensure(): Promise<void> {
    if (Date.now() - this.restoredAtMs < RESTORE_EVERY_MS) return;
    this.restoredAtMs = Date.now();
    try {
      await ensureWakeUps(this.queues.planner);
    } catch (error) {
      this.logger.warn(
        { event: 'queue_unavailable', err: error },
        'the queue store does not answer; planning goes on without it',
      );
    }
  }
}
