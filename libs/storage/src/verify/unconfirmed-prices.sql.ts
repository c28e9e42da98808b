import { DEFAULT_CHECK_LIMITS, MAX_JUMP_MEMORY_SECONDS, PRICE_FLAGS } from '@app/domain';

/**
 * Prices of the slots $1 to $2 (exclusive) that are further from the one before them than a jump is, or flagged `unconfirmed`, or follow one
 * that is; each with the three prices before it, newest first.
 */
export const FAR_PRICES_SQL = `
  WITH ranged AS MATERIALIZED (
    SELECT t.id AS ticker_id, kept.*
    FROM tickers t CROSS JOIN LATERAL (
      SELECT slot, price, flags, source_id, revision, consensus FROM prices
      WHERE ticker_id = t.id AND slot >= $1::bigint AND slot < $2::bigint
      UNION ALL
      (SELECT slot, price, flags, source_id, revision, consensus FROM prices
       WHERE ticker_id = t.id AND slot < $1::bigint AND slot >= $1::bigint - ${MAX_JUMP_MEMORY_SECONDS} ORDER BY slot DESC LIMIT 3)) AS kept
  ), followed AS (
    SELECT *, lag(price) OVER before AS last_price, lag(flags) OVER before AS last_flags, lag(slot) OVER before AS last_slot,
           lag(price, 2) OVER before AS second_price, lag(flags, 2) OVER before AS second_flags, lag(slot, 2) OVER before AS second_slot,
           lag(price, 3) OVER before AS third_price, lag(flags, 3) OVER before AS third_flags, lag(slot, 3) OVER before AS third_slot
    FROM ranged WINDOW before AS (PARTITION BY ticker_id ORDER BY slot)
  )
  SELECT f.ticker_id AS "tickerId", s.id AS "scheduleId", f.slot::float8 AS slot, f.flags, f.revision,
         CASE WHEN f.source_id <> 0 THEN ARRAY[f.source_id]::int[] ELSE coalesce((
           SELECT array_agg(o.id::int) FROM sources o WHERE f.consensus -> 'used' ? o.name), '{}') END AS "sourceIds",
         (SELECT coalesce(json_agg(json_build_object('slot', b.slot, 'price', b.price::text, 'flags', b.flags) ORDER BY b.slot DESC), '[]')
          FROM (VALUES (f.last_slot, f.last_price, f.last_flags), (f.second_slot, f.second_price, f.second_flags),
                       (f.third_slot, f.third_price, f.third_flags)) AS b(slot, price, flags) WHERE b.slot IS NOT NULL) AS before
  FROM followed f
  JOIN schedules s ON s.ticker_id = f.ticker_id AND s.from_slot <= f.slot AND (s.to_slot IS NULL OR s.to_slot > f.slot)
  WHERE f.slot >= $1::bigint
    AND ((f.flags & ${PRICE_FLAGS.unconfirmed}) <> 0 OR (f.last_flags & ${PRICE_FLAGS.unconfirmed}) <> 0
      OR abs(f.price - f.last_price) > f.last_price
        * coalesce((s.rule_options #>> '{checks,jump_ratio}')::numeric, ${DEFAULT_CHECK_LIMITS.jumpRatio ?? '0'}))
  ORDER BY f.ticker_id, f.slot`;
