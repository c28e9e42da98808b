import { MAX_WINDOW_SECONDS } from '@app/domain';
import { REFUSAL_REASONS_SQL } from '../slots/gap-reasons.sql.js';

/** How far the clocks of two processes may be apart. */
const CLOCK_OFFSET = `interval '250 ms'`;

/** Slots from $1 to $2 (exclusive) of tickers with the rule \`median\` that have a price or a refusal, each with its samples. */
export const MEDIANS_SQL = `
  WITH held AS MATERIALIZED (
    SELECT s.id, s.ticker_id, s.from_slot, s.to_slot, s.interval_seconds, s.rule_options FROM schedules s
    WHERE s.rule = 'median' AND s.from_slot < $2::bigint AND (s.to_slot IS NULL OR s.to_slot > $1::bigint)
  ), decided AS MATERIALIZED (
    SELECT h.id, h.ticker_id, kept.slot, kept.price, kept.flags, kept.observed_at, kept.consensus, NULL::text AS refusal
    FROM held h CROSS JOIN LATERAL (
      SELECT slot, price, flags, observed_at, consensus FROM prices
      WHERE ticker_id = h.ticker_id AND slot >= greatest(h.from_slot, $1::bigint) AND slot < least(h.to_slot, $2::bigint) OFFSET 0) AS kept
    UNION ALL
    SELECT h.id, h.ticker_id, refused.slot, NULL, NULL, NULL, NULL, g.reason
    FROM held h JOIN gaps g ON g.ticker_id = h.ticker_id AND g.reason IN (${REFUSAL_REASONS_SQL})
    CROSS JOIN LATERAL generate_series(
      (greatest(g.from_slot, h.from_slot, $1::bigint) + h.interval_seconds - 1) / h.interval_seconds * h.interval_seconds,
      least(g.to_slot, h.to_slot, $2::bigint) - 1, h.interval_seconds::bigint) AS refused(slot)
    WHERE g.from_slot < $2::bigint AND g.to_slot > $1::bigint
  )
  SELECT t.ticker, d.slot::float8 AS slot, h.rule_options, d.price::text AS price, d.flags,
         (extract(epoch FROM d.observed_at) * 1000)::float8 AS observed_ms, d.consensus, d.refusal,
         (SELECT json_agg(json_build_object(
            'sourceId', ts.source_id, 'source', src.name, 'standby', ts.standby, 'outcome', a.outcome, 'reason', a.reason,
            'price', a.price::text, 'flags', a.flags, 'observedMs', extract(epoch FROM a.observed_at) * 1000,
            'storedMs', extract(epoch FROM a.stored_at) * 1000,
            'inTime', a.stored_at < to_timestamp(d.slot + least(h.interval_seconds, ${MAX_WINDOW_SECONDS})) - ${CLOCK_OFFSET}
          ) ORDER BY ts.position)
          FROM ticker_sources ts JOIN sources src ON src.id = ts.source_id
          LEFT JOIN LATERAL (
            SELECT * FROM samples WHERE ticker_id = d.ticker_id AND slot = d.slot AND source_id = ts.source_id OFFSET 0) AS a ON true
          WHERE ts.schedule_id = d.id AND d.slot % ts.interval_seconds = 0) AS "slotSources"
  FROM decided d JOIN held h ON h.id = d.id JOIN tickers t ON t.id = d.ticker_id
  ORDER BY d.slot, d.ticker_id`;
