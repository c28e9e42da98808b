import { isAffordable, loadIn, outlookOf, type BudgetOutlook } from '@app/domain';
import type { Logger } from '@app/observability';
import { callCostOf, callLimitsOf, sourceById, SOURCES, type Source, type SourceAccesses } from '@app/sources';
import {
  askedBatches,
  FetchRepository,
  SampleRepository,
  usedCredits,
  type AskedBatch,
  type Plan,
  type PlannedFetch,
  type Pool,
} from '@app/storage';
import { Counter, Gauge } from '@prometheus-io/client';

/** How a {@link CreditPlanner} knows the sources. */
export interface CreditPlannerOptions {
  readonly pool: Pool;
  readonly access: SourceAccesses;
  /** Whether months are counted at all. */
  readonly limited: boolean;
  readonly logger: Logger;
}

/** A month changes slowly; what a worker may spend is checked at every call. */
const LOOK_EVERY_MS = 60_000;

/** What the planner knows of a source that is slowed. */
interface Slowed {
  readonly share: number;
  /** The interval of each batch, in seconds. */
  readonly intervals: ReadonlyMap<string, number>;
}

const creditShare = new Gauge({
  name: 'tidemark_source_credit_share',
  help: 'Share of the slots of a source that its month allows: 1 when it is not slowed.',
  labelNames: ['source'],
});
const skippedFetches = new Counter({
  name: 'tidemark_skipped_fetches_total',
  help: 'Fetches that were not made, so that the month of the source lasts.',
  labelNames: ['source'],
});

/** Slows sources down to what their month allows: as many slots as it lasts for, evenly spread; the others are `no_credits` at once. */
export class CreditPlanner {
  private readonly slowed = new Map<number, Slowed>();
  private readonly fetches: FetchRepository;
  private readonly samples: SampleRepository;
  private lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: CreditPlannerOptions) {
    this.fetches = new FetchRepository(options.pool);
    this.samples = new SampleRepository(options.pool);
  }

  /** Looks how far each month goes, at most once a minute. @throws what the database throws. */
  async look(nowMs: number): Promise<void> {
    if (!this.options.limited || Math.abs(nowMs - this.lookedAtMs) < LOOK_EVERY_MS) return;
    const counted = SOURCES.filter((source) => this.monthlyOf(source) !== undefined);
    const batches = Map.groupBy(
      await askedBatches(
        this.options.pool,
        counted.map(({ id }) => id),
      ),
      ({ sourceId }) => sourceId,
    );
    for (const source of counted) await this.lookAt(source, batches.get(source.id) ?? [], nowMs);
    this.lookedAtMs = nowMs;
  }

  /** Takes out of a plan what the months do not allow. */
  withoutUnaffordable(plan: Plan): Plan {
    if (this.slowed.size === 0) return plan;
    const [fetches, skipped] = [[] as PlannedFetch[], [] as PlannedFetch[]];
    for (const fetch of plan.fetches) (this.isAffordable(fetch) ? fetches : skipped).push(fetch);
    return { ...plan, fetches, skipped };
  }

  /** Gives the fetches that are not made their outcome, so that the next source may serve their slot. */
  async recordSkipped(skipped: readonly PlannedFetch[], nowSeconds: number): Promise<void> {
    for (const fetch of skipped) {
      const members = await this.fetches.members(fetch);
      const samples = members.map(({ tickerId }) => ({ tickerId, outcome: 'missed', reason: 'no_credits' }) as const);
      await this.samples.store(fetch, samples, { status: 'closed' }, nowSeconds);
      skippedFetches.inc({ source: sourceById(fetch.sourceId)?.name ?? String(fetch.sourceId) });
    }
  }

  private isAffordable({ sourceId, batch, slot }: PlannedFetch): boolean {
    const slowed = this.slowed.get(sourceId);
    if (slowed === undefined) return true;
    const interval = slowed.intervals.get(batch);
    // A batch that is newer than the last look: its first slots are not worth a second one.
    if (interval === undefined) return slowed.share > 0;
    return isAffordable(Math.floor(slot / interval), slowed.share);
  }

  private async lookAt(source: Source, batches: readonly AskedBatch[], nowMs: number): Promise<void> {
    const credits = this.monthlyOf(source);
    if (credits === undefined) return;
    const used = await usedCredits(this.options.pool, source.id, nowMs);
    const load = batches.map(({ intervals, members }) => ({ intervals, cost: callCostOf(source, members) }));
    const outlook = outlookOf({ credits, used, demandPerSecond: loadIn(1, load), nowMs });
    creditShare.set({ source: source.name }, outlook.share);
    const wasSlowed = this.slowed.has(source.id);
    if (outlook.share === 1) {
      this.slowed.delete(source.id);
    } else {
      const intervals = new Map(batches.map((asked) => [asked.batch, Math.min(...asked.intervals)]));
      this.slowed.set(source.id, { share: outlook.share, intervals });
    }
    if (wasSlowed !== this.slowed.has(source.id)) this.say(source, credits, used, outlook);
  }

  /** Once when it begins and once when it ends, with the arithmetic. */
  private say(
    source: Source,
    credits: number,
    used: number,
    { share, left, needed, secondsLeft }: BudgetOutlook,
  ): void {
    const isSlowed = share < 1;
    const days = (secondsLeft / 86_400).toFixed(1);
    const reckoning =
      `${source.name}: ${amount(used)} of ${amount(credits)} credits of the month are used, ${amount(left)} are left, ` +
      `and the catalogue needs ${amount(needed)} for the ${days} days to its end`;
    this.options.logger[isSlowed ? 'warn' : 'info'](
      { event: isSlowed ? 'source_slowed' : 'source_at_full_rate', source: source.name, credits, used, left, share },
      isSlowed ? `${reckoning}: ${amount(share * 100)} % of its slots are asked` : `${reckoning}: every slot is asked`,
    );
  }

  private monthlyOf(source: Source): number | undefined {
    return callLimitsOf(source, this.options.access[source.name]).monthly;
  }
}

function amount(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 2 });
}
