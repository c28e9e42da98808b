import type pg from 'pg';

/** SQL: a price is the latest of its ticker, unless there is a later one. @param prices a table like prices, or `prices WHERE ...`. */
export const moveLatestSql = (prices: string): string => `
  INSERT INTO latest (ticker_id, slot, price, source_id, observed_at, flags, consensus)
  SELECT ticker_id, slot, price, source_id, observed_at, flags, consensus FROM ${prices} ORDER BY ticker_id
  ON CONFLICT (ticker_id) DO UPDATE
    SET slot = EXCLUDED.slot, price = EXCLUDED.price, source_id = EXCLUDED.source_id,
        observed_at = EXCLUDED.observed_at, flags = EXCLUDED.flags, consensus = EXCLUDED.consensus
    WHERE latest.slot < EXCLUDED.slot`;

/** Latest is the newest price there is; one that has moved on meanwhile is left alone. */
export async function remakeLatest(client: pg.ClientBase, slot: number, tickerIds: readonly number[]): Promise<void> {
  const values = [tickerIds, slot];
  await client.query({
    name: 'lock-latest',
    text: `SELECT 1 FROM latest WHERE ticker_id = ANY($1::int[]) AND slot = $2 ORDER BY ticker_id FOR UPDATE`,
    values,
  });
  await client.query({
    name: 'remake-latest',
    text: `UPDATE latest l SET slot = newest.slot, price = newest.price, source_id = newest.source_id,
             observed_at = newest.observed_at, flags = newest.flags, consensus = newest.consensus
           FROM unnest($1::int[]) AS asked(id) CROSS JOIN LATERAL (
             SELECT * FROM prices p WHERE p.ticker_id = asked.id ORDER BY p.slot DESC LIMIT 1) newest
           WHERE l.ticker_id = asked.id AND l.slot = $2`,
    values,
  });
  await client.query({
    name: 'drop-empty-latest',
    text: `DELETE FROM latest l WHERE l.ticker_id = ANY($1::int[]) AND l.slot = $2 AND NOT EXISTS (
             SELECT 1 FROM prices p WHERE p.ticker_id = l.ticker_id)`,
    values,
  });
}
