import { summarise } from './finding.js';
import { countSlotsSql, slotAtOrAfterSql } from './slot-sql.js';

/** Rows that no window of I1 comes by, since their ticker or their batch is not in the catalogue. */
export const STRAY_ROWS_SQL = `
  WITH stray AS (
    SELECT 'price of a ticker that is not in the catalogue' AS problem, 'ticker id ' || ticker_id AS ticker, min(slot) AS slot,
           count(*) || ' prices' AS detail
    FROM prices p WHERE NOT EXISTS (SELECT 1 FROM tickers t WHERE t.id = p.ticker_id) GROUP BY ticker_id
    UNION ALL
    SELECT 'sample of a ticker that is not in the catalogue', 'ticker id ' || ticker_id, min(slot), count(*) || ' samples'
    FROM samples s WHERE NOT EXISTS (SELECT 1 FROM tickers t WHERE t.id = s.ticker_id) GROUP BY ticker_id
    UNION ALL
    SELECT 'fetch of a batch that no schedule has', batch, min(slot), count(*) || ' fetches from source ' || source_id
    FROM fetches f
    WHERE NOT EXISTS (SELECT 1 FROM ticker_sources ts WHERE ts.source_id = f.source_id AND ts.batch = f.batch)
    GROUP BY source_id, batch
  )
  ${summarise('stray')}`;

/** Gap ranges that cannot be right by themselves; whether a price stands in one is seen slot by slot. */
export const GAP_RANGES_SQL = `
  WITH range AS (
    SELECT g.ticker_id, t.ticker, g.from_slot, g.to_slot, g.reason,
           max(g.to_slot) OVER (PARTITION BY g.ticker_id ORDER BY g.from_slot, g.to_slot
             ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered_to,
           to_char(to_timestamp(g.to_slot) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS until
    FROM gaps g JOIN tickers t ON t.id = g.ticker_id
  ), held AS (
    SELECT r.ticker_id, r.from_slot,
           sum(${countSlotsSql('greatest(r.from_slot, s.from_slot)', 'least(r.to_slot, s.to_slot)', 's.interval_seconds')}) AS slots,
           bool_or(${slotAtOrAfterSql('greatest(r.from_slot, s.planned_to)', 's.interval_seconds')} < least(r.to_slot, s.to_slot)) AS ahead
    FROM range r
    JOIN schedules s ON s.ticker_id = r.ticker_id AND s.from_slot < r.to_slot AND (s.to_slot IS NULL OR s.to_slot > r.from_slot)
    GROUP BY r.ticker_id, r.from_slot
  ), found AS (
    SELECT 'gap range that overlaps another' AS problem, ticker, from_slot AS slot,
           reason || ' until ' || until || ' begins within the range before it' AS detail
    FROM range WHERE covered_to > from_slot
    UNION ALL
    SELECT 'gap range outside of every schedule', ticker, from_slot, reason || ' until ' || until || ' reaches to where nothing was expected'
    FROM range r
    WHERE NOT coalesce(int8range(r.from_slot, r.to_slot) <@
      (SELECT range_agg(int8range(s.from_slot, s.to_slot)) FROM schedules s WHERE s.ticker_id = r.ticker_id), false)
    UNION ALL
    SELECT 'gap range over no expected slot', ticker, r.from_slot, reason || ' until ' || until
    FROM range r JOIN held USING (ticker_id, from_slot) WHERE held.slots = 0
    UNION ALL
    SELECT 'gap range over slots that are still to be planned', ticker, r.from_slot, reason || ' until ' || until
    FROM range r JOIN held USING (ticker_id, from_slot) WHERE held.ahead
  )
  ${summarise('found')}`;
