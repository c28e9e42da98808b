import { prefixOf } from '@app/config';
import { loadAtOnce, loadIn, MONTH_SECONDS, windowSeconds, type BatchLoad } from '@app/domain';
import {
  callLimitsOf,
  endpointFor,
  planOf,
  SOURCES,
  type MonthlyCredits,
  type RequestedTicker,
  type Source,
  type SourceAccess,
  type SourceAccesses,
  type SourcePlan,
  takesKey,
} from '@app/sources';
import type { TickerConfiguration } from '@app/storage';
import { CatalogueError } from './resolve-ticker.js';

/** The end of a window is no time to begin a call, in seconds. */
const LATEST_BEGIN_SECONDS = 1.5;

/** A batch with what is said of it to people. */
interface AskedBatch extends BatchLoad {
  readonly shortestSeconds: number;
  readonly maxBatch: number;
}

/** Refuses a catalogue that asks a source for more than it allows, where limits are kept. */
export class SourceLoad {
  constructor(
    private readonly access: SourceAccesses,
    private readonly limited: boolean,
  ) {}

  /** @throws CatalogueError with the arithmetic and the cure, one sentence for each source and limit. */
  check(configurations: readonly TickerConfiguration[]): void {
    if (!this.limited) return;
    const faults = SOURCES.flatMap((source) => loadFaults(source, configurations, this.access[source.name]));
    if (faults.length > 0) throw new CatalogueError(faults);
  }

  /** What these tickers cost at each source that they ask, whether limits are kept or not. */
  costs(configurations: readonly TickerConfiguration[]): SourceCost[] {
    return SOURCES.flatMap((source) => costOf(source, configurations, this.access[source.name]) ?? []);
  }
}

/** What tickers cost at a source. */
export interface SourceCost {
  readonly source: string;
  readonly plan: string;
  /** Calls in a minute by their weight, on the average; those of standby sources are left out. */
  readonly perMinute: number;
  /** What of the plan's limit is used in a minute, the rest is head room. */
  readonly perMinuteAllowed: number;
  /** Credits in a month of 31 days. */
  readonly perMonth: number;
  /** Null: the plan counts none. */
  readonly perMonthAllowed: number | null;
}

function costOf(
  source: Source,
  configurations: readonly TickerConfiguration[],
  access: SourceAccess = {},
): SourceCost | undefined {
  if (!configurations.some(({ sources }) => sources.some(({ sourceId }) => sourceId === source.id))) return undefined;
  const batches = batchesOf(source, configurations);
  const plan = planOf(source, access);
  const { share } = callLimitsOf(source, access).limit;
  return {
    ...{ source: source.name, plan: plan.name },
    perMinute: loadIn(60, batches),
    perMinuteAllowed: (share * 60) / plan.limit.perSeconds,
    perMonth: loadIn(MONTH_SECONDS, batches),
    perMonthAllowed: plan.monthly?.credits ?? null,
  };
}

/** Why these tickers ask a source for more than its plan allows, one sentence for each limit; none when they fit. */
export function loadFaults(
  source: Source,
  configurations: readonly TickerConfiguration[],
  access: SourceAccess = {},
): string[] {
  const batches = batchesOf(source, configurations);
  if (batches.length === 0) return [];
  const plan = planOf(source, access);
  const { share } = callLimitsOf(source, access).limit;
  const load = { source, plan, share, batches, keyCure: keyCureOf(source, plan, access) };
  return [monthFault(load), rateFault(load) ?? burstFault(load)].filter((fault) => fault !== undefined);
}

interface Load {
  readonly source: Source;
  readonly plan: SourcePlan;
  /** What of the plan's limit is used. */
  readonly share: number;
  readonly batches: readonly AskedBatch[];
  readonly keyCure: string | undefined;
}

/** Standby sources are left out: they are asked only when others fail, and nobody knows how often that is. */
function batchesOf(source: Source, configurations: readonly TickerConfiguration[]): AskedBatch[] {
  const members = configurations.flatMap(({ ticker, sources }) =>
    sources
      .filter((asked) => asked.sourceId === source.id && asked.standby !== true)
      .map(({ batch, sourceSymbol, intervalSeconds }) => ({ batch, intervalSeconds, asked: { ticker, sourceSymbol } })),
  );
  return [...Map.groupBy(members, ({ batch }) => batch).values()].map((inBatch) => {
    const tickers: RequestedTicker[] = inBatch.map(({ asked }) => asked);
    const endpoint = endpointFor(source, tickers);
    const intervals = inBatch.map(({ intervalSeconds }) => intervalSeconds);
    return {
      intervals,
      cost: endpoint.cost?.(tickers.length) ?? 1,
      shortestSeconds: Math.min(...intervals),
      maxBatch: endpoint.maxBatch,
    };
  });
}

function monthFault(load: Load): string | undefined {
  const { monthly } = load.plan;
  if (monthly === undefined) return undefined;
  const needed = loadIn(MONTH_SECONDS, load.batches);
  if (needed <= monthly.credits) return undefined;
  return (
    `${load.source.name}: ${describe(load.batches)} are ${amount(needed)} ${unitOf(load.batches, 'credits')} in a month of 31 days, ` +
    `the plan ${load.plan.name} allows ${allowed(monthly)}: ${cures(load, needed / monthly.credits)}`
  );
}

function allowed({ credits, origin }: MonthlyCredits): string {
  return `${amount(credits)} (${origin})`;
}

function rateFault(load: Load): string | undefined {
  const { share } = load;
  const { perSeconds } = load.plan.limit;
  const needed = loadIn(perSeconds, load.batches);
  if (needed <= share) return undefined;
  return (
    `${load.source.name}: ${describe(load.batches)} are ${amount(needed)} ${unitOf(load.batches, 'weight')} in ${period(perSeconds)}, ` +
    `${limitOf(load)}: ${cures(load, needed / share)}`
  );
}

/** All batches that are due in one slot have to be called within its window. */
function burstFault(load: Load): string | undefined {
  const { share } = load;
  const { perSeconds } = load.plan.limit;
  const windows = [...new Set(load.batches.map(({ shortestSeconds }) => windowSeconds(shortestSeconds)))];
  for (const window of windows) {
    const due = load.batches.filter(({ shortestSeconds }) => windowSeconds(shortestSeconds) <= window);
    const periods = 1 + Math.floor(Math.max(0, window - LATEST_BEGIN_SECONDS) / perSeconds);
    const needed = loadAtOnce(due);
    if (needed <= share * periods) continue;
    return (
      `${load.source.name}: ${describe(due)} are ${amount(needed)} ${unitOf(due, 'weight')} that are due at once, ` +
      `of which ${amount(share * periods)} can be made in the ${window} s of their window, since ${limitOf(load)}: ` +
      [...batchCures(due), 'name fewer tickers for it', ...(load.keyCure === undefined ? [] : [load.keyCure])].join(
        ', or ',
      )
    );
  }
  return undefined;
}

function limitOf({ plan: { name, limit }, share }: Load): string {
  return (
    `the plan ${name} allows ${amount(limit.calls)} in ${period(limit.perSeconds)} (${limit.origin}), ` +
    `of which ${amount(share)} are used, the rest is head room`
  );
}

function cures({ batches, keyCure }: Load, times: number): string {
  const intervals = [...new Set(batches.map(({ shortestSeconds }) => shortestSeconds))];
  const slower =
    intervals.length === 1
      ? `ask it every ${amount((intervals[0] ?? 1) * Math.ceil(times))} s or slower`
      : `ask it ${Math.ceil(times)} times less often`;
  return [slower, ...batchCures(batches), ...(keyCure === undefined ? [] : [keyCure])].join(', or ');
}

function batchCures(batches: readonly AskedBatch[]): string[] {
  const takesMore = batches.length > 1 && batches.some(({ maxBatch }) => maxBatch > 1);
  return takesMore ? ['put its tickers into fewer batches'] : [];
}

/** Another plan is worth naming when it allows more. */
function keyCureOf(source: Source, plan: SourcePlan, { apiKey }: SourceAccess): string | undefined {
  const better = source.plans.find((other) => other !== plan && takesKey(other) && allowsMore(other, plan));
  if (better === undefined) return undefined;
  const prefix = prefixOf(source);
  return apiKey === undefined
    ? `set ${prefix}_API_KEY (plan ${better.name})`
    : `take another plan (${prefix}_PLAN=${better.name})`;
}

function allowsMore(other: SourcePlan, plan: SourcePlan): boolean {
  const perSecond = ({ limit }: SourcePlan): number => limit.calls / limit.perSeconds;
  const perMonth = ({ monthly }: SourcePlan): number => monthly?.credits ?? Number.POSITIVE_INFINITY;
  return perMonth(other) > perMonth(plan) || (perMonth(other) === perMonth(plan) && perSecond(other) > perSecond(plan));
}

/** `3 batches every 60 s`, or `2 batches every 60 s and 1 batch every 300 s`. */
function describe(batches: readonly AskedBatch[]): string {
  return [...Map.groupBy(batches, ({ shortestSeconds }) => shortestSeconds)]
    .sort(([left], [right]) => left - right)
    .map(
      ([seconds, { length }]) => `${amount(length)} ${length === 1 ? 'batch' : 'batches'} every ${amount(seconds)} s`,
    )
    .join(' and ');
}

function unitOf(batches: readonly AskedBatch[], weighed: 'credits' | 'weight'): string {
  return batches.every(({ cost }) => cost === 1) ? 'calls' : `calls, by their ${weighed},`;
}

function period(seconds: number): string {
  if (seconds === 1) return 'a second';
  return seconds === 60 ? 'a minute' : `${amount(seconds)} s`;
}

function amount(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 2 });
}
