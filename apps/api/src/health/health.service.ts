import { HttpException, Inject, Injectable } from '@nestjs/common';
import { HealthCheckService, HealthIndicatorService, type HealthCheckResult } from '@nestjs/terminus';
import { ClockWatch, ReadinessWatch } from '@app/process';
import { IngestionReader, readRole, type ListAge, type ListedTicker, type Mode, type ReadDatabase } from '@app/storage';
import type { ApiSettings } from '../api-settings.js';
import { freshnessOf } from '../prices/freshness.js';
import { TickerDirectory } from '../tickers/ticker.directory.js';
import { API_SETTINGS, CLOCK, WATCH_DATABASE, type Clock } from '../tokens.js';

/** The state of the system in one word: everything is well, prices are served but not all is well, or they are not. */
export type HealthStatus = 'ok' | 'degraded' | 'down';

/** The answer of `/health`. */
export interface HealthReport {
  readonly status: HealthStatus;
  /** Whether its prices are real. */
  readonly mode: Mode;
  readonly database: unknown;
  readonly clock: unknown;
  readonly sampling: unknown;
  readonly etl: IngestionHealth;
  readonly timestamp: string;
}

/** How the lists of assets are read. */
export interface IngestionHealth {
  /** `disabled`: none is read. */
  readonly status: 'healthy' | 'unhealthy' | 'disabled';
  readonly lists?: readonly unknown[];
  /** What is wrong, where nothing else can be said. */
  readonly message?: string;
}

/** A list is late when no run came to its end for so many of its intervals. */
const LATE_AFTER_INTERVALS = 3;

const DATABASE_AWAY = 'unknown while the database is away';

/** Most tickers listed one by one, the stalest first. */
const MOST_TICKERS = 100;

/** How long the database may take to say who we are, in milliseconds. */
const DATABASE_LIMIT_MS = 2_000;

/** Asks the parts of the system how they are, by way of terminus. */
@Injectable()
export class HealthService {
  constructor(
    @Inject(HealthCheckService) private readonly checks: HealthCheckService,
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(ReadinessWatch) private readonly readiness: ReadinessWatch,
    @Inject(ClockWatch) private readonly clock: ClockWatch,
    @Inject(WATCH_DATABASE) private readonly database: ReadDatabase,
    @Inject(TickerDirectory) private readonly directory: TickerDirectory,
    @Inject(CLOCK) private readonly now: Clock,
    @Inject(API_SETTINGS) private readonly settings: ApiSettings,
  ) {}

  /**
   * Asks now. Never throws: what fails is part of the report. Lists that are late make the whole `degraded` and never `down`, since
   * prices are served all the same.
   */
  async report(): Promise<HealthReport> {
    const [{ status, details }, etl] = await Promise.all([this.run(), this.checkIngestion()]);
    const isWell = status === 'ok' && etl.status !== 'unhealthy';
    return {
      status: isWell ? 'ok' : status === 'ok' || status === 'degraded' ? 'degraded' : 'down',
      mode: this.settings.mode,
      database: details['database'],
      clock: details['clock'],
      sampling: details['sampling'],
      etl,
      timestamp: new Date(this.now()).toISOString(),
    };
  }

  private async run(): Promise<HealthCheckResult> {
    try {
      return await this.checks.check([() => this.checkDatabase(), () => this.checkClock(), () => this.checkSampling()]);
    } catch (error) {
      const result = resultOf(error);
      if (result === undefined) throw error;
      return result;
    }
  }

  private checkDatabase() {
    return this.indicators
      .check('database')
      .attempt(async () => {
        const [unfit] = this.readiness.findings();
        if (unfit !== undefined) throw new Error(unfit);
        const started = performance.now();
        const { role } = await readRole(this.database);
        return { role, latency_ms: Math.round(performance.now() - started) };
      })
      .withTimeout(DATABASE_LIMIT_MS);
  }

  private checkClock() {
    const measured = this.clock.offset();
    const check = this.indicators.check('clock');
    if (measured === undefined) return check.degraded({ offset_ms: null });
    const offset = { offset_ms: measured.offsetMs };
    return this.clock.isTrue() ? check.up(offset) : check.degraded(offset);
  }

  private async checkSampling() {
    const check = this.indicators.check('sampling');
    // Sampling that nobody can ask about makes nothing worse than the database already is.
    if (this.readiness.findings().length > 0) return check.degraded({ message: DATABASE_AWAY });
    try {
      const summary = summarize([...(await this.directory.all()).values()], this.now());
      return summary.stale === 0 && summary.fresh > 0 ? check.up({ ...summary }) : check.degraded({ ...summary });
    } catch {
      return check.degraded({ message: DATABASE_AWAY });
    }
  }

  private async checkIngestion(): Promise<IngestionHealth> {
    const away: IngestionHealth = { status: 'unhealthy', message: DATABASE_AWAY };
    if (this.readiness.findings().length > 0) return away;
    try {
      return healthOf(await new IngestionReader(this.database).ages());
    } catch {
      return away;
    }
  }
}

/** Before its first run a list is as late as it would be had a run ended when it began to be read. */
function healthOf(ages: readonly ListAge[]): IngestionHealth {
  if (ages.length === 0) return { status: 'disabled' };
  const lists = ages.map(({ source, intervalSeconds, lastSuccess, waitingSeconds }) => ({
    source,
    late: waitingSeconds > LATE_AFTER_INTERVALS * intervalSeconds,
    interval_seconds: intervalSeconds,
    last_success: lastSuccess?.toISOString() ?? null,
  }));
  return { status: lists.some(({ late }) => late) ? 'unhealthy' : 'healthy', lists };
}

/** How far sampling has come; disabled tickers are nobody's worry. */
function summarize(tickers: readonly ListedTicker[], nowMs: number) {
  const enabled = tickers.filter((ticker) => ticker.enabled).map((ticker) => describe(ticker, nowMs));
  const stale = enabled.filter((ticker) => ticker.stale).length;
  const slots = enabled.flatMap((ticker) => (ticker.last_slot === null ? [] : [ticker.last_slot]));
  return {
    enabled: enabled.length,
    fresh: enabled.length - stale,
    stale,
    last_slot: slots.length === 0 ? null : Math.max(...slots),
    tickers: enabled
      .sort((left, right) => (right.age_seconds ?? Infinity) - (left.age_seconds ?? Infinity))
      .slice(0, MOST_TICKERS),
  };
}

function describe(ticker: ListedTicker, nowMs: number) {
  const { lastObservedAt } = ticker;
  if (lastObservedAt === null) return { ticker: ticker.ticker, last_slot: null, age_seconds: null, stale: true };
  const { ageSeconds, stale } = freshnessOf(lastObservedAt, ticker.intervalSeconds, nowMs);
  return { ticker: ticker.ticker, last_slot: ticker.lastSlot, age_seconds: ageSeconds, stale };
}

/** Terminus throws its result when something is down. */
function resultOf(error: unknown): HealthCheckResult | undefined {
  if (!(error instanceof HttpException)) return undefined;
  const response = error.getResponse();
  return typeof response === 'object' && 'details' in response ? (response as HealthCheckResult) : undefined;
}
