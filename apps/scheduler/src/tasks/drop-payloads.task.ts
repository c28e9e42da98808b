import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { ClockWatch, type Logger } from '@app/observability';
import { PayloadRepository } from '@app/storage';
import { Counter } from 'prom-client';
import { LOGGER, PAYLOAD_RETENTION_DAYS } from '../tokens.js';
import { AlignedTimer } from './aligned-timer.js';

/** When in its minute it looks, in milliseconds: not when partitions are made or queues cleaned. */
const AT_MS = 50_000;

/** Rows dropped in one statement: a fraction of a second, so that nobody waits for it. */
const BATCH = 500;

/** Statements a minute at most: more bodies a day than a fleet brings. */
const MAX_BATCHES = 20;

const DAY_MS = 86_400_000;

const droppedPayloads = new Counter({
  name: 'tidemark_payloads_dropped_total',
  help: 'Bodies of answers that were dropped after their retention.',
});

/** Drops the bodies of answers that are past their retention. With several schedulers each takes a share. */
@Injectable()
export class PayloadRetention implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly timer: AlignedTimer;

  constructor(
    private readonly payloads: PayloadRepository,
    private readonly clock: ClockWatch,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(PAYLOAD_RETENTION_DAYS) private readonly retentionDays: number,
  ) {
    this.timer = new AlignedTimer({
      everySeconds: 60,
      offsetMs: AT_MS,
      now: Date.now,
      work: () => this.drop(),
      onError: (error) =>
        logger.warn({ event: 'clockwork_failed', doing: 'dropping payloads', err: error }, 'tried again in a minute'),
    });
  }

  onApplicationBootstrap(): void {
    this.timer.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.timer.stop();
  }

  /** Drops what is past; in small batches, and not all of a long past at once. */
  async drop(): Promise<void> {
    // A clock that runs ahead would drop what is still to be kept.
    if (!this.clock.isTrue()) return;
    const beforeDay = new Date(Date.now() - this.retentionDays * DAY_MS).toISOString().slice(0, 10);
    let dropped = 0;
    for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
      const { payloads, attempts } = await this.payloads.drop(beforeDay, BATCH);
      dropped += payloads;
      if (payloads < BATCH && attempts < BATCH) break;
    }
    if (dropped === 0) return;
    droppedPayloads.inc(dropped);
    this.logger.info({ event: 'payloads_dropped', dropped, before: beforeDay }, 'bodies past their retention');
  }
}
