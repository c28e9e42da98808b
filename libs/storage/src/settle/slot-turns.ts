import {
  MAX_JUMP_MEMORY_SECONDS,
  MAX_WINDOW_SECONDS,
  type Outcome,
  type Rule,
  type RuleOptions,
  type SampleReason,
} from '@app/domain';
import type pg from 'pg';
import { REFUSAL_REASONS_SQL } from '../gap-reasons.sql.js';

/** What a source reported in the slot of the last price, when that was rejected as a jump. */
export interface JumpBefore {
  readonly raw: string | null;
  readonly inverted: boolean;
  readonly rate: string | null;
}

/** The turn of one source in a slot of one ticker, with what is to be known of the ticker. */
export interface TurnRow {
  readonly tickerId: number;
  readonly ticker: string;
  readonly scheduleFromSlot: number;
  readonly intervalSeconds: number;
  readonly rule: Rule;
  /** Null where it has none. */
  readonly ruleOptions: RuleOptions | null;
  /** UNIX second at which the window ends. */
  readonly deadline: number;
  /** The slot has its price, or the rule has refused one. */
  readonly isDecided: boolean;
  /** Prices of this ticker convert others. */
  readonly isRate: boolean;
  /** The newest price before the slot, of the last week. */
  readonly lastSlot: number | null;
  readonly lastPrice: string | null;
  /** What the sources reported in that slot: the accepted prices with a space between them, and the jumps. */
  readonly lastAccepted: string | null;
  readonly lastJumps: readonly JumpBefore[] | null;

  readonly sourceId: number;
  readonly source: string;
  readonly position: number;
  readonly batch: string;
  readonly isStandby: boolean;
  /** Whether it was called in this slot; always true of one that is no standby. */
  readonly isAsked: boolean;

  /** The sample; null while there is none. */
  readonly outcome: Outcome | null;
  readonly reason: SampleReason | null;
  readonly price: string | null;
  readonly raw: string | null;
  readonly inverted: boolean | null;
  readonly rate: string | null;
  readonly flags: number | null;
  readonly observedAt: Date | null;

  /** Of a sample that waits for a rate: the price that converts it. */
  readonly rateFound: string | null;
  /** Until when that price may still come; null when it never will. */
  readonly rateDeadline: number | null;
}

/** The turns of a slot for some tickers, in order of ticker and preference; none for a ticker that no schedule samples then. */
export async function readTurns(
  client: Pick<pg.ClientBase, 'query'>,
  slot: number,
  tickerIds: readonly number[],
): Promise<TurnRow[]> {
  const result = await client.query<TurnRow>({ name: 'slot-turns', text: TURNS_SQL, values: [slot, tickerIds] });
  return result.rows;
}

/**
 * Slot $1 of the tickers $2. Everything is looked up by key, ticker by ticker: what is written as LATERAL with OFFSET 0 stays a look
 * into an index, whatever Postgres believes of the sizes. The ranges of gaps never overlap, so that only the last one that begins
 * at or before the slot can cover it. The rate of a slot is that of the rate ticker's own slot in which it lies.
 *
 * Every store asks this for each of its tickers, and most of what a store costs is this: the last price is the latest one unless a later
 * slot has a price already, and what the sources reported with it is a text, since making JSON of it cost more than all the rest.
 */
const TURNS_SQL = `
  SELECT h.ticker_id AS "tickerId", t.ticker, h.from_slot AS "scheduleFromSlot", h.interval_seconds AS "intervalSeconds", h.rule,
         nullif(h.rule_options, '{}') AS "ruleOptions", $1::bigint + least(h.interval_seconds, ${MAX_WINDOW_SECONDS}) AS deadline,
         decided.slot IS NOT NULL OR coalesce(refused.is_refused, false) AS "isDecided", q.quoted_in IS NOT NULL AS "isRate",
         last.slot AS "lastSlot", last.price AS "lastPrice", told.prices AS "lastAccepted", told.jumps AS "lastJumps",
         ts.source_id AS "sourceId", o.name AS source, ts.position, ts.batch, ts.standby AS "isStandby",
         NOT ts.standby OR called.slot IS NOT NULL AS "isAsked",
         given.outcome, given.reason, given.price::text AS price, given.raw, given.inverted, given.rate::text AS rate, given.flags,
         given.observed_at AS "observedAt", rate.price AS "rateFound", rate.deadline AS "rateDeadline"
  FROM unnest($2::int[]) AS asked(ticker_id)
  CROSS JOIN LATERAL (
    SELECT * FROM schedules
    WHERE ticker_id = asked.ticker_id AND from_slot <= $1::bigint AND (to_slot IS NULL OR to_slot > $1::bigint)
    OFFSET 0) h
  CROSS JOIN LATERAL (SELECT ticker, base FROM tickers WHERE id = asked.ticker_id OFFSET 0) t
  LEFT JOIN LATERAL (SELECT slot FROM prices WHERE ticker_id = asked.ticker_id AND slot = $1::bigint OFFSET 0) decided ON true
  LEFT JOIN LATERAL (
    SELECT to_slot > $1::bigint AND reason IN (${REFUSAL_REASONS_SQL}) AS is_refused FROM gaps
    WHERE h.rule <> 'priority' AND ticker_id = asked.ticker_id AND from_slot <= $1::bigint ORDER BY from_slot DESC LIMIT 1) refused ON true
  LEFT JOIN LATERAL (SELECT quoted_in FROM ticker_sources WHERE quoted_in = t.base LIMIT 1) q ON true
  LEFT JOIN LATERAL (SELECT slot, price FROM latest WHERE ticker_id = asked.ticker_id OFFSET 0) newest ON true
  LEFT JOIN LATERAL (
    SELECT slot, price FROM prices
    WHERE newest.slot >= $1::bigint AND ticker_id = asked.ticker_id AND slot < $1::bigint AND slot >= $1::bigint - ${MAX_JUMP_MEMORY_SECONDS}
    ORDER BY slot DESC LIMIT 1) before ON true
  CROSS JOIN LATERAL (
    SELECT CASE WHEN newest.slot < $1::bigint THEN newest.slot ELSE before.slot END AS slot,
           (CASE WHEN newest.slot < $1::bigint THEN newest.price ELSE before.price END)::text AS price OFFSET 0) last
  LEFT JOIN LATERAL (
    SELECT string_agg(price::text, ' ') AS prices,
           json_agg(json_build_object('raw', raw, 'inverted', inverted, 'rate', rate::text)) FILTER (WHERE price IS NULL) AS jumps
    FROM samples
    WHERE ticker_id = asked.ticker_id AND slot = last.slot AND slot < $1::bigint AND slot >= $1::bigint - ${MAX_JUMP_MEMORY_SECONDS}
      AND (outcome = 'accepted' OR reason = 'jump')) told ON true
  CROSS JOIN LATERAL (
    SELECT * FROM ticker_sources WHERE schedule_id = h.id AND $1::bigint % interval_seconds = 0 OFFSET 0) ts
  CROSS JOIN LATERAL (SELECT name FROM sources WHERE id = ts.source_id OFFSET 0) o
  LEFT JOIN LATERAL (
    SELECT slot FROM fetches WHERE source_id = ts.source_id AND batch = ts.batch AND slot = $1::bigint OFFSET 0) called ON ts.standby
  LEFT JOIN LATERAL (
    SELECT outcome, reason, price, raw, inverted, rate, rate_ticker, flags, observed_at FROM samples
    WHERE ticker_id = asked.ticker_id AND slot = $1::bigint AND source_id = ts.source_id OFFSET 0) given ON true
  LEFT JOIN LATERAL (
    SELECT p.price::text AS price,
           CASE WHEN covering.slot >= rs.from_slot THEN covering.slot + least(rs.interval_seconds, ${MAX_WINDOW_SECONDS}) END AS deadline
    FROM tickers rt
    CROSS JOIN LATERAL (
      SELECT from_slot, interval_seconds FROM schedules
      WHERE ticker_id = rt.id AND from_slot <= $1::bigint AND (to_slot IS NULL OR to_slot > $1::bigint)
      ORDER BY from_slot DESC LIMIT 1) rs
    CROSS JOIN LATERAL (SELECT $1::bigint - $1::bigint % rs.interval_seconds AS slot) covering
    LEFT JOIN LATERAL (SELECT price FROM prices WHERE ticker_id = rt.id AND slot = covering.slot OFFSET 0) p ON true
    WHERE rt.ticker = given.rate_ticker OFFSET 0) rate ON given.reason = 'no_conversion_rate'
  ORDER BY h.ticker_id, ts.position`;
