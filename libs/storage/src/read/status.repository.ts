import { GRACE_AFTER_WINDOW_SECONDS, MAX_WINDOW_SECONDS } from '@app/domain';
import type pg from 'pg';
import { CLOSING_SLACK_SECONDS } from '../slots/closing-slack.js';
import { readRecentSamples, type RecentSamples } from './recent-samples.js';

/** How a ticker that is being sampled stands. */
export interface TickerStatus {
  readonly ticker: string;
  readonly intervalSeconds: number;
  /** The newest price; undefined before the first. */
  readonly price: string | undefined;
  readonly slot: number | undefined;
  /** Name of the source that it came from. */
  readonly source: string | undefined;
  readonly observedAt: Date | undefined;
  /** Slots since midnight UTC that should have a price by now, and how many of them have none. */
  readonly expectedToday: number;
  readonly gapsToday: number;
}

/** How a source stands with the whole fleet. */
export interface SourceStatus {
  readonly sourceId: number;
  /** How many tickers and batches the schedules of now ask it for. */
  readonly tickers: number;
  readonly batches: number;
  readonly pausedUntil: Date | undefined;
  /** Undefined for a source whose circuit is open until somebody sets its key, see {@link SourceStatus.circuitReason}. */
  readonly circuitOpenUntil: Date | undefined;
  readonly circuitReason: string | undefined;
  /** Failed calls in a row. */
  readonly failures: number;
  readonly lastSuccessAt: Date | undefined;
  readonly latencyMs: number | undefined;
  readonly lastFailureAt: Date | undefined;
  readonly lastFailureKind: string | undefined;
  readonly lastFailureMessage: string | undefined;
  /** Calls or credits counted in the month that runs. */
  readonly usedThisMonth: number;
  /** What its last slots came to. */
  readonly recent: RecentSamples;
}

/** Reads how things stand, for the operator; cheap also with thousands of tickers: prices are counted in the hourly candles. */
export class StatusRepository {
  constructor(private readonly pool: pg.Pool) {}

  /** Every ticker that is sampled now, by name. */
  async tickers(nowMs: number): Promise<TickerStatus[]> {
    const nowSeconds = Math.floor(nowMs / 1000);
    const { rows } = await this.pool.query<Nullable<TickerStatus>>({
      name: 'status-tickers',
      text: TICKERS_SQL,
      values: [nowSeconds, nowSeconds - (nowSeconds % 86_400)],
    });
    return rows.map(({ price, slot, source, observedAt, ...row }) => ({
      ...row,
      price: price ?? undefined,
      slot: slot ?? undefined,
      source: source ?? undefined,
      observedAt: observedAt ?? undefined,
    }));
  }

  /** Every source that was ever asked, or that the schedules of now name, by id. */
  async sources(nowMs: number): Promise<SourceStatus[]> {
    const recent = await readRecentSamples(this.pool, nowMs);
    const { rows } = await this.pool.query<Nullable<Omit<SourceStatus, 'recent'>>>({
      name: 'status-sources',
      text: SOURCES_SQL,
      values: [new Date(nowMs).toISOString().slice(0, 7) + '-01'],
    });
    return rows.map((row) => ({
      sourceId: row.sourceId,
      tickers: row.tickers,
      batches: row.batches,
      failures: row.failures,
      usedThisMonth: Number(row.usedThisMonth),
      pausedUntil: row.pausedUntil ?? undefined,
      circuitOpenUntil: row.circuitOpenUntil ?? undefined,
      circuitReason: row.circuitReason ?? undefined,
      lastSuccessAt: row.lastSuccessAt ?? undefined,
      latencyMs: row.latencyMs ?? undefined,
      lastFailureAt: row.lastFailureAt ?? undefined,
      lastFailureKind: row.lastFailureKind ?? undefined,
      lastFailureMessage: row.lastFailureMessage ?? undefined,
      recent: recent.get(row.sourceId) ?? NOTHING_RECENT,
    }));
  }
}

const NOTHING_RECENT: RecentSamples = { samples: [], disagreeingTickers: 0, disagreements: [], isUnusable: false };

/** As Postgres gives it: null where there is nothing. */
type Nullable<T> = { readonly [K in keyof T]: undefined extends T[K] ? Exclude<T[K], undefined> | null : T[K] };

const SOURCES_SQL = `
  WITH used AS (
    SELECT ts.source_id, count(DISTINCT s.ticker_id)::int AS tickers, count(DISTINCT ts.batch)::int AS batches
    FROM schedules s JOIN ticker_sources ts ON ts.schedule_id = s.id
    WHERE s.to_slot IS NULL GROUP BY ts.source_id
  )
  SELECT src.id AS "sourceId", coalesce(used.tickers, 0) AS tickers, coalesce(used.batches, 0) AS batches,
         st.paused_until AS "pausedUntil", CASE WHEN isfinite(st.circuit_open_until) THEN st.circuit_open_until END AS "circuitOpenUntil", st.circuit_reason AS "circuitReason",
         coalesce(st.failures, 0) AS failures, st.last_success_at AS "lastSuccessAt", st.last_latency_ms AS "latencyMs",
         st.last_failure_at AS "lastFailureAt", st.last_failure_kind AS "lastFailureKind",
         st.last_failure_message AS "lastFailureMessage", coalesce(c.used, 0) AS "usedThisMonth"
  FROM sources src
  LEFT JOIN used ON used.source_id = src.id
  LEFT JOIN source_states st ON st.source_id = src.id
  LEFT JOIN source_credits c ON c.source_id = src.id AND c.month = $1::date
  WHERE used.source_id IS NOT NULL OR st.source_id IS NOT NULL
  ORDER BY src.id`;

/** A slot counts as expected when its grace is over and the closer has had time for it. */
const CLOSED_AFTER_SECONDS = GRACE_AFTER_WINDOW_SECONDS + CLOSING_SLACK_SECONDS;

/** $1 is now, $2 is midnight: slots of every version that held since, less the prices that the day's candles count. */
const TICKERS_SQL = `
  WITH sampled AS (
    SELECT t.id, t.ticker, s.interval_seconds FROM schedules s JOIN tickers t ON t.id = s.ticker_id WHERE s.to_slot IS NULL
  ), expected AS (
    SELECT s.ticker_id, sum(greatest(0,
             ((bound.to_slot - 1) / s.interval_seconds) - ((bound.from_slot + s.interval_seconds - 1) / s.interval_seconds) + 1))::int AS slots
    FROM schedules s
    CROSS JOIN LATERAL (SELECT greatest(s.from_slot, $2::bigint) AS from_slot,
      least(coalesce(s.to_slot, $1::bigint + 1),
            $1::bigint - least(s.interval_seconds, ${MAX_WINDOW_SECONDS}) - ${CLOSED_AFTER_SECONDS} + 1) AS to_slot) bound
    WHERE (s.to_slot IS NULL OR s.to_slot > $2) AND bound.to_slot > bound.from_slot
    GROUP BY s.ticker_id
  ), stored AS (
    SELECT ticker_id, sum(count)::int AS prices FROM candles WHERE bucket >= $2 GROUP BY ticker_id
  ), early AS (
    -- Prices of slots that are not expected yet: the candles count them already.
    SELECT sampled.id AS ticker_id, count(*)::int AS prices
    FROM sampled JOIN prices p ON p.ticker_id = sampled.id
      AND p.slot >= greatest($2::bigint, $1::bigint - least(sampled.interval_seconds, ${MAX_WINDOW_SECONDS}) - ${CLOSED_AFTER_SECONDS} + 1)
    GROUP BY sampled.id
  )
  SELECT sampled.ticker, sampled.interval_seconds AS "intervalSeconds", l.price::text AS price, l.slot, src.name AS source,
         l.observed_at AS "observedAt", coalesce(expected.slots, 0) AS "expectedToday",
         greatest(0, coalesce(expected.slots, 0) - coalesce(stored.prices, 0) + coalesce(early.prices, 0)) AS "gapsToday"
  FROM sampled
  LEFT JOIN expected ON expected.ticker_id = sampled.id
  LEFT JOIN stored ON stored.ticker_id = sampled.id
  LEFT JOIN early ON early.ticker_id = sampled.id
  LEFT JOIN latest l ON l.ticker_id = sampled.id
  LEFT JOIN sources src ON src.id = l.source_id
  ORDER BY sampled.ticker`;
