import {
  MAX_JUMP_MEMORY_SECONDS,
  partsOf,
  quotedPrice,
  SLOTS_TO_BE_BELIEVED,
  type KeptQuote,
  type SourceHistory,
} from '@app/domain';
import type pg from 'pg';

/** A source whose past in a ticker is asked for. */
export interface HistoryKey {
  readonly tickerId: number;
  readonly sourceId: number;
}

interface HistoryRow extends HistoryKey {
  readonly lastAcceptedSlot: number | null;
  readonly earlier:
    | readonly (Omit<KeptQuote, 'raw'> & {
        readonly price: string | null;
        readonly raw: string | null;
        readonly isJump: boolean;
        readonly others: readonly string[] | null;
      })[]
    | null;
}

/** What sources reported in their last slots before this one, by ticker and source. Slots in which one reported no price do not count. */
export async function readHistories(
  client: Pick<pg.ClientBase, 'query'>,
  slot: number,
  keys: readonly HistoryKey[],
): Promise<Map<number, Map<number, SourceHistory>>> {
  const result = await client.query<HistoryRow>({
    name: 'source-histories',
    text: HISTORIES_SQL,
    values: [slot, keys.map(({ tickerId }) => tickerId), keys.map(({ sourceId }) => sourceId)],
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
    earlier: (earlier ?? []).flatMap(({ price, raw, isJump, others, ...kept }) => {
      const reported = price ?? (raw === null ? null : quotedPrice(partsOf({ raw, ...kept })));
      return reported == null ? [] : [{ price: reported, isJump, othersAccepted: others ?? [] }];
    }),
  };
}

const HISTORIES_SQL = `
  SELECT asked.ticker_id AS "tickerId", asked.source_id AS "sourceId",
         (SELECT s.slot FROM samples s
          WHERE s.ticker_id = asked.ticker_id AND s.source_id = asked.source_id AND s.outcome = 'accepted'
            AND s.slot < $1 AND s.slot >= $1::bigint - ${MAX_JUMP_MEMORY_SECONDS}
          ORDER BY s.slot DESC LIMIT 1) AS "lastAcceptedSlot",
         (SELECT json_agg(json_build_object('price', e.price::text, 'raw', e.raw, 'inverted', e.inverted, 'rate', e.rate::text,
                   'flags', e.flags,
                   'isJump', e.outcome = 'rejected',
                   'others', (SELECT json_agg(o.price::text) FROM samples o
                              WHERE o.ticker_id = asked.ticker_id AND o.slot = e.slot AND o.source_id <> asked.source_id
                                AND o.outcome = 'accepted')) ORDER BY e.slot DESC)
          FROM (SELECT * FROM samples s
                WHERE s.ticker_id = asked.ticker_id AND s.source_id = asked.source_id
                  AND (s.outcome = 'accepted' OR s.reason = 'jump')
                  AND s.slot < $1 AND s.slot >= $1::bigint - ${MAX_JUMP_MEMORY_SECONDS}
                ORDER BY s.slot DESC LIMIT ${SLOTS_TO_BE_BELIEVED - 1}) e) AS earlier
  FROM unnest($2::int[], $3::smallint[]) AS asked(ticker_id, source_id)`;
