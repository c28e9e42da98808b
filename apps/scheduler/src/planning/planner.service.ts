import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from '@app/observability';
import { ClockWatch } from '@app/process';
import { addJobs, fetchJob } from '@app/queue';
import { sourceById } from '@app/sources';
import { isTransientDatabaseError, PlanRepository, type EnqueuableFetch } from '@app/storage';
import { Counter } from '@prometheus-io/client';
import { LOGGER } from '../tokens.js';
import { CreditPlanner } from './credit-planner.js';
import { FetchQueues } from './fetch-queues.js';
import { planSlots } from './plan-slots.js';
import { ConflatedWork } from './conflated-work.js';

/** How far the queue's idea of now may run ahead of this process's clock before it is not believed, in milliseconds. */
const MAX_WAKE_LEAD_MS = 500;

/** Most fetches offered to the queue in one go. */
const ENQUEUE_LIMIT = 5_000;

/** How long the end of the process waits for what was planned to reach the queue, in milliseconds. */
const ENQUEUE_WITHIN_MS = 1_000;

const plannedFetches = new Counter({ name: 'tidemark_planned_fetches_total', help: 'Fetches claimed in Postgres.' });
const gapRanges = new Counter({
  name: 'tidemark_gap_ranges_total',
  help: 'Gap ranges recorded.',
  labelNames: ['reason'],
});

/** Plans the slots that are due and hands their fetches to the queue. Whoever wakes it, and however often, no slot is doubled. */
@Injectable()
export class PlannerService implements OnApplicationShutdown {
  private readonly planning = new ConflatedWork<number>((wokenAtMs) => this.plan(wokenAtMs));
  private readonly enqueuing = new ConflatedWork<void>(() => this.enqueue());
  private databaseAwaySince: number | undefined;
  private lastPassMs = 0;

  constructor(
    private readonly repository: PlanRepository,
    private readonly queues: FetchQueues,
    private readonly clock: ClockWatch,
    private readonly credits: CreditPlanner,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** When the last pass began, milliseconds since 1970; 0 before the first. */
  get lastPassAtMs(): number {
    return this.lastPassMs;
  }

  /**
   * Plans what is due, and lets it be enqueued: a queue store that hangs must not hold up the next second's planning.
   * Failures are logged and remembered, not thrown: the next second tries again.
   * @param nominalMs the second that woke the planner. Two schedulers' clocks differ: the slot that the queue's clock says
   * has begun is planned now, even when this process's clock is a little behind.
   */
  async pass(nominalMs: number): Promise<void> {
    const now = Date.now();
    this.lastPassMs = now;
    const lead = nominalMs - now;
    await this.planning.run(lead > 0 && lead <= MAX_WAKE_LEAD_MS ? nominalMs : now);
    void this.enqueuing.run();
  }

  /** Offers what stands in Postgres and waits for the queue, without planning anything. */
  offer(): void {
    void this.enqueuing.run();
  }

  /** @returns when a plan under way is made and everything planned was offered to the queue. */
  async enqueued(): Promise<void> {
    await this.planning.idle();
    await this.enqueuing.idle();
  }

  /** By now nobody wakes it any more: the tasks, the wake-ups and the control API have ended. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.race([this.enqueued(), sleep(ENQUEUE_WITHIN_MS, undefined, { ref: false })]);
  }

  private async plan(nowMs: number): Promise<void> {
    if (!this.clock.isTrue()) {
      this.logger.error(
        { event: 'clock_wrong', offset_ms: this.clock.offset()?.offsetMs },
        'planning nothing until the clock is set right',
      );
      return;
    }
    const nowSeconds = Math.floor(nowMs / 1000);
    const databaseAwaySince = this.databaseAwaySince;
    try {
      await this.credits.look(nowMs);
      for (let more = true; more;) {
        const result = await this.repository.planDue(nowSeconds, (due) =>
          this.credits.withoutUnaffordable(planSlots(due, { nowSeconds, databaseAwaySince })),
        );
        await this.credits.recordSkipped(result.plan.skipped ?? [], nowSeconds);
        plannedFetches.inc(result.plan.fetches.length);
        for (const gap of result.plan.gaps) {
          gapRanges.inc({ reason: gap.reason });
          this.logger.warn(
            {
              event: 'gap_recorded',
              ticker: gap.ticker,
              from_slot: gap.fromSlot,
              to_slot: gap.toSlot,
              reason: gap.reason,
            },
            'slots that nobody planned',
          );
        }
        more = result.more;
      }
      this.databaseAwaySince = undefined;
    } catch (error) {
      if (isTransientDatabaseError(error)) this.databaseAwaySince ??= nowSeconds;
      this.logger.warn({ event: 'planning_failed', err: error }, 'could not plan; the next second tries again');
    }
  }

  private async enqueue(): Promise<void> {
    try {
      const fetches = await this.repository.enqueuable(Date.now(), ENQUEUE_LIMIT);
      const bySource = Map.groupBy(fetches, (fetch) => fetch.source);
      await Promise.all([...bySource].map(([source, batch]) => this.enqueueFor(source, batch)));
    } catch (error) {
      this.logger.warn({ event: 'enqueuing_failed', err: error }, 'could not enqueue; the next second tries again');
    }
  }

  /** Every source by itself: trouble with one queue keeps no other waiting. */
  private async enqueueFor(source: string, fetches: readonly EnqueuableFetch[]): Promise<void> {
    try {
      await addJobs(this.queues.of(source), fetches.map(jobOf));
      await this.repository.markEnqueued(fetches, Date.now());
    } catch (error) {
      this.logger.warn(
        { event: 'enqueuing_failed', source, err: error },
        'could not enqueue; the next second tries again',
      );
    }
  }
}

function jobOf(fetch: EnqueuableFetch) {
  const source = sourceById(fetch.sourceId)?.name ?? fetch.source;
  return fetchJob({ sourceId: fetch.sourceId, source, batch: fetch.batch, slot: fetch.slot }, fetch.maxAttempts);
}
