import { CANDLE_SECONDS } from '@app/domain';
import type pg from 'pg';

/**
 * SQL: what an INSERT into candles does where there is one already. Prices come in any order, and from two sides at once:
 * the outcome depends on their slots alone.
 */
const MERGE_CANDLE_SQL = `
  ON CONFLICT (ticker_id, bucket) DO UPDATE
    SET open = CASE WHEN EXCLUDED.open_slot < candles.open_slot THEN EXCLUDED.open ELSE candles.open END,
        open_slot = least(candles.open_slot, EXCLUDED.open_slot),
        high = greatest(candles.high, EXCLUDED.high),
        low = least(candles.low, EXCLUDED.low),
        close = CASE WHEN EXCLUDED.close_slot > candles.close_slot THEN EXCLUDED.close ELSE candles.close END,
        close_slot = greatest(candles.close_slot, EXCLUDED.close_slot),
        count = candles.count + EXCLUDED.count`;

/** SQL: what the prices of an hour come to, as columns of a candle. */
const CANDLE_OF_PRICES_SQL = `(array_agg(price ORDER BY slot))[1] AS open, min(slot) AS open_slot, max(price) AS high, min(price) AS low,
         (array_agg(price ORDER BY slot DESC))[1] AS close, max(slot) AS close_slot, count(*) AS count`;

/** SQL: adds prices to the candles of their hours. @param prices a table of (ticker_id, slot, price) with one slot a ticker. */
export const addToCandlesSql = (prices: string): string => `
  INSERT INTO candles (ticker_id, bucket, open, open_slot, high, low, close, close_slot, count)
  SELECT ticker_id, slot - slot % ${CANDLE_SECONDS}, price, slot, price, price, price, slot, 1 FROM ${prices} ORDER BY ticker_id
  ${MERGE_CANDLE_SQL}`;

/**
 * Adds the stored prices of a range of slots, both ends included, to the candles of their hours. Added to what is there and not
 * computed anew: a live price that is stored at this moment in an hour that both share is not seen here.
 */
export async function addRangeToCandles(
  client: pg.ClientBase,
  tickerId: number,
  firstSlot: number,
  lastSlot: number,
): Promise<void> {
  await client.query(
    `INSERT INTO candles (ticker_id, bucket, open, open_slot, high, low, close, close_slot, count)
     SELECT ticker_id, slot - slot % ${CANDLE_SECONDS} AS bucket, ${CANDLE_OF_PRICES_SQL}
     FROM prices WHERE ticker_id = $1 AND slot BETWEEN $2 AND $3
     GROUP BY ticker_id, bucket ORDER BY bucket
     ${MERGE_CANDLE_SQL}`,
    [tickerId, firstSlot, lastSlot],
  );
}

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
             SELECT ticker_id, ${CANDLE_OF_PRICES_SQL}
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

function bucketOf(slot: number): number {
  return slot - (slot % CANDLE_SECONDS);
}
