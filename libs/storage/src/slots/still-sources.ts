import {
  checkLimitsOf,
  INTERVALS_TO_BE_FROZEN,
  MAX_FROZEN_AFTER_SECONDS,
  type PriceSpan,
  type StillSource,
} from '@app/domain';
import type pg from 'pg';
import type { StoredSlot } from './slot-sources.js';

/** A source that reports what it reported in the slot of the last price, so that it may have done so for long. */
interface StillKey {
  readonly tickerId: number;
  readonly sourceId: number;
  /** Its text on the wire. */
  readonly raw: string;
  /** UNIX second: what it reported then or before is looked at... */
  readonly untilSlot: number;
  /** ...and nothing of so many seconds before that. */
  readonly lookBack: number;
}

/**
 * Who has long reported nothing but the text of its sample, and what the others of its ticker did meanwhile; by ticker and source. Asked
 * once for a sample, when it is stored or has its rate, and only when its text is that of the last price's slot: mostly of nobody.
 */
export async function readStillSources(
  client: Pick<pg.ClientBase, 'query'>,
  slot: number,
  slots: readonly StoredSlot[],
): Promise<Map<number, Map<number, StillSource>>> {
  const still = new Map<number, Map<number, StillSource>>();
  const keys = slots.flatMap((stored) => keysOf(stored));
  if (keys.length === 0) return still;
  const { rows } = await client.query<StillRow>({
    name: 'still-sources',
    text: STILL_SOURCES_SQL,
    values: [
      slot,
      keys.map(({ tickerId }) => tickerId),
      keys.map(({ sourceId }) => sourceId),
      keys.map(({ raw }) => raw),
      keys.map(({ untilSlot }) => untilSlot),
      keys.map(({ lookBack }) => lookBack),
    ],
  });
  for (const { tickerId, sourceId, sinceSlot, others } of rows) {
    const ofTicker = still.get(tickerId) ?? new Map<number, StillSource>();
    still.set(tickerId, ofTicker.set(sourceId, { sinceSlot, others: others ?? [] }));
  }
  return still;
}

function keysOf({ tickerId, slot, isPegged, ruleOptions, sources }: StoredSlot): StillKey[] {
  const { frozenAfterSeconds } = checkLimitsOf(ruleOptions, isPegged);
  if (frozenAfterSeconds === undefined) return [];
  return sources.flatMap(({ sourceId, intervalSeconds, lastRaw, sample }) => {
    if (sample?.raw === undefined || (lastRaw !== undefined && lastRaw !== sample.raw)) return [];
    const isNew = (sample.isFresh && sample.outcome === 'accepted') || sample.rateFound !== undefined;
    if (!isNew) return [];
    const lookBack = INTERVALS_TO_BE_FROZEN * intervalSeconds;
    const untilSlot = slot - Math.max(frozenAfterSeconds, lookBack);
    return [{ tickerId, sourceId, raw: sample.raw, untilSlot, lookBack }];
  });
}

interface StillRow {
  readonly tickerId: number;
  readonly sourceId: number;
  readonly sinceSlot: number;
  readonly others: readonly PriceSpan[] | null;
}

/** How far all of this looks back at most: a day is the longest interval. */
const BOUND_SECONDS =
  Math.max(MAX_FROZEN_AFTER_SECONDS, INTERVALS_TO_BE_FROZEN * 86_400) + INTERVALS_TO_BE_FROZEN * 86_400;

/**
 * The sources $3 of the tickers $2 with the texts $4, before slot $1. First one row by key: what it reported until $5, of the $6 seconds before
 * that. Only where that is the same text, whether any other came in between; and only where none did, the prices of the others.
 * The bound on $1 lets Postgres leave out the other partitions before it begins.
 */
const STILL_SOURCES_SQL = `
  SELECT asked.ticker_id AS "tickerId", asked.source_id AS "sourceId", same.slot AS "sinceSlot", others.spans AS others
  FROM unnest($2::int[], $3::smallint[], $4::text[], $5::bigint[], $6::bigint[])
    AS asked(ticker_id, source_id, raw, until_slot, look_back)
  CROSS JOIN LATERAL (
    SELECT slot, raw FROM samples
    WHERE ticker_id = asked.ticker_id AND source_id = asked.source_id AND raw IS NOT NULL
      AND slot <= asked.until_slot AND slot > asked.until_slot - asked.look_back
      AND slot < $1::bigint AND slot >= $1::bigint - ${BOUND_SECONDS}
    ORDER BY slot DESC LIMIT 1) same
  LEFT JOIN LATERAL (
    SELECT slot FROM samples
    WHERE same.raw = asked.raw AND ticker_id = asked.ticker_id AND source_id = asked.source_id AND raw <> asked.raw
      AND slot > same.slot AND slot < $1::bigint AND slot >= $1::bigint - ${BOUND_SECONDS}
    ORDER BY slot DESC LIMIT 1) changed ON true
  LEFT JOIN LATERAL (
    SELECT json_agg(json_build_object('lowest', span.lowest, 'highest', span.highest)) AS spans
    FROM (
      SELECT min(price)::text AS lowest, max(price)::text AS highest FROM samples
      WHERE same.raw = asked.raw AND changed.slot IS NULL AND ticker_id = asked.ticker_id AND source_id <> asked.source_id
        AND outcome = 'accepted' AND slot >= same.slot AND slot < $1::bigint AND slot >= $1::bigint - ${BOUND_SECONDS}
      GROUP BY source_id
    ) span) others ON true
  WHERE same.raw = asked.raw AND changed.slot IS NULL`;
