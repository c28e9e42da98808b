import type pg from 'pg';
import { addRangeToCandles } from '../derived/candles.js';
import { moveLatestSql } from '../derived/latest.js';
import { ensurePartitions } from '../schema/partitions.js';
import { inTransaction } from '../database/pool.js';

/** Prices of a past range of one ticker, as a source's own history gave them. */
export interface HistoryRange {
  readonly ticker: string;
  readonly sourceId: number;
  readonly intervalSeconds: number;
  readonly receivedAt: Date;
  /** Slots in ascending order, multiples of the interval, with the price text. */
  readonly points: readonly (readonly [slot: number, price: string])[];
}

/** Where the past of a ticker could be put: the range before its first schedule. */
export interface FirstSchedule {
  readonly ticker: string;
  readonly fromSlot: number;
  readonly sourceId: number;
  readonly sourceSymbol: string;
}

/**
 * Puts a past before the first schedule of a ticker, with a schedule of its own, so that its slots are expected and there. It is that of
 * one source, whatever the rule of the ticker is today.
 */
export class HistoryRepository {
  constructor(private readonly pool: pg.Pool) {}

  /** The first schedule of every ticker that has no history yet. */
  async withoutHistory(): Promise<FirstSchedule[]> {
    const result = await this.pool.query<FirstSchedule>(
      `SELECT t.ticker, first.from_slot AS "fromSlot", ts.source_id AS "sourceId", ts.source_symbol AS "sourceSymbol"
       FROM tickers t
       JOIN LATERAL (SELECT id, from_slot FROM schedules WHERE ticker_id = t.id ORDER BY from_slot LIMIT 1) first ON true
       JOIN ticker_sources ts ON ts.schedule_id = first.id AND ts.position = 0
       WHERE NOT EXISTS (SELECT 1 FROM samples s WHERE s.ticker_id = t.id AND s.slot < first.from_slot + 1 AND s.origin = 'history')
       ORDER BY t.id`,
    );
    return result.rows;
  }

  /**
   * Stores a range that ends before the ticker's first schedule, all of it or nothing.
   * @returns how many prices were stored.
   * @throws Error when the ticker has no schedule of this source that begins after the range.
   */
  async insert(range: HistoryRange): Promise<number> {
    const first = range.points[0]?.[0];
    const last = range.points.at(-1)?.[0];
    if (first === undefined || last === undefined) return 0;
    const client = await this.pool.connect();
    try {
      await ensurePartitions(client, first, last);
    } finally {
      client.release();
    }
    return inTransaction(this.pool, async (transaction) => {
      const tickerId = await insertSchedule(transaction, range, first, last + range.intervalSeconds);
      const slots = range.points.map(([slot]) => slot);
      const prices = range.points.map(([, price]) => price);
      await transaction.query(
        `INSERT INTO samples (ticker_id, slot, source_id, outcome, price, raw, source_time, observed_at, batch, origin)
         SELECT $1, slot, $2, 'accepted', price::numeric, price, to_timestamp(slot), $3, $4, 'history'
         FROM unnest($5::bigint[], $6::text[]) AS point(slot, price)`,
        [tickerId, range.sourceId, range.receivedAt, range.ticker, slots, prices],
      );
      const inserted = await transaction.query(
        `INSERT INTO prices (ticker_id, slot, price, source_id, observed_at)
         SELECT $1, slot, price::numeric, $2, $3 FROM unnest($4::bigint[], $5::text[]) AS point(slot, price)`,
        [tickerId, range.sourceId, range.receivedAt, slots, prices],
      );
      // Candles before latest, as Postgres does when a live price is stored: the other order could end in a deadlock.
      await addRangeToCandles(transaction, tickerId, first, last);
      await transaction.query(moveLatestSql('prices WHERE ticker_id = $1 AND slot = $2'), [tickerId, last]);
      return inserted.rowCount ?? 0;
    });
  }
}

async function insertSchedule(
  client: pg.ClientBase,
  range: HistoryRange,
  fromSlot: number,
  toSlot: number,
): Promise<number> {
  const result = await client.query<{ ticker_id: number }>(
    `WITH first AS (
       SELECT s.id, s.ticker_id, s.from_slot FROM schedules s JOIN tickers t ON t.id = s.ticker_id
       WHERE t.ticker = $1 ORDER BY s.from_slot LIMIT 1 FOR UPDATE OF s
     ), source AS (
       SELECT first.*, ts.source_symbol, ts.batch FROM first JOIN ticker_sources ts ON ts.schedule_id = first.id
       WHERE ts.source_id = $5 AND first.from_slot > $6
     ), past AS (
       INSERT INTO schedules (ticker_id, from_slot, to_slot, interval_seconds, rule, planned_to)
       SELECT ticker_id, $2, least($3, from_slot), $4, 'priority', least($3, from_slot) FROM source RETURNING id, ticker_id
     ), copied AS (
       INSERT INTO ticker_sources (schedule_id, source_id, position, source_symbol, batch, interval_seconds)
       SELECT past.id, $5, 0, source.source_symbol, source.batch, $4 FROM past, source
     )
     SELECT ticker_id FROM past`,
    [range.ticker, fromSlot, toSlot, range.intervalSeconds, range.sourceId, toSlot - range.intervalSeconds],
  );
  const row = result.rows[0];
  if (row === undefined)
    throw new Error(`${range.ticker} has no schedule of source ${range.sourceId} to put this history before`);
  return row.ticker_id;
}
