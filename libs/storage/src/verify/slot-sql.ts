import { GRACE_AFTER_WINDOW_SECONDS, MAX_WINDOW_SECONDS } from '@app/domain';
import { REFUSAL_REASONS_SQL } from '../slots/gap-reasons.sql.js';

/** SQL: the first multiple of an interval at or after a second. */
export function slotAtOrAfterSql(second: string, interval: string): string {
  return `((${second}) + ${interval} - 1) / ${interval} * ${interval}`;
}

/** SQL: how many slots of an interval lie in `[from, to)`. */
export function countSlotsSql(from: string, to: string, interval: string): string {
  return `greatest(0, ((${to}) - 1) / ${interval} - ((${from}) - 1) / ${interval})`;
}

/** SQL: seconds from a slot to the end of its grace. */
export function graceSql(interval: string): string {
  return `(least(${interval}, ${MAX_WINDOW_SECONDS}) + ${GRACE_AFTER_WINDOW_SECONDS})`;
}

/**
 * SQL of the relations that the checks of a window share. $1 and $2: the window; $3: judged until; $4: end of all slots.
 * - `expected`: every slot that a schedule held for; `judged` when its grace is over
 * - `gap_slot`: every expected slot under a gap range; `refused` when it was planned and the rule refused a price
 * - `standby_call`: the calls of batches that have a standby source: it was due only where it was called
 * - `price`, `sample`: the rows of the window, read by their primary keys
 * - `slot_source`: what was due (a source in a planned slot, a standby when it was called) beside the sample that there is; `due` and `sampled` say which
 *
 * OFFSET 0 keeps Postgres from turning the index scan of each ticker into a scan of the whole table.
 */
export const WINDOW_SQL = `
  expected AS MATERIALIZED (
    SELECT s.id AS schedule_id, s.ticker_id, s.rule, slot, slot + ${graceSql('s.interval_seconds')} <= $3::bigint AS judged,
           slot + least(s.interval_seconds, ${MAX_WINDOW_SECONDS}) AS deadline
    FROM schedules s
    CROSS JOIN LATERAL generate_series(
      ${slotAtOrAfterSql('greatest(s.from_slot, $1::bigint)', 's.interval_seconds')},
      least(s.to_slot, $2::bigint, $4::bigint) - 1, s.interval_seconds::bigint) AS slot
    WHERE s.from_slot < $2::bigint AND (s.to_slot IS NULL OR s.to_slot > $1::bigint)
  ), gap_slot AS MATERIALIZED (
    SELECT g.ticker_id, slot, min(g.reason) AS reason, bool_and(g.reason IN (${REFUSAL_REASONS_SQL})) AS refused
    FROM gaps g JOIN schedules s ON s.ticker_id = g.ticker_id
    CROSS JOIN LATERAL generate_series(
      ${slotAtOrAfterSql('greatest(g.from_slot, s.from_slot, $1::bigint)', 's.interval_seconds')},
      least(g.to_slot, s.to_slot, $2::bigint, $4::bigint) - 1, s.interval_seconds::bigint) AS slot
    WHERE g.from_slot < $2::bigint AND g.to_slot > $1::bigint
    GROUP BY g.ticker_id, slot
  ), price AS MATERIALIZED (
    SELECT t.id AS ticker_id, kept.*
    FROM tickers t CROSS JOIN LATERAL (
      SELECT slot, price, source_id, observed_at, flags FROM prices
      WHERE ticker_id = t.id AND slot >= $1::bigint AND slot < $2::bigint OFFSET 0) AS kept
  ), sample AS MATERIALIZED (
    SELECT t.id AS ticker_id, kept.*
    FROM tickers t CROSS JOIN LATERAL (
      SELECT slot, source_id, outcome, reason, price, raw, observed_at, stored_at, origin, flags, rate, inverted FROM samples
      WHERE ticker_id = t.id AND slot >= $1::bigint AND slot < $2::bigint OFFSET 0) AS kept
  ), standby_call AS MATERIALIZED (
    SELECT source_batch.source_id, source_batch.batch, kept.slot
    FROM (SELECT DISTINCT source_id, batch FROM ticker_sources WHERE standby) AS source_batch CROSS JOIN LATERAL (
      SELECT slot FROM fetches
      WHERE source_id = source_batch.source_id AND batch = source_batch.batch AND slot >= $1::bigint AND slot < $2::bigint OFFSET 0) AS kept
  ), due AS (
    SELECT e.ticker_id, e.slot, ts.source_id, ts.position, ts.batch, e.judged, e.deadline
    FROM expected e
    JOIN ticker_sources ts ON ts.schedule_id = e.schedule_id AND e.slot % ts.interval_seconds = 0
    LEFT JOIN gap_slot g ON g.ticker_id = e.ticker_id AND g.slot = e.slot
    LEFT JOIN standby_call c ON c.source_id = ts.source_id AND c.batch = ts.batch AND c.slot = e.slot
    WHERE (g.slot IS NULL OR g.refused) AND (NOT ts.standby OR c.slot IS NOT NULL)
  ), slot_source AS MATERIALIZED (
    SELECT coalesce(d.ticker_id, s.ticker_id) AS ticker_id, coalesce(d.slot, s.slot) AS slot,
           coalesce(d.source_id, s.source_id) AS source_id, d.position, d.batch, coalesce(d.judged, false) AS judged,
           d.slot IS NOT NULL AS due, s.slot IS NOT NULL AS sampled,
           s.outcome, s.reason, s.price, s.raw, s.observed_at, s.stored_at, d.deadline, s.origin,
           s.flags, s.rate, s.inverted
    FROM due d FULL JOIN sample s ON s.ticker_id = d.ticker_id AND s.slot = d.slot AND s.source_id = d.source_id
  )`;
