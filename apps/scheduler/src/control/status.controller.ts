import { planOf, sourceById, type SourceAccesses, lacksKey } from '@app/sources';
import { ApiAnswer, VERSIONS } from '@app/openapi';
import {
  RefusedSymbolRepository,
  StatusRepository,
  type RefusedSymbolRow,
  type SourceStatus,
  type TickerStatus,
} from '@app/storage';
import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { SymbolDirectory } from '../catalogue/symbol-directory.js';
import { TaskRunner, type TaskState } from '../tasks/run-tasks.js';
import { SOURCE_ACCESSES } from '../tokens.js';
import { ApiProblems } from './documentation.js';
import { anyRoute } from './problem-examples.js';
import {
  STATUS_ANSWER,
  type PresentedSource,
  type PresentedTask,
  type PresentedTickerStatus,
} from './status.answer.js';

/** How everything stands: what an operator asks first. */
@ApiTags('status')
@Controller({ path: 'status', version: VERSIONS })
export class StatusController {
  constructor(
    private readonly status: StatusRepository,
    private readonly refused: RefusedSymbolRepository,
    private readonly names: SymbolDirectory,
    private readonly tasks: TaskRunner,
    @Inject(SOURCE_ACCESSES) private readonly access: SourceAccesses,
  ) {}

  @Get()
  @ApiOperation({ summary: 'How every source, ticker and periodic task stands' })
  @ApiAnswer(STATUS_ANSWER)
  @ApiProblems(...anyRoute('/status'))
  async read() {
    const nowMs = Date.now();
    const [sources, tickers, refused] = await Promise.all([
      this.status.sources(nowMs),
      this.status.tickers(nowMs),
      this.refused.list(),
    ]);
    const refusedBy = Map.groupBy(refused, ({ sourceId }) => sourceId);
    return {
      now: new Date(nowMs).toISOString(),
      sources: sources.map((source) => ({
        ...this.presentSource(source, nowMs),
        refused_symbols: (refusedBy.get(source.sourceId) ?? []).map(presentRefused),
      })),
      tickers: tickers.map((ticker) => presentTicker(ticker, nowMs)),
      // Of the scheduler that answers; another one's may stand differently.
      tasks: this.tasks.states().map(presentTask),
    };
  }

  private presentSource(status: SourceStatus, nowMs: number): Omit<PresentedSource, 'refused_symbols'> {
    const source = sourceById(status.sourceId);
    const access = source === undefined ? undefined : this.access[source.name];
    const plan = source === undefined ? undefined : planOf(source, access);
    const needsKey = source !== undefined && lacksKey(source, access);
    const monthly = plan?.monthly;
    return {
      source: source?.name ?? String(status.sourceId),
      state: stateOf(status, needsKey, nowMs),
      tickers: status.tickers,
      batches: status.batches,
      last_success: status.lastSuccessAt?.toISOString() ?? null,
      latency_ms: status.latencyMs ?? null,
      failures_in_a_row: status.failures,
      last_failure:
        status.lastFailureAt === undefined
          ? null
          : {
              at: status.lastFailureAt.toISOString(),
              reason: status.lastFailureKind ?? null,
              detail: status.lastFailureMessage ?? null,
            },
      paused_until: future(status.pausedUntil, nowMs),
      circuit_open_until: future(status.circuitOpenUntil, nowMs),
      circuit_reason:
        needsKey || future(status.circuitOpenUntil, nowMs) !== null ? (status.circuitReason ?? null) : null,
      plan: plan?.name ?? null,
      limit:
        plan === undefined
          ? null
          : { calls: plan.limit.calls, per_seconds: plan.limit.perSeconds, origin: plan.limit.origin },
      credits:
        monthly === undefined
          ? null
          : {
              per_month: monthly.credits,
              used: status.usedThisMonth,
              left: Math.max(0, monthly.credits - status.usedThisMonth),
              origin: monthly.origin,
            },
      samples: status.recent.samples.map(({ outcome, reason, count }) => ({ outcome, reason: reason ?? null, count })),
      disagreeing_tickers: status.recent.disagreeingTickers,
      disagreements: status.recent.disagreements.map(({ ticker, reason, sinceSlot }) => ({
        ticker,
        reason,
        since: new Date(sinceSlot * 1000).toISOString(),
      })),
      unknown_source_symbols: source === undefined ? [] : this.names.unknownSymbolsOf(source.name),
    };
  }
}

function presentRefused(refused: RefusedSymbolRow): PresentedSource['refused_symbols'][number] {
  return {
    source_symbol: refused.symbol,
    since: refused.since.toISOString(),
    last_try: refused.lastTriedAt.toISOString(),
    next_try: refused.nextTryAt.toISOString(),
    detail: refused.detail,
  };
}

function presentTicker(ticker: TickerStatus, nowMs: number): PresentedTickerStatus {
  return {
    ticker: ticker.ticker,
    interval_seconds: ticker.intervalSeconds,
    price: ticker.price ?? null,
    source: ticker.source ?? null,
    timestamp: ticker.slot ?? null,
    age_seconds:
      ticker.observedAt === undefined ? null : Math.max(0, Math.round((nowMs - ticker.observedAt.getTime()) / 1000)),
    expected_today: ticker.expectedToday,
    gaps_today: ticker.gapsToday,
  };
}

function presentTask(task: TaskState): PresentedTask {
  return {
    name: task.name,
    every_seconds: task.everySeconds,
    last_run: timeOf(task.lastRunAtMs),
    last_success: timeOf(task.lastSuccessAtMs),
    last_duration_ms: task.lastDurationMs ?? null,
    failures_in_a_row: task.failuresInARow,
    last_error: task.lastError ?? null,
  };
}

function timeOf(atMs: number | undefined): string | null {
  return atMs === undefined ? null : new Date(atMs).toISOString();
}

function stateOf(status: SourceStatus, needsKey: boolean, nowMs: number): PresentedSource['state'] {
  if (needsKey) return 'needs_key';
  if (future(status.circuitOpenUntil, nowMs) !== null) return 'circuit_open';
  if (future(status.pausedUntil, nowMs) !== null) return 'paused';
  if (status.failures > 0) return 'failing';
  if (status.lastSuccessAt === undefined) return 'not_asked_yet';
  if (status.recent.isUnusable) return 'unusable';
  return status.recent.disagreeingTickers > 0 ? 'disagrees' : 'ok';
}

function future(time: Date | undefined, nowMs: number): string | null {
  return time !== undefined && time.getTime() > nowMs ? time.toISOString() : null;
}
