import { DEFAULT_CHECK_LIMITS, INTERVALS_TO_BE_FROZEN } from '@app/domain';

/**
 * Accepted samples of the slots $1 to $2 (exclusive) whose source had the same text on the wire when it would be frozen by, and had no other
 * one since as far as that lies in this range; with the slot of that text.
 */
export const STILL_SAMPLES_SQL = `
  WITH kept AS MATERIALIZED (
    SELECT s.id AS schedule_id, s.ticker_id, ts.source_id, one.slot, one.raw, one.outcome, ${INTERVALS_TO_BE_FROZEN} * ts.interval_seconds AS look_back,
           greatest(${INTERVALS_TO_BE_FROZEN} * ts.interval_seconds,
             coalesce((s.rule_options #>> '{checks,frozen_after_seconds}')::int, ${DEFAULT_CHECK_LIMITS.frozenAfterSeconds})) AS still_seconds
    FROM schedules s JOIN ticker_sources ts ON ts.schedule_id = s.id
    CROSS JOIN LATERAL (
      SELECT slot, raw, outcome FROM samples
      WHERE ticker_id = s.ticker_id AND source_id = ts.source_id AND origin = 'live' AND raw IS NOT NULL
        AND slot >= greatest(s.from_slot, $1::bigint) AND slot < least(s.to_slot, $2::bigint) OFFSET 0) AS one
    WHERE s.from_slot < $2::bigint AND (s.to_slot IS NULL OR s.to_slot > $1::bigint)
  ), compared AS (
    SELECT *, lag(raw) OVER before AS raw_before, min(slot) OVER (PARTITION BY ticker_id, source_id) AS first_slot
    FROM kept WINDOW before AS (PARTITION BY ticker_id, source_id ORDER BY slot)
  ), runs AS (
    SELECT *, max(slot) FILTER (WHERE raw IS DISTINCT FROM raw_before) OVER (PARTITION BY ticker_id, source_id ORDER BY slot) AS run_slot
    FROM compared
  )
  SELECT r.schedule_id AS "scheduleId", r.ticker_id AS "tickerId", r.source_id AS "sourceId", r.slot::float8 AS slot, same.slot::float8 AS "sinceSlot"
  FROM runs r CROSS JOIN LATERAL (
    SELECT slot, raw FROM samples
    WHERE ticker_id = r.ticker_id AND source_id = r.source_id AND raw IS NOT NULL
      AND slot <= r.slot - r.still_seconds AND slot > r.slot - r.still_seconds - r.look_back
    ORDER BY slot DESC LIMIT 1) same
  WHERE r.outcome = 'accepted' AND (r.slot - r.run_slot >= r.still_seconds OR r.run_slot = r.first_slot) AND same.raw = r.raw
  ORDER BY r.ticker_id, r.slot, r.source_id`;
