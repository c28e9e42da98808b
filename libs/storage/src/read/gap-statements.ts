import { REFUSAL_REASONS_SQL, UNPLANNED_REASONS_SQL } from '../slots/gap-reasons.sql.js';
import type { Statement } from './read-database.js';

// Every statement but the first takes the ticker as $1 and its closed ranges as arrays: $2 from, $3 to, $4 interval, $5 schedule,
// $6 end of what was asked of the version.
const RANGES = `unnest($2::bigint[], $3::bigint[], $4::int[], $5::int[], $6::bigint[]) AS range(from_slot, to_slot, interval_seconds, schedule_id, end_slot)`;

const IN_RANGE = (slot: string) =>
  `${slot} >= range.from_slot AND ${slot} < range.to_slot AND ${slot} % range.interval_seconds = 0`;

const WITHOUT_PRICE = (slot: string) =>
  `NOT EXISTS (SELECT 1 FROM prices p WHERE p.ticker_id = $1 AND p.slot = ${slot})`;

/** Ranges of a ticker never overlap, so only the last one that begins at or before a slot can cover it: one look into the index. */
const WITHOUT_GAP = (slot: string) =>
  `coalesce((SELECT g.to_slot FROM gaps g WHERE g.ticker_id = $1 AND g.from_slot <= ${slot} ORDER BY g.from_slot DESC LIMIT 1) <= ${slot}, true)`;

/** As {@link WITHOUT_GAP}, but a slot for which the rule refused a price was planned. */
const PLANNED = (slot: string) =>
  `NOT coalesce((SELECT g.to_slot > ${slot} AND g.reason IN (${UNPLANNED_REASONS_SQL}) FROM gaps g WHERE g.ticker_id = $1 AND g.from_slot <= ${slot} ORDER BY g.from_slot DESC LIMIT 1), false)`;

/** The slots of one range for which the rule refused a price. */
const REFUSED = `
  SELECT series.slot
  FROM gaps g CROSS JOIN LATERAL generate_series(
    (greatest(g.from_slot, range.from_slot) + range.interval_seconds - 1) / range.interval_seconds * range.interval_seconds,
    least(g.to_slot, range.to_slot) - 1, range.interval_seconds) AS series(slot)
  WHERE g.ticker_id = $1 AND g.reason IN (${REFUSAL_REASONS_SQL}) AND g.from_slot < range.to_slot AND g.to_slot > range.from_slot
    AND ${WITHOUT_PRICE('series.slot')}`;

/** How many slots begin between two instants: as `countSlots` of the domain. */
const SLOTS_BETWEEN = (from: string, to: string) =>
  `((${to} + range.interval_seconds - 1) / range.interval_seconds - (${from} + range.interval_seconds - 1) / range.interval_seconds)`;

/** The part of a gap range inside one range that has no price, in slots. */
const MISSING_IN_GAP = `
  SELECT ${SLOTS_BETWEEN('part.from_slot', 'part.to_slot')} -
    (SELECT count(*) FROM prices p WHERE p.ticker_id = $1 AND p.slot >= part.from_slot AND p.slot < part.to_slot
       AND p.slot % range.interval_seconds = 0) AS slots
  FROM ${RANGES}
  CROSS JOIN LATERAL (SELECT greatest(g.from_slot, range.from_slot) AS from_slot, least(g.to_slot, range.to_slot) AS to_slot) part
  WHERE part.from_slot < part.to_slot`;

/** Versions of ticker $1 that hold anywhere in [$2, $3). */
export const VERSIONS: Statement = {
  name: 'gap-versions',
  text: `SELECT id, from_slot AS "fromSlot", to_slot AS "toSlot", interval_seconds AS "intervalSeconds"
         FROM schedules WHERE ticker_id = $1 AND from_slot < $3 AND (to_slot IS NULL OR to_slot > $2) ORDER BY from_slot`,
};

/** How many slots of the ranges have a price, and how many have none and lie in a range that nobody planned. Refused ones are planned. */
export const COUNTS: Statement = {
  name: 'gap-counts',
  text: `SELECT
           (SELECT coalesce(sum(found.slots), 0)::int8 FROM ${RANGES} CROSS JOIN LATERAL (
              SELECT count(*) AS slots FROM prices p WHERE p.ticker_id = $1 AND ${IN_RANGE('p.slot')}) found) AS stored,
           (SELECT coalesce(sum(part.slots), 0)::int8 FROM gaps g CROSS JOIN LATERAL (${MISSING_IN_GAP}) part
            WHERE g.ticker_id = $1 AND g.reason IN (${UNPLANNED_REASONS_SQL})) AS "inRanges"`,
};

/**
 * Planned slots of one range that have no price, and a reason: on a sample, or that of a refusal. OFFSET 0 keeps the look at the ranges for the few
 * slots that are left: a source that has been failing for a year leaves samples that stand beside a price.
 */
const REASONED = (limit: string) => `
  SELECT slot FROM (
    SELECT DISTINCT s.slot FROM samples s
    WHERE s.ticker_id = $1 AND s.outcome <> 'accepted' AND ${IN_RANGE('s.slot')} AND ${WITHOUT_PRICE('s.slot')}
    OFFSET 0
  ) reasoned WHERE ${PLANNED('reasoned.slot')}
  UNION
  (${REFUSED}) ${limit}`;

/** How many planned slots of the ranges have no price and a reason. */
export const REASONED_COUNT: Statement = {
  name: 'gap-reasoned-count',
  text: `SELECT count(*)::int8 AS "withReason" FROM ${RANGES} CROSS JOIN LATERAL (${REASONED('')}) reasoned`,
};

/** The first $7 planned slots without a price, each with the outcomes of its sources in order of preference. */
export const PLANNED_MISSING: Statement = {
  name: 'gap-planned',
  text: `SELECT missing.slot, least(missing.slot + missing.interval_seconds, missing.end_slot) AS "endSlot",
                json_agg(json_build_object('source', o.name, 'outcome', s.outcome, 'reason', s.reason) ORDER BY ts.position, s.source_id)
                  FILTER (WHERE s.source_id IS NOT NULL) AS sources,
                (SELECT CASE WHEN g.to_slot > missing.slot THEN g.reason END FROM gaps g
                 WHERE g.ticker_id = $1 AND g.from_slot <= missing.slot ORDER BY g.from_slot DESC LIMIT 1) AS refusal
         FROM (
           SELECT found.slot, range.* FROM ${RANGES} CROSS JOIN LATERAL (${REASONED('ORDER BY slot LIMIT $7')}) found
           ORDER BY found.slot LIMIT $7
         ) missing
         LEFT JOIN samples s ON s.ticker_id = $1 AND s.slot = missing.slot
         LEFT JOIN sources o ON o.id = s.source_id
         LEFT JOIN ticker_sources ts ON ts.schedule_id = missing.schedule_id AND ts.source_id = s.source_id
         GROUP BY missing.slot, missing.interval_seconds, missing.end_slot ORDER BY missing.slot`,
};

/** The first $7 ranges that nobody planned, clipped to [$8, $9). */
export const GAP_RANGES: Statement = {
  name: 'gap-ranges',
  text: `SELECT greatest(g.from_slot, $8::bigint) AS "from", least(g.to_slot, $9::bigint) AS "to", g.reason, missing.slots
         FROM gaps g CROSS JOIN LATERAL (SELECT coalesce(sum(part.slots), 0)::int8 AS slots FROM (${MISSING_IN_GAP}) part) missing
         WHERE g.ticker_id = $1 AND g.reason IN (${UNPLANNED_REASONS_SQL}) AND g.to_slot > $8 AND g.from_slot < $9 AND missing.slots > 0
         ORDER BY g.from_slot LIMIT $7`,
};

/** The first $7 slots that have neither price nor reason: a price or a record was lost. */
export const UNEXPLAINED_MISSING: Statement = {
  name: 'gap-unexplained',
  text: `SELECT found.slot, least(found.slot + range.interval_seconds, range.end_slot) AS "endSlot", '[]'::json AS sources
         FROM ${RANGES} CROSS JOIN LATERAL (
           SELECT series.slot FROM generate_series(
             (range.from_slot + range.interval_seconds - 1) / range.interval_seconds * range.interval_seconds,
             range.to_slot - 1, range.interval_seconds) AS series(slot)
           WHERE ${WITHOUT_PRICE('series.slot')} AND ${WITHOUT_GAP('series.slot')}
             AND NOT EXISTS (SELECT 1 FROM samples s WHERE s.ticker_id = $1 AND s.slot = series.slot AND s.outcome <> 'accepted')
           ORDER BY series.slot LIMIT $7) found
         ORDER BY found.slot LIMIT $7`,
};
