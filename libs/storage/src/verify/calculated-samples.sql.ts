import { MEDIAN_SOURCE_ID, PRICE_FLAGS } from '@app/domain';
import { FORMER_RULES_UNTIL_SQL } from '../schema/former-rules.js';

/**
 * Samples of the slots $1 to $2 (exclusive) whose price is calculated, or should be, or was refused for what it would have been
 * calculated from. What a source's own history gave is not converted. OFFSET 0 keeps Postgres from turning the index scan of each ticker
 * into a scan of the whole table.
 */
export const CALCULATED_SQL = `
  WITH sample AS MATERIALIZED (
    SELECT s.ticker_id, s.rule_options, ts.source_id, ts.quoted_in, kept.*
    FROM schedules s JOIN ticker_sources ts ON ts.schedule_id = s.id
    CROSS JOIN LATERAL (
      SELECT slot, outcome, reason, price, raw, inverted, rate, rate_uncertainty, rate_ticker, flags, stored_at FROM samples
      WHERE ticker_id = s.ticker_id AND source_id = ts.source_id AND origin = 'live'
        AND slot >= greatest(s.from_slot, $1::bigint) AND slot < least(s.to_slot, $2::bigint)
        AND ((outcome = 'accepted'
            AND ((flags & ${PRICE_FLAGS.derived}) <> 0 OR inverted OR rate IS NOT NULL OR ts.quoted_in IS NOT NULL))
          OR reason IN ('imprecise', 'rate_too_old')) OFFSET 0) AS kept
    WHERE s.from_slot < $2::bigint AND (s.to_slot IS NULL OR s.to_slot > $1::bigint)
  )
  SELECT t.ticker, t.quote, a.slot::float8 AS slot, src.name AS source, a.outcome, a.reason, a.price::text AS price, a.raw, a.inverted,
         a.rate::text AS rate, a.rate_uncertainty::text AS "rateUncertainty", a.rate_ticker, a.flags, a.quoted_in, a.rule_options AS "ruleOptions",
         coalesce(a.stored_at < ${FORMER_RULES_UNTIL_SQL}, false) AS "isFormer",
         (a.slot - rate.slot)::float8 AS "rateAgeSeconds", rate.prices AS rates,
         served.slot IS NOT NULL AS "isServed", served.uncertainty::text AS "servedUncertainty"
  FROM sample a JOIN tickers t ON t.id = a.ticker_id JOIN sources src ON src.id = a.source_id
  LEFT JOIN LATERAL (
    SELECT slot, uncertainty FROM prices
    WHERE ticker_id = a.ticker_id AND slot = a.slot AND source_id = a.source_id AND price = a.price OFFSET 0) AS served ON true
  LEFT JOIN LATERAL (
    SELECT covering.slot,
           (SELECT json_agg(json_build_object('price', known.price::text, 'uncertainty', known.uncertainty::text,
              'isRead', known.source_id <> ${MEDIAN_SOURCE_ID} AND (known.flags & ${PRICE_FLAGS.derived}) = 0)) FROM (
              SELECT price, uncertainty, source_id, flags FROM prices WHERE ticker_id = rt.id AND slot = covering.slot
              UNION ALL
              SELECT price, uncertainty, source_id, flags FROM price_revisions WHERE ticker_id = rt.id AND slot = covering.slot) AS known) AS prices
    FROM tickers rt
    JOIN schedules rs ON rs.ticker_id = rt.id AND rs.from_slot <= a.slot AND (rs.to_slot IS NULL OR rs.to_slot > a.slot)
    CROSS JOIN LATERAL (SELECT a.slot - a.slot % rs.interval_seconds AS slot) AS covering
    WHERE rt.ticker = a.rate_ticker OFFSET 0) AS rate ON true
  ORDER BY a.slot, a.ticker_id, a.source_id`;
