import { DEFAULT_CHECK_LIMITS, INTERVALS_TO_BE_FROZEN, MAX_WINDOW_SECONDS, PRICE_FLAGS } from '@app/domain';
import { FORMER_RULES_UNTIL_SQL } from '../schema/former-rules.js';
import { REFUSAL_REASONS_SQL } from '../slots/gap-reasons.sql.js';

/** How far the clocks of two processes may be apart. */
const CLOCK_OFFSET = `interval '250 ms'`;

/** Slots from $1 to $2 (exclusive) of tickers with the rule \`median\` that have a price or a refusal, each with its samples. */
export const MEDIANS_SQL = `
  WITH held AS MATERIALIZED (
    SELECT s.id, s.ticker_id, s.from_slot, s.to_slot, s.interval_seconds, s.rule_options FROM schedules s
    WHERE s.rule = 'median' AND s.from_slot < $2::bigint AND (s.to_slot IS NULL OR s.to_slot > $1::bigint)
  ), decided AS MATERIALIZED (
    SELECT h.id, h.ticker_id, kept.slot, kept.price, kept.uncertainty, kept.flags, kept.observed_at, kept.consensus, NULL::text AS refusal
    FROM held h CROSS JOIN LATERAL (
      SELECT slot, price, uncertainty, flags, observed_at, consensus FROM prices
      WHERE ticker_id = h.ticker_id AND slot >= greatest(h.from_slot, $1::bigint) AND slot < least(h.to_slot, $2::bigint) OFFSET 0) AS kept
    UNION ALL
    SELECT h.id, h.ticker_id, refused.slot, NULL, NULL, NULL, NULL, NULL, g.reason
    FROM held h JOIN gaps g ON g.ticker_id = h.ticker_id AND g.reason IN (${REFUSAL_REASONS_SQL})
    CROSS JOIN LATERAL generate_series(
      (greatest(g.from_slot, h.from_slot, $1::bigint) + h.interval_seconds - 1) / h.interval_seconds * h.interval_seconds,
      least(g.to_slot, h.to_slot, $2::bigint) - 1, h.interval_seconds::bigint) AS refused(slot)
    WHERE g.from_slot < $2::bigint AND g.to_slot > $1::bigint
  )
  SELECT t.ticker, d.slot::float8 AS slot, h.rule_options, d.price::text AS price, d.uncertainty::text AS uncertainty, d.flags,
         (extract(epoch FROM d.observed_at) * 1000)::float8 AS observed_ms, d.consensus, d.refusal,
         (SELECT json_agg(json_build_object(
            'sourceId', ts.source_id, 'source', src.name, 'standby', ts.standby, 'outcome', a.outcome, 'reason', a.reason,
            'price', a.price::text, 'raw', a.raw, 'inverted', a.inverted, 'rate', a.rate::text, 'rateUncertainty', a.rate_uncertainty::text,
            'flags', a.flags, 'observedMs', extract(epoch FROM a.observed_at) * 1000,
            'isFormer', coalesce(a.stored_at < ${FORMER_RULES_UNTIL_SQL}, false), 'storedMs', extract(epoch FROM a.stored_at) * 1000,
            'inTime', a.stored_at < to_timestamp(d.slot + least(h.interval_seconds, ${MAX_WINDOW_SECONDS})) - ${CLOCK_OFFSET}
          ) ORDER BY ts.position)
          FROM ticker_sources ts JOIN sources src ON src.id = ts.source_id
          LEFT JOIN LATERAL (
            SELECT * FROM samples WHERE ticker_id = d.ticker_id AND slot = d.slot AND source_id = ts.source_id OFFSET 0) AS a ON true
          WHERE ts.schedule_id = d.id AND d.slot % ts.interval_seconds = 0) AS "slotSources"
  FROM decided d JOIN held h ON h.id = d.id JOIN tickers t ON t.id = d.ticker_id
  ORDER BY d.slot, d.ticker_id`;

/**
 * Samples of the slots $1 to $2 (exclusive) that are called frozen, or flagged so, though their source had not reported the same for long: it
 * had another text then, or another one came in between. What was corrected or stored since then does not count.
 */
export const NOT_FROZEN_SQL = `
  WITH called AS MATERIALIZED (
    SELECT s.ticker_id, ts.source_id, kept.slot, kept.raw, kept.stored_at, ${INTERVALS_TO_BE_FROZEN} * ts.interval_seconds AS look_back,
           kept.slot - greatest(${INTERVALS_TO_BE_FROZEN} * ts.interval_seconds,
             coalesce((s.rule_options #>> '{checks,frozen_after_seconds}')::int, ${DEFAULT_CHECK_LIMITS.frozenAfterSeconds})) AS until_slot
    FROM schedules s JOIN ticker_sources ts ON ts.schedule_id = s.id
    CROSS JOIN LATERAL (
      SELECT slot, raw, stored_at FROM samples
      WHERE ticker_id = s.ticker_id AND source_id = ts.source_id AND origin = 'live'
        AND slot >= greatest(s.from_slot, $1::bigint) AND slot < least(s.to_slot, $2::bigint)
        AND (reason = 'frozen' OR (flags & ${PRICE_FLAGS.frozen}) <> 0) OFFSET 0) AS kept
    WHERE s.from_slot < $2::bigint AND (s.to_slot IS NULL OR s.to_slot > $1::bigint)
  )
  SELECT t.ticker, c.slot::float8 AS slot, src.name AS source, c.raw, coalesce(changed.raw, same.raw) AS other
  FROM called c JOIN tickers t ON t.id = c.ticker_id JOIN sources src ON src.id = c.source_id
  LEFT JOIN LATERAL (
    SELECT slot, raw, revision FROM samples
    WHERE ticker_id = c.ticker_id AND source_id = c.source_id AND raw IS NOT NULL AND slot <= c.until_slot AND slot > c.until_slot - c.look_back
    ORDER BY slot DESC LIMIT 1) same ON true
  LEFT JOIN LATERAL (
    SELECT raw FROM samples
    WHERE ticker_id = c.ticker_id AND source_id = c.source_id AND raw <> c.raw AND slot > same.slot AND slot < c.slot
      AND revision = 0 AND stored_at < c.stored_at
    ORDER BY slot DESC LIMIT 1) changed ON true
  WHERE changed.raw IS NOT NULL OR same.slot IS NULL OR (same.raw <> c.raw AND same.revision = 0)
  ORDER BY c.slot, c.ticker_id, c.source_id`;
