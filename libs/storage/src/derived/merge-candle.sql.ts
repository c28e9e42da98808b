/**
 * SQL: what an INSERT into candles does where there is one already. Prices come in any order, and from two sides at once:
 * the outcome depends on their slots alone.
 */
export const MERGE_CANDLE_SQL = `
  ON CONFLICT (ticker_id, bucket) DO UPDATE
    SET open = CASE WHEN EXCLUDED.open_slot < candles.open_slot THEN EXCLUDED.open ELSE candles.open END,
        open_slot = least(candles.open_slot, EXCLUDED.open_slot),
        high = greatest(candles.high, EXCLUDED.high),
        low = least(candles.low, EXCLUDED.low),
        close = CASE WHEN EXCLUDED.close_slot > candles.close_slot THEN EXCLUDED.close ELSE candles.close END,
        close_slot = greatest(candles.close_slot, EXCLUDED.close_slot),
        count = candles.count + EXCLUDED.count`;
