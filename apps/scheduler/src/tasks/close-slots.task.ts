import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { ClockWatch, type Logger } from '@app/observability';
import { cleanQueue, ensureWakeUps } from '@app/queue';
import { CloseRepository, ensureUpcomingPartitions, type Pool } from '@app/storage';
import { Counter, Gauge } from 'prom-client';
import { LOGGER, POOL } from '../tokens.js';
import { AlignedTimer } from './aligned-timer.js';
import { FetchQueues } from '../planning/fetch-queues.js';
import { PlannerService } from '../planning/planner.service.js';
import { SingleFlight } from '../planning/single-flight.js';

/**
 * How far into a second the planner wakes itself when the queue has not, in milliseconds: the queue store may be away, or
 * have come back empty, or have woken another scheduler, which makes this pass an idle one.
 */
const WAKE_BY_ITSELF_AT_MS = 300;

/** The queue's own wake-ups are restored no more often than this, in milliseconds: with two schedulers each is woken by turns. */
const RESTORE_WAKE_UPS_EVERY_MS = 5_000;

/** How long the database must have answered before slots are closed: workers with observations in hand store first. */
const CLOSE_AFTER_QUIET_MS = 5_000;

/** Most fetches closed in one second. */
const CLOSE_LIMIT = 500;

/** How long the end of the process waits for what was planned to reach the queue, in milliseconds. */
const ENQUEUE_WITHIN_MS = 1_000;

const closedFetches = new Counter({
  name: 'tidemark_closed_fetches_total',
  help: 'Fetches that nobody reported on and that were closed.',
  labelNames: ['source', 'reason'],
});
const clockOffset = new Gauge({
  name: 'tidemark_clock_offset_seconds',
  help: "This process's clock minus the database's.",
});

/** Everything that happens by the clock in a scheduler, besides the wake-ups that come through the queue. */
@Injectable()
export class Clockwork implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly timers: AlignedTimer[];
  /** Nobody waits for it: the queue store may take its time, and planning goes on without it. */
  private readonly restoring = new SingleFlight<void>(() => this.restoreWakeUps());
  private stopWatchingClock: (() => void) | undefined;
  private databaseTroubleAtMs = Date.now();
  private wakeUpsRestoredAtMs = 0;

  constructor(
    private readonly planner: PlannerService,
    private readonly queues: FetchQueues,
    private readonly closer: CloseRepository,
    private readonly clock: ClockWatch,
    @Inject(POOL) private readonly pool: Pool,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.timers = [
      this.timer(1, WAKE_BY_ITSELF_AT_MS, 'waking', () => this.wakeIfForgotten()),
      this.timer(1, 700, 'closing', () => this.close()),
      this.timer(60, 30_000, 'making partitions', () => this.makePartitions()),
      this.timer(60, 40_000, 'cleaning queues', () => this.cleanQueues()),
    ];
  }

  onApplicationBootstrap(): void {
    this.stopWatchingClock = this.clock.watch(2_000, (_isTrue, { offsetMs }) => clockOffset.set(offsetMs / 1000));
    for (const timer of this.timers) timer.start();
    void this.restoring.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopWatchingClock?.();
    await Promise.all(this.timers.map((timer) => timer.stop()));
    await Promise.race([this.planner.enqueued(), sleep(ENQUEUE_WITHIN_MS, undefined, { ref: false })]);
  }

  private async wakeIfForgotten(): Promise<void> {
    const now = Date.now();
    if (this.planner.lastPassAtMs >= now - (now % 1000)) return;
    void this.restoring.run();
    await this.planner.pass(now);
  }

  private async restoreWakeUps(): Promise<void> {
    if (Date.now() - this.wakeUpsRestoredAtMs < RESTORE_WAKE_UPS_EVERY_MS) return;
    this.wakeUpsRestoredAtMs = Date.now();
    try {
      await ensureWakeUps(this.queues.planner);
    } catch (error) {
      this.logger.warn(
        { event: 'queue_unavailable', err: error },
        'the queue store does not answer; planning goes on without it',
      );
    }
  }

  private async close(): Promise<void> {
    // With a wrong clock a slot would seem to be over that is not.
    if (!this.clock.isTrue()) return;
    const nowSeconds = Math.floor(Date.now() / 1000);
    try {
      void this.queues.remove(await this.closer.expiredUnbegun(nowSeconds, CLOSE_LIMIT));
      await this.closer.decideExpired(nowSeconds, CLOSE_LIMIT);
      if (Date.now() - this.databaseTroubleAtMs < CLOSE_AFTER_QUIET_MS) return;
      const closed = await this.closer.closeOverdue(nowSeconds, CLOSE_LIMIT);
      // Nobody waits for it: closing goes on without the queue.
      void this.queues.remove(closed);
      for (const fetch of closed) {
        const { source, slot, tickers, reason } = fetch;
        closedFetches.inc({ source, reason });
        for (const ticker of tickers)
          this.logger.warn({ event: 'slot_missed', source, ticker, slot, reason }, 'nobody reported on this slot');
      }
    } catch (error) {
      this.databaseTroubleAtMs = Date.now();
      throw error;
    }
  }

  private async makePartitions(): Promise<void> {
    const client = await this.pool.connect();
    try {
      const made = await ensureUpcomingPartitions(client, Date.now());
      if (made.length > 0) this.logger.info({ event: 'partitions_made', made }, 'made partitions ahead');
    } finally {
      client.release();
    }
  }

  private async cleanQueues(): Promise<void> {
    for (const queue of this.queues.all()) await cleanQueue(queue);
  }

  private timer(everySeconds: number, offsetMs: number, doing: string, work: () => Promise<void>): AlignedTimer {
    const onError = (error: unknown): void =>
      this.logger.warn({ event: 'clockwork_failed', doing, err: error }, `${doing} failed; tried again`);
    return new AlignedTimer({ everySeconds, offsetMs, now: Date.now, work, onError });
  }
}
