import {
  checkLimitsOf,
  INTERVALS_TO_BE_FROZEN,
  MAX_FROZEN_AFTER_SECONDS,
  partsOf,
  quotedPrice,
  type KeptQuote,
  type OtherSource,
  type SampleReason,
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
  for (const { tickerId, sourceId, sinceSlot, wasFrozen, others } of rows) {
    const ofTicker = still.get(tickerId) ?? new Map<number, StillSource>();
    const ofSource = { sinceSlot, wasFrozen, others: (others ?? []).flatMap(otherOf) };
    still.set(tickerId, ofTicker.set(sourceId, ofSource));
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
  readonly wasFrozen: boolean;
  readonly others: readonly OtherRow[] | null;
}

/** What another source reported: its accepted prices, and its newest sample. */
interface OtherRow extends Omit<KeptQuote, 'raw'> {
  readonly lowest: string | null;
  readonly highest: string | null;
  readonly hasChanged: boolean;
  readonly reason: SampleReason | null;
  readonly price: string | null;
  readonly raw: string | null;
}

/** Nothing of a source that was rejected as frozen all the time: it has not reported. */
function otherOf({ lowest, highest, hasChanged, reason, price, raw, ...kept }: OtherRow): OtherSource[] {
  const accepted = lowest === null || highest === null ? undefined : { lowest, highest };
  const jumpedTo = reason === 'jump' && raw !== null ? quotedPrice(partsOf({ raw, ...kept })) : undefined;
  const newest = price ?? jumpedTo;
  return accepted === undefined && newest === undefined ? [] : [{ accepted, newest, hasChanged }];
}

/** How far all of this looks back at most: a day is the longest interval. */
const BOUND_SECONDS =
  Math.max(MAX_FROZEN_AFTER_SECONDS, INTERVALS_TO_BE_FROZEN * 86_400) + INTERVALS_TO_BE_FROZEN * 86_400;

/**
 * The sources $3 of the tickers $2 with the texts $4, before slot $1. First one row by key: what it reported until $5, of the $6 seconds before
 * that. Only where that is the same text, whether any other came in between; and only where none did, what it was called last and what the
 * others reported since. The bound on $1 lets Postgres leave out the other partitions before it begins.
 */
const STILL_SOURCES_SQL = `
  SELECT asked.ticker_id AS "tickerId", asked.source_id AS "sourceId", same.slot AS "sinceSlot",
         coalesce(own.reason = 'frozen', false) AS "wasFrozen", others.reported AS others
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
    SELECT reason FROM samples
    WHERE same.raw = asked.raw AND changed.slot IS NULL AND ticker_id = asked.ticker_id AND source_id = asked.source_id
      AND (outcome = 'accepted' OR reason IN ('jump', 'frozen'))
      AND slot >= same.slot AND slot < $1::bigint AND slot >= $1::bigint - ${BOUND_SECONDS}
    ORDER BY slot DESC LIMIT 1) own ON true
  LEFT JOIN LATERAL (
    SELECT json_agg(json_build_object(
      'lowest', span.lowest, 'highest', span.highest, 'hasChanged', span.has_changed, 'reason', newest.reason, 'price', newest.price,
      'raw', newest.raw, 'inverted', newest.inverted, 'rate', newest.rate, 'rateUncertainty', newest.rate_uncertainty,
      'flags', newest.flags) ORDER BY span.source_id) AS reported
    FROM (
      SELECT source_id, min(price)::text AS lowest, max(price)::text AS highest, coalesce(min(raw) <> max(raw), false) AS has_changed,
             max(slot) AS newest_slot
      FROM samples
      WHERE same.raw = asked.raw AND changed.slot IS NULL AND ticker_id = asked.ticker_id AND source_id <> asked.source_id
        AND (outcome = 'accepted' OR reason IN ('jump', 'frozen'))
        AND slot >= same.slot AND slot < $1::bigint AND slot >= $1::bigint - ${BOUND_SECONDS}
      GROUP BY source_id
    ) span
    CROSS JOIN LATERAL (
      SELECT reason, price::text AS price, raw, inverted, rate::text AS rate, rate_uncertainty::text AS rate_uncertainty, flags FROM samples
      WHERE ticker_id = asked.ticker_id AND slot = span.newest_slot AND source_id = span.source_id
        AND slot < $1::bigint AND slot >= $1::bigint - ${BOUND_SECONDS} OFFSET 0) newest) others ON true
  WHERE same.raw = asked.raw AND changed.slot IS NULL`;
