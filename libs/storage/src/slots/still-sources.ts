import { INTERVALS_TO_BE_FROZEN, MAX_FROZEN_AFTER_SECONDS, type PriceSpan, type StillSource } from '@app/domain';
import type pg from 'pg';

/** A source whose text on the wire is what it was long ago, and the text. */
export interface StillKey {
  readonly tickerId: number;
  readonly sourceId: number;
  /** UNIX second: the slot in which it reported that. */
  readonly sinceSlot: number;
  readonly raw: string;
}

/** A day is the longest interval; a sample that was missed is looked for in the slots before it. */
export const MAX_STILL_SECONDS = MAX_FROZEN_AFTER_SECONDS + 2 * INTERVALS_TO_BE_FROZEN * 86_400;

/**
 * Who of some sources has reported nothing but the same text since its slot, and what the others of its ticker did meanwhile; by ticker
 * and source. One that reported another text in between is left out.
 */
export async function readStillSources(
  client: Pick<pg.ClientBase, 'query'>,
  slot: number,
  keys: readonly StillKey[],
): Promise<Map<number, Map<number, StillSource>>> {
  const still = new Map<number, Map<number, StillSource>>();
  if (keys.length === 0) return still;
  const { rows } = await client.query<StillKey & { readonly others: readonly PriceSpan[] | null }>({
    name: 'still-sources',
    text: STILL_SOURCES_SQL,
    values: [
      slot,
      keys.map(({ tickerId }) => tickerId),
      keys.map(({ sourceId }) => sourceId),
      keys.map(({ sinceSlot }) => sinceSlot),
      keys.map(({ raw }) => raw),
    ],
  });
  for (const { tickerId, sourceId, sinceSlot, others } of rows) {
    const ofTicker = still.get(tickerId) ?? new Map<number, StillSource>();
    still.set(tickerId, ofTicker.set(sourceId, { sinceSlot, others: others ?? [] }));
  }
  return still;
}

/** Two ranges of the primary key, the second one only where the first is without another text. */
const STILL_SOURCES_SQL = `
  SELECT asked.ticker_id AS "tickerId", asked.source_id AS "sourceId", asked.since_slot AS "sinceSlot", others.spans AS others
  FROM unnest($2::int[], $3::smallint[], $4::bigint[], $5::text[]) AS asked(ticker_id, source_id, since_slot, raw)
  LEFT JOIN LATERAL (
    SELECT slot FROM samples
    WHERE ticker_id = asked.ticker_id AND source_id = asked.source_id AND raw <> asked.raw
      AND slot > asked.since_slot AND slot < $1::bigint AND slot >= $1::bigint - ${MAX_STILL_SECONDS}
    ORDER BY slot DESC LIMIT 1) changed ON true
  LEFT JOIN LATERAL (
    SELECT json_agg(json_build_object('lowest', span.lowest, 'highest', span.highest)) AS spans
    FROM (
      SELECT min(price)::text AS lowest, max(price)::text AS highest FROM samples
      WHERE changed.slot IS NULL AND ticker_id = asked.ticker_id AND source_id <> asked.source_id AND outcome = 'accepted'
        AND slot >= asked.since_slot AND slot < $1::bigint AND slot >= $1::bigint - ${MAX_STILL_SECONDS}
      GROUP BY source_id
    ) span) others ON true
  WHERE changed.slot IS NULL`;
