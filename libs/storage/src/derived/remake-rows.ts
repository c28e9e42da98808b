import { CANDLE_SECONDS } from '@app/domain';
import type pg from 'pg';

/** In the order of tickers, and before latest, as every store takes them. Whoever adds a price to one of them waits until the end. */
export async function lockCandles(client: pg.ClientBase, slot: number, tickerIds: readonly number[]): Promise<void> {
  await client.query({
    name: 'lock-candles',
    text: `SELECT 1 FROM candles WHERE ticker_id = ANY($1::int[]) AND bucket = $2 ORDER BY ticker_id FOR UPDATE`,
    values: [tickerIds, bucketOf(slot)],
  });
}

/**
 * Makes the candles of the slot anew from their prices. A fresh statement: what others stored before the candles were locked is seen,
 * and what they store now is added when they get the lock.
 */
export async function remakeCandles(client: pg.ClientBase, slot: number, tickerIds: readonly number[]): Promise<void> {
  const values = [tickerIds, bucketOf(slot)];
  await client.query({
    name: 'remake-candles',
    text: `WITH made AS (
             SELECT ticker_id, (array_agg(price ORDER BY slot))[1] AS open, min(slot) AS open_slot, max(price) AS high, min(price) AS low,
                    (array_agg(price ORDER BY slot DESC))[1] AS close, max(slot) AS close_slot, count(*) AS count
             FROM prices WHERE ticker_id = ANY($1::int[]) AND slot >= $2::bigint AND slot < $2::bigint + ${CANDLE_SECONDS} GROUP BY ticker_id
           )
           UPDATE candles c SET open = made.open, open_slot = made.open_slot, high = made.high, low = made.low, close = made.close,
             close_slot = made.close_slot, count = made.count
           FROM made WHERE c.ticker_id = made.ticker_id AND c.bucket = $2`,
    values,
  });
  await client.query({
    name: 'drop-empty-candles',
    text: `DELETE FROM candles c WHERE c.ticker_id = ANY($1::int[]) AND c.bucket = $2 AND NOT EXISTS (
             SELECT 1 FROM prices p WHERE p.ticker_id = c.ticker_id AND p.slot >= $2::bigint AND p.slot < $2::bigint + ${CANDLE_SECONDS})`,
    values,
  });
}

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

function bucketOf(slot: number): number {
  return slot - (slot % CANDLE_SECONDS);
}
