import { MEDIAN_SOURCE_ID, PRICE_FLAGS } from '@app/domain';
import { summarise } from './finding.js';
import { WINDOW_SQL } from './slot-sql.js';

/** SQL: a name by an id, without a join that could change the number of rows. */
const nameOf = (table: string, column: string, id: string): string =>
  `coalesce((SELECT ${column} FROM ${table} WHERE id = ${id}), 'id ' || ${id})`;

/**
 * One window of I1: how many slots were expected, stored and explained, and every way in which that is not so. Parameters
 * as {@link WINDOW_SQL} has them, and $5: whether a scheduler runs. Gives rows (kind, problem, count, examples), where kind is
 * `problem`, `reason` (why slots have no price) or `figure`.
 *
 * Without a scheduler a slot with an unfinished fetch waits for the next one to close it, which is counted and no fault.
 *
 * A price from a worse source while a better one was accepted is broken when the better sample was stored before the window
 * ended, by more than the clocks may be apart: until then the rule had to wait for it. One that was stored later, when Postgres
 * had been away, is counted (`overtaken`): a price is decided only once.
 *
 * A median and what is calculated from a text on the wire are recomputed apart from this: see `believed-prices.ts`.
 */
export const EVERY_SLOT_SQL = `
  WITH ${WINDOW_SQL},
  fetch_row AS MATERIALIZED (
    SELECT source_batch.source_id, source_batch.batch, kept.slot, kept.status, kept.status NOT IN ('answered', 'failed', 'closed') AS unfinished
    FROM (SELECT DISTINCT source_id, batch FROM ticker_sources) AS source_batch CROSS JOIN LATERAL (
      SELECT slot, status FROM fetches
      WHERE source_id = source_batch.source_id AND batch = source_batch.batch AND slot >= $1::bigint AND slot < $2::bigint OFFSET 0) AS kept
  ), silent AS MATERIALIZED (
    SELECT t.ticker_id, t.slot, t.source_id, f.status, coalesce(f.unfinished, false) AND NOT $5::boolean AS waits
    FROM slot_source t LEFT JOIN fetch_row f ON f.source_id = t.source_id AND f.batch = t.batch AND f.slot = t.slot
    WHERE t.judged AND NOT t.sampled
  ), waiting AS (
    SELECT DISTINCT ticker_id, slot FROM silent WHERE waits
  ), reported AS (
    SELECT ticker_id, slot, bool_or(outcome = 'accepted') AS accepted,
           min(position) FILTER (WHERE outcome = 'accepted') AS best_position,
           min(position) FILTER (WHERE outcome = 'accepted' AND stored_at < to_timestamp(deadline) - interval '250 ms') AS best_in_time,
           substr(min(lpad(position::text, 5, '0') || reason), 6) AS reason
    FROM slot_source WHERE due GROUP BY ticker_id, slot
  ), slot_row AS MATERIALIZED (
    SELECT coalesce(e.ticker_id, p.ticker_id) AS ticker_id, coalesce(e.slot, p.slot) AS slot, e.slot IS NOT NULL AS expected,
           coalesce(e.judged, false) AND (p.slot IS NOT NULL OR w.slot IS NULL) AS judged, w.slot IS NOT NULL AS waits, p.price, p.source_id, p.observed_at, p.flags, g.reason AS gap_reason,
           coalesce(g.refused, false) AS refused, e.rule,
           coalesce(reported.accepted, false) AS accepted, reported.best_position, reported.best_in_time, reported.reason AS reported_reason, reported.slot IS NOT NULL AS due
    FROM expected e FULL JOIN price p ON p.ticker_id = e.ticker_id AND p.slot = e.slot
    LEFT JOIN gap_slot g ON g.ticker_id = coalesce(e.ticker_id, p.ticker_id) AND g.slot = coalesce(e.slot, p.slot)
    LEFT JOIN waiting w ON w.ticker_id = e.ticker_id AND w.slot = e.slot
    LEFT JOIN reported ON reported.ticker_id = coalesce(e.ticker_id, p.ticker_id) AND reported.slot = coalesce(e.slot, p.slot)
  ), unpriced AS (
    SELECT *, coalesce(gap_reason, CASE WHEN NOT accepted THEN reported_reason END) AS why FROM slot_row WHERE judged AND price IS NULL
  ), served AS MATERIALIZED (
    SELECT r.ticker_id, r.slot, r.source_id, r.price, r.observed_at, r.flags, r.rule, r.best_position, r.best_in_time,
           t.outcome, t.price AS sample_price, t.observed_at AS sample_observed_at, t.flags AS sample_flags, t.position
    FROM slot_row r LEFT JOIN slot_source t ON t.ticker_id = r.ticker_id AND t.slot = r.slot AND t.source_id = r.source_id
    WHERE r.price IS NOT NULL
  ), asked AS (
    SELECT source_id, batch, slot, min(ticker_id) AS ticker_id, bool_or(judged) AS judged,
           bool_or(sampled AND origin = 'live') AS has_live_sample
    FROM slot_source WHERE due GROUP BY source_id, batch, slot
  ), asked_fetch AS MATERIALIZED (
    SELECT coalesce(f.source_id, a.source_id) AS source_id, coalesce(f.batch, a.batch) AS batch, coalesce(f.slot, a.slot) AS slot,
           a.ticker_id, a.judged, a.has_live_sample, a.slot IS NOT NULL AS due, f.status, f.unfinished
    FROM asked a FULL JOIN fetch_row f ON f.source_id = a.source_id AND f.batch = a.batch AND f.slot = a.slot
  ), row_problem AS (
    SELECT 'expected slot without price and without reason' AS problem, ticker_id, slot, NULL::smallint AS source_id,
           CASE WHEN accepted THEN 'an accepted sample is there, and was never made the price'
                WHEN due THEN 'no price, no gap range, no sample that says why'
                ELSE 'no price, no gap range, and no source was due' END AS detail
    FROM unpriced WHERE why IS NULL
    UNION ALL
    SELECT 'price in a slot that nobody expected', ticker_id, slot, source_id, price || ': no schedule had this slot'
    FROM slot_row WHERE NOT expected
    UNION ALL
    SELECT 'price in a slot that a gap range covers', ticker_id, slot, source_id, price || ' and a gap range (' || gap_reason || ')'
    FROM slot_row WHERE price IS NOT NULL AND gap_reason IS NOT NULL
    UNION ALL
    SELECT 'price without an accepted sample', ticker_id, slot, source_id,
           price || ', the sample of its source is ' || coalesce(outcome, 'not there')
    FROM served WHERE outcome IS DISTINCT FROM 'accepted' AND source_id <> ${MEDIAN_SOURCE_ID}
    UNION ALL
    SELECT 'price of a source that the rule does not choose', ticker_id, slot, source_id,
           price || ' was served though a better source''s sample was stored within the window'
    FROM served WHERE outcome = 'accepted' AND rule = 'priority' AND best_in_time < position
    UNION ALL
    SELECT 'price of a source that the rule does not choose', ticker_id, slot, source_id,
           price || ' is ' || CASE WHEN rule = 'median' THEN 'no median' ELSE 'a median' END || ', the rule is ' || rule
    FROM served WHERE (rule = 'median') <> (source_id = ${MEDIAN_SOURCE_ID})
    UNION ALL
    SELECT 'refused price where the rule refuses none', ticker_id, slot, NULL, gap_reason || ', the rule is ' || rule
    FROM slot_row WHERE refused AND rule <> 'median'
    UNION ALL
    SELECT 'price that differs from its sample', ticker_id, slot, source_id,
           CASE WHEN price::text <> sample_price::text THEN 'price ' || price || ', sample ' || sample_price
                WHEN flags <> sample_flags THEN 'flags ' || flags || ', of the sample ' || sample_flags
                ELSE 'observed at ' || observed_at || ', sample at ' || coalesce(sample_observed_at::text, 'no time') END
    FROM served WHERE outcome = 'accepted'
      AND (price::text <> sample_price::text OR flags <> sample_flags OR observed_at IS DISTINCT FROM sample_observed_at)
    UNION ALL
    SELECT 'sample that differs from its text on the wire', ticker_id, slot, source_id, 'price ' || price || ', on the wire ' || raw
    FROM slot_source WHERE outcome = 'accepted' AND raw IS NOT NULL AND (flags & ${PRICE_FLAGS.derived}) = 0 AND rate IS NULL AND NOT inverted
      AND CASE WHEN raw ~ '^[+-]?[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$' THEN raw::numeric <> price ELSE true END
    UNION ALL
    SELECT 'source that was due without a sample', ticker_id, slot, source_id,
           'past its grace and without an outcome, its fetch is ' || coalesce(status, 'not there')
    FROM silent WHERE NOT waits
    UNION ALL
    SELECT 'sample that nobody was due to give', ticker_id, slot, source_id, outcome || coalesce(' (' || reason || ')', '')
    FROM slot_source WHERE NOT due
    UNION ALL
    SELECT 'sample without a fetch', ticker_id, slot, source_id, 'no fetch row of batch ' || batch || ' claims this call'
    FROM asked_fetch WHERE due AND has_live_sample AND status IS NULL
    UNION ALL
    SELECT 'fetch that was never finished', ticker_id, slot, source_id, 'still ' || status || ', batch ' || batch
    FROM asked_fetch WHERE due AND judged AND unfinished AND (has_live_sample OR $5::boolean)
  ), problem AS (
    SELECT problem, ${nameOf('tickers', 'ticker', 'ticker_id')} AS ticker, slot,
           coalesce(${nameOf('sources', 'name', 'source_id')} || ': ', '') || detail AS detail
    FROM row_problem
    UNION ALL
    SELECT 'fetch in a slot in which nobody was due', batch, slot,
           ${nameOf('sources', 'name', 'source_id')} || ': batch ' || batch || ' is ' || status
    FROM asked_fetch WHERE NOT due
  )
  SELECT 'problem' AS kind, problem, count, examples FROM (${summarise('problem')}) AS problems
  UNION ALL
  SELECT 'reason', why, count(*)::float8, NULL FROM unpriced WHERE why IS NOT NULL GROUP BY why
  UNION ALL
  SELECT 'figure', 'expected', count(*)::float8, NULL FROM slot_row WHERE judged
  UNION ALL
  SELECT 'figure', 'stored', count(*)::float8, NULL FROM slot_row WHERE judged AND price IS NOT NULL
  UNION ALL
  SELECT 'figure', 'waiting', count(*)::float8, NULL FROM slot_row WHERE waits AND price IS NULL
  UNION ALL
  SELECT 'figure', 'slotSources', count(*)::float8, NULL FROM slot_source WHERE judged
  UNION ALL
  SELECT 'figure', 'fetches', count(*)::float8, NULL FROM asked_fetch WHERE judged AND status IS NOT NULL
  UNION ALL
  SELECT 'figure', 'overtaken', count(*)::float8, NULL FROM served WHERE outcome = 'accepted' AND rule = 'priority' AND best_position < position`;
