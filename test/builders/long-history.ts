import type { Pool } from '@app/storage';
import { storePrices, storeSchedules } from './stored-prices.js';

/** Prices of btc_usd, one a second from its first slot on: the price of slot `firstSlot + n` is n + 1. */
export const LONG_HISTORY = {
  firstSlot: 1_766_016_000,
  // More text than all the buffers between two sockets of one machine hold.
  rows: 200_000,
} as const;

/** Stores the prices of {@link LONG_HISTORY}, vacuumed and analyzed. */
export async function storeLongHistory(pool: Pool): Promise<void> {
  const { firstSlot, rows } = LONG_HISTORY;
  await storeSchedules(pool, 'btc_usd', [{ fromSlot: firstSlot, intervalSeconds: 1 }]);
  await storePrices(pool, 'btc_usd', [
    { slot: firstSlot, price: '1' },
    { slot: firstSlot + rows - 1, price: String(rows) },
  ]);
  await pool.query(
    `INSERT INTO prices (ticker_id, slot, price, source_id, observed_at)
     SELECT id, $1::bigint + n, n + 1, 1, to_timestamp($1::bigint + n) FROM tickers, generate_series(1, $2::int - 2) AS n`,
    [firstSlot, rows],
  );
  await pool.query('VACUUM ANALYZE prices');
}
