import type { GapReason } from '@app/domain';
import { ensurePartitions, type Pool } from '@app/storage';

/** A price to put into the tables as it is, without a fetch before it. */
export interface StoredPrice {
  readonly slot: number;
  readonly price: string;
  readonly sourceId?: number;
  /** UNIX seconds; 0.25 s after its slot without it. */
  readonly observedAt?: number;
}

/** Stores prices of a ticker, and its newest one, as the decided prices of its slots. */
export async function storePrices(pool: Pool, ticker: string, prices: readonly StoredPrice[]): Promise<void> {
  if (prices.length === 0) return;
  const slots = prices.map(({ slot }) => slot);
  await makePartitions(pool, Math.min(...slots), Math.max(...slots));
  await pool.query(
    `INSERT INTO prices (ticker_id, slot, price, source_id, observed_at)
     SELECT t.id, given.slot, given.price, given.source_id, to_timestamp(given.observed_at)
     FROM tickers t, unnest($2::bigint[], $3::numeric[], $4::smallint[], $5::float8[]) AS given(slot, price, source_id, observed_at)
     WHERE t.ticker = $1`,
    [
      ticker,
      slots,
      prices.map(({ price }) => price),
      prices.map(({ sourceId }) => sourceId ?? 1),
      prices.map(({ slot, observedAt }) => observedAt ?? slot + 0.25),
    ],
  );
  await pool.query(
    `INSERT INTO latest (ticker_id, slot, price, source_id, observed_at, flags)
     SELECT DISTINCT ON (p.ticker_id) p.ticker_id, p.slot, p.price, p.source_id, p.observed_at, p.flags
     FROM prices p JOIN tickers t ON t.id = p.ticker_id WHERE t.ticker = $1 ORDER BY p.ticker_id, p.slot DESC
     ON CONFLICT (ticker_id) DO UPDATE SET slot = EXCLUDED.slot, price = EXCLUDED.price, source_id = EXCLUDED.source_id, observed_at = EXCLUDED.observed_at`,
    [ticker],
  );
}

/** A sample without a price. */
export interface FailedSample {
  readonly slot: number;
  readonly reason: string;
  readonly outcome?: 'rejected' | 'failed' | 'missed';
  readonly sourceId?: number;
}

/** Stores what sources came to that gave no price. */
export async function storeFailures(pool: Pool, ticker: string, failures: readonly FailedSample[]): Promise<void> {
  if (failures.length === 0) return;
  const slots = failures.map(({ slot }) => slot);
  await makePartitions(pool, Math.min(...slots), Math.max(...slots));
  await pool.query(
    `INSERT INTO samples (ticker_id, slot, source_id, outcome, reason, batch)
     SELECT t.id, given.slot, given.source_id, given.outcome, given.reason, t.ticker
     FROM tickers t, unnest($2::bigint[], $3::smallint[], $4::text[], $5::text[]) AS given(slot, source_id, outcome, reason)
     WHERE t.ticker = $1`,
    [
      ticker,
      slots,
      failures.map(({ sourceId }) => sourceId ?? 1),
      failures.map(({ outcome }) => outcome ?? 'failed'),
      failures.map(({ reason }) => reason),
    ],
  );
}

/** Stores a gap range; without a reason a range that nobody planned. */
export async function storeGap(
  pool: Pool,
  ticker: string,
  fromSlot: number,
  toSlot: number,
  reason: GapReason = 'not_planned',
): Promise<void> {
  await pool.query(
    `INSERT INTO gaps (ticker_id, from_slot, to_slot, reason, recorded_at)
     SELECT id, $2, $3, $4, now() FROM tickers WHERE ticker = $1`,
    [ticker, fromSlot, toSlot, reason],
  );
}

/** Puts a ticker and its versions into the catalogue as they are; the last one may still hold. */
export async function storeSchedules(
  pool: Pool,
  ticker: string,
  versions: readonly { readonly fromSlot: number; readonly toSlot?: number; readonly intervalSeconds: number }[],
): Promise<number> {
  const [base, quote] = ticker.split('_');
  const inserted = await pool.query<{ id: number }>(
    'INSERT INTO tickers (ticker, base, quote) VALUES ($1, $2, $3) RETURNING id',
    [ticker, base, quote],
  );
  const tickerId = inserted.rows[0]?.id ?? 0;
  for (const { fromSlot, toSlot, intervalSeconds } of versions) {
    await pool.query(
      `WITH version AS (
         INSERT INTO schedules (ticker_id, from_slot, to_slot, interval_seconds, rule, planned_to)
         VALUES ($1, $2, $3, $4, 'priority', $2) RETURNING id)
       INSERT INTO ticker_sources (schedule_id, source_id, position, source_symbol, batch, interval_seconds)
       SELECT version.id, source_id, source_id - 1, $5, $5, $4 FROM version, unnest(ARRAY[1, 2]::smallint[]) AS source_id`,
      [tickerId, fromSlot, toSlot ?? null, intervalSeconds, ticker],
    );
  }
  return tickerId;
}

async function makePartitions(pool: Pool, fromSlot: number, toSlot: number): Promise<void> {
  const client = await pool.connect();
  try {
    await ensurePartitions(client, fromSlot, toSlot);
  } finally {
    client.release();
  }
}
