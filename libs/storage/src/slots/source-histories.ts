import {
  MAX_JUMP_MEMORY_SECONDS,
  observationOf,
  partsOf,
  persistenceSeconds,
  PRICE_FLAGS,
  quotedPrice,
  SECONDS_TO_BE_BELIEVED,
  type EarlierPrice,
  type KeptQuote,
  type SourceHistory,
} from '@app/domain';
import type pg from 'pg';
import type { StoredSlot } from './slot-sources.js';

interface HistoryRow {
  readonly tickerId: number;
  readonly sourceId: number;
  readonly lastAcceptedSlot: number | null;
  readonly earlier:
    | readonly (Omit<KeptQuote, 'raw'> & {
        readonly slot: number;
        readonly price: string | null;
        readonly raw: string | null;
        /** Milliseconds since 1970. */
        readonly sourceTime: number | null;
        readonly isJump: boolean;
        readonly others: readonly string[] | null;
      })[]
    | null;
}

/**
 * Most observations of a source that are read. Each lasts a second at least, so that these cover {@link SECONDS_TO_BE_BELIEVED}; one that
 * is stuck has few of them, however often it is asked.
 */
const MAX_OBSERVATIONS = 2 * SECONDS_TO_BE_BELIEVED;

/**
 * What the sources of some slots reported before, by ticker and source: since the last price, or of the last minutes where that is
 * unconfirmed. Slots in which one reported no price do not count.
 */
export async function readHistories(
  client: Pick<pg.ClientBase, 'query'>,
  slot: number,
  slots: readonly StoredSlot[],
): Promise<Map<number, Map<number, SourceHistory>>> {
  const keys = slots.flatMap(({ tickerId, last, sources }) =>
    sources.map(({ sourceId, intervalSeconds }) => {
      // At most some six hundred rows of a source that is asked every second.
      const lookBackSeconds = persistenceSeconds(intervalSeconds);
      const isUnconfirmed = ((last?.flags ?? 0) & PRICE_FLAGS.unconfirmed) !== 0;
      const sinceSlot = Math.max(slot - lookBackSeconds, last === undefined || isUnconfirmed ? 0 : last.slot + 1);
      return { tickerId, sourceId, lookBackSeconds, sinceSlot, lastSlot: last?.slot ?? slot };
    }),
  );
  const result = await client.query<HistoryRow>({
    name: 'source-histories',
    text: HISTORIES_SQL,
    values: [
      slot,
      keys.map(({ tickerId }) => tickerId),
      keys.map(({ sourceId }) => sourceId),
      keys.map(({ sinceSlot }) => sinceSlot),
      keys.map(({ lastSlot }) => lastSlot),
      keys.map(({ lookBackSeconds }) => lookBackSeconds),
    ],
  });
  const histories = new Map<number, Map<number, SourceHistory>>();
  for (const row of result.rows) {
    const ofTicker = histories.get(row.tickerId) ?? new Map<number, SourceHistory>();
    histories.set(row.tickerId, ofTicker.set(row.sourceId, toHistory(row)));
  }
  return histories;
}

function toHistory({ earlier, lastAcceptedSlot }: HistoryRow): SourceHistory {
  return {
    lastAcceptedSlot: lastAcceptedSlot ?? undefined,
    earlier: (earlier ?? []).flatMap(({ slot, price, raw, sourceTime, isJump, others, ...kept }): EarlierPrice[] => {
      const reported = price ?? (raw === null ? null : quotedPrice(partsOf({ raw, ...kept })));
      if (reported == null) return [];
      const observation = observationOf({
        raw: raw ?? undefined,
        sourceTime: sourceTime === null ? undefined : new Date(sourceTime),
      });
      return [{ slot, price: reported, observation, isJump, othersAccepted: others ?? [] }];
    }),
  };
}

/** The longest that histories look back: MAX_JUMP_MEMORY_SECONDS for the last price, and as long again before it. */
const BOUND_SECONDS = 2 * MAX_JUMP_MEMORY_SECONDS;

/**
 * The sources $3 of the tickers $2, back to the slots $4, before slot $1; $5 the slots of their last prices, $6 how far to look back from
 * those. A range of the primary key for each, from its end, and no more of it than is needed: of slots that follow one another with the
 * same observation the first one stands for all. The bound on $1 lets Postgres leave out the other partitions before it begins.
 */
const HISTORIES_SQL = `
  SELECT asked.ticker_id AS "tickerId", asked.source_id AS "sourceId", trusted.slot AS "lastAcceptedSlot", told.earlier
  FROM unnest($2::int[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bigint[])
    AS asked(ticker_id, source_id, since_slot, last_slot, look_back)
  LEFT JOIN LATERAL (
    SELECT slot FROM samples
    WHERE ticker_id = asked.ticker_id AND source_id = asked.source_id AND outcome = 'accepted'
      AND slot <= asked.last_slot AND slot > asked.last_slot - asked.look_back
      AND slot < $1::bigint AND slot >= $1::bigint - ${BOUND_SECONDS}
    ORDER BY slot DESC LIMIT 1) trusted ON true
  LEFT JOIN LATERAL (
    SELECT json_agg(json_build_object('slot', e.slot, 'price', e.price::text, 'raw', e.raw, 'inverted', e.inverted, 'rate', e.rate::text,
             'rateUncertainty', e.rate_uncertainty::text, 'flags', e.flags, 'sourceTime', (extract(epoch FROM e.source_time) * 1000)::float8, 'isJump', e.outcome = 'rejected',
             'others', (SELECT json_agg(o.price::text) FROM samples o
                        WHERE o.ticker_id = asked.ticker_id AND o.slot = e.slot AND o.source_id <> asked.source_id
                          AND o.slot < $1::bigint AND o.slot >= $1::bigint - ${BOUND_SECONDS} AND o.outcome = 'accepted')) ORDER BY e.slot DESC) AS earlier
    FROM (
      SELECT * FROM (
        SELECT slot, price, raw, inverted, rate, rate_uncertainty, flags, source_time, outcome,
               lead(outcome) OVER before = outcome AND lead(raw) OVER before IS NOT DISTINCT FROM raw
                 AND lead(rate) OVER before IS NOT DISTINCT FROM rate
                 AND lead(source_time) OVER before IS NOT DISTINCT FROM source_time AS is_repeated
        FROM samples
        WHERE ticker_id = asked.ticker_id AND source_id = asked.source_id AND (outcome = 'accepted' OR reason = 'jump')
          AND slot >= asked.since_slot AND slot < $1::bigint AND slot >= $1::bigint - ${BOUND_SECONDS}
        WINDOW before AS (ORDER BY slot DESC)
      ) one WHERE is_repeated IS NOT TRUE
      ORDER BY slot DESC LIMIT ${MAX_OBSERVATIONS}
    ) e) told ON true`;
