import {
  CANDLE_SECONDS,
  decideByPriority,
  MAX_WINDOW_SECONDS,
  type Candidate,
  type Outcome,
  type SampleReason,
} from '@app/domain';
import type pg from 'pg';
import type { FetchKey } from './fetch.repository.js';
import { MERGE_CANDLE_SQL } from './merge-candle.sql.js';
import { inTransaction } from './pool.js';
import { storableText } from './storable-text.js';

/** What one source gave for one ticker in one slot. */
export interface Sample {
  readonly tickerId: number;
  readonly outcome: Outcome;
  /** Undefined exactly when accepted. */
  readonly reason?: SampleReason | undefined;
  /** The plain decimal; defined exactly when accepted. */
  readonly price?: string | undefined;
  /** The price's text on the wire, when there was one. */
  readonly raw?: string | undefined;
  readonly sourceTime?: Date | undefined;
}

/** How a fetch ended. */
export interface FetchResult {
  readonly status: 'answered' | 'failed' | 'closed';
  readonly requestedAt?: Date | undefined;
  readonly receivedAt?: Date | undefined;
  readonly httpStatus?: number | undefined;
  readonly latencyMs?: number | undefined;
  readonly errorKind?: string | undefined;
  readonly errorMessage?: string | undefined;
}

/** A price that was decided by a store. */
export interface DecidedPrice {
  readonly tickerId: number;
  readonly slot: number;
  readonly price: string;
  readonly sourceId: number;
}

/** What a store came to. */
export interface StoreOutcome {
  /** Tickers whose given sample stands in the table now; another's stands there for the rest. */
  readonly kept: ReadonlySet<number>;
  /** Prices that it decided. */
  readonly decided: readonly DecidedPrice[];
}

interface CandidateRow extends Omit<Candidate, 'outcome'> {
  readonly tickerId: number;
  readonly outcome: Outcome | null;
  readonly deadline: number;
}

/** Stores samples and, with them, the price of the slot. Idempotent: storing the same twice changes nothing. */
export class SampleRepository {
  constructor(private readonly pool: pg.Pool) {}

  /** Stores what one fetch gave and decides the prices of its slot, in one transaction. */
  async store(
    key: FetchKey,
    samples: readonly Sample[],
    result: FetchResult,
    nowSeconds: number,
  ): Promise<StoreOutcome> {
    return inTransaction(this.pool, (client) => storeSamples(client, key, samples, result, nowSeconds));
  }

  /** Decides the prices of a slot again, for sources that never answered: the window is over, so nobody waits any more. */
  async decide(slot: number, tickerIds: readonly number[], nowSeconds: number): Promise<DecidedPrice[]> {
    return inTransaction(this.pool, async (client) => {
      await lockSlot(client, slot, tickerIds);
      return decidePrices(client, slot, tickerIds, nowSeconds);
    });
  }
}

/** The work of {@link SampleRepository.store} inside a transaction of the caller. */
export async function storeSamples(
  client: pg.ClientBase,
  key: FetchKey,
  samples: readonly Sample[],
  result: FetchResult,
  nowSeconds: number,
): Promise<StoreOutcome> {
  const tickerIds = samples.map((sample) => sample.tickerId);
  await lockSlot(client, key.slot, tickerIds);
  const kept = await insertSamples(client, key, samples, result);
  await client.query({
    name: 'finish-fetch',
    text: `UPDATE fetches SET status = $4, lease_until = NULL, requested_at = coalesce($5, requested_at), received_at = $6,
             http_status = $7, latency_ms = $8, error_kind = $9, error_message = $10
           WHERE source_id = $1 AND batch = $2 AND slot = $3 AND status <> 'answered'
             AND (status <> 'failed' OR $4 <> 'closed')`,
    values: [
      key.sourceId,
      key.batch,
      key.slot,
      result.status,
      result.requestedAt,
      result.receivedAt,
      result.httpStatus,
      result.latencyMs,
      result.errorKind,
      storableText(result.errorMessage),
    ],
  });
  return { kept, decided: await decidePrices(client, key.slot, tickerIds, nowSeconds) };
}

/** Takes the lock of every (ticker, slot) in ticker order, so that two stores of one slot follow one another and never deadlock. */
export async function lockSlot(client: pg.ClientBase, slot: number, tickerIds: readonly number[]): Promise<void> {
  const inOrder = [...tickerIds].sort((left, right) => left - right);
  // 34 bits hold every slot until the year 2514, the rest holds the ticker.
  await client.query({
    name: 'lock-slot',
    text: `SELECT pg_advisory_xact_lock((ticker_id << 34) | $2::bigint) FROM unnest($1::bigint[]) AS ticker_id`,
    values: [inOrder, slot],
  });
}

/**
 * Inserts samples. One that was accepted in its window takes the place of "missed" (it could only be stored after the slot was
 * closed) and, as long as the slot has no price, of "failed" (a worker that was taken over reported first): it is the better
 * knowledge. Nothing else is ever overwritten.
 * @returns the tickers whose given sample stands in the table now, also when an earlier try had stored it.
 */
async function insertSamples(
  client: pg.ClientBase,
  key: FetchKey,
  samples: readonly Sample[],
  result: FetchResult,
): Promise<ReadonlySet<number>> {
  const kept = await client.query<{ ticker_id: number }>({
    name: 'insert-samples',
    text: `WITH given AS (
             SELECT * FROM unnest($6::int[], $7::text[], $8::text[], $9::numeric[], $10::text[], $11::timestamptz[])
               AS given(ticker_id, outcome, reason, price, raw, source_time)
           ), stored AS (
             INSERT INTO samples (ticker_id, slot, source_id, outcome, reason, price, raw, source_time, requested_at, observed_at, batch)
             SELECT ticker_id, $1, $2, outcome, reason, price, raw, source_time, $3, $4, $5 FROM given
             ON CONFLICT (ticker_id, slot, source_id) DO UPDATE
               SET outcome = EXCLUDED.outcome, reason = EXCLUDED.reason, price = EXCLUDED.price, raw = EXCLUDED.raw,
                   source_time = EXCLUDED.source_time, requested_at = EXCLUDED.requested_at, observed_at = EXCLUDED.observed_at,
                   stored_at = clock_timestamp()
               WHERE (samples.outcome = 'missed' AND EXCLUDED.outcome <> 'missed')
                 OR (samples.outcome = 'failed' AND EXCLUDED.outcome = 'accepted' AND NOT EXISTS (
                   SELECT 1 FROM prices p WHERE p.ticker_id = EXCLUDED.ticker_id AND p.slot = EXCLUDED.slot))
             RETURNING ticker_id
           )
           SELECT ticker_id FROM stored
           UNION
           SELECT given.ticker_id FROM given JOIN samples s ON s.ticker_id = given.ticker_id AND s.slot = $1 AND s.source_id = $2
           WHERE s.outcome = given.outcome AND s.reason IS NOT DISTINCT FROM given.reason
             AND s.price::text IS NOT DISTINCT FROM given.price::text
             AND s.observed_at IS NOT DISTINCT FROM $4::timestamptz(3)`,
    values: [
      key.slot,
      key.sourceId,
      result.requestedAt,
      result.receivedAt,
      key.batch,
      samples.map((sample) => sample.tickerId),
      samples.map((sample) => sample.outcome),
      samples.map((sample) => sample.reason),
      samples.map((sample) => sample.price),
      samples.map((sample) => storableText(sample.raw)),
      samples.map((sample) => sample.sourceTime),
    ],
  });
  return new Set(kept.rows.map((row) => row.ticker_id));
}

/**
 * Decides the price of a slot for each ticker that has none yet. A fresh statement after the samples were inserted under
 * the lock: in one statement two workers each miss the other's sample, and nobody decides.
 */
export async function decidePrices(
  client: pg.ClientBase,
  slot: number,
  tickerIds: readonly number[],
  nowSeconds: number,
): Promise<DecidedPrice[]> {
  const result = await client.query<CandidateRow>({
    name: 'slot-candidates',
    text: CANDIDATES_SQL,
    values: [slot, tickerIds],
  });
  const chosen = [...groupByTicker(result.rows)].flatMap(([tickerId, candidates]) => {
    const windowEnded = candidates.some((candidate) => candidate.deadline <= nowSeconds);
    const turns = candidates.map(({ outcome, ...candidate }) => ({ ...candidate, outcome: outcome ?? undefined }));
    const sourceId = decideByPriority(turns, windowEnded);
    return sourceId === undefined ? [] : [{ tickerId, sourceId }];
  });
  if (chosen.length === 0) return [];
  const decided = await client.query<DecidedPrice>({
    name: 'insert-prices',
    text: INSERT_PRICES_SQL,
    values: [slot, chosen.map((choice) => choice.tickerId), chosen.map((choice) => choice.sourceId)],
  });
  return decided.rows;
}

function groupByTicker<T extends { readonly tickerId: number }>(rows: readonly T[]): Map<number, T[]> {
  return Map.groupBy(rows, (row) => row.tickerId);
}

/** Every source that was due in slot $1 for the tickers $2 that have no price yet, with the outcome of its turn. */
const CANDIDATES_SQL = `
  SELECT s.ticker_id AS "tickerId", ts.source_id AS "sourceId", ts.position, given.outcome,
         $1::bigint + least(s.interval_seconds, ${MAX_WINDOW_SECONDS}) AS deadline
  FROM schedules s
  JOIN ticker_sources ts ON ts.schedule_id = s.id AND $1::bigint % ts.interval_seconds = 0
  LEFT JOIN samples given ON given.ticker_id = s.ticker_id AND given.slot = $1 AND given.source_id = ts.source_id
  WHERE s.ticker_id = ANY($2::int[]) AND s.from_slot <= $1 AND (s.to_slot IS NULL OR s.to_slot > $1)
    AND NOT EXISTS (SELECT 1 FROM prices p WHERE p.ticker_id = s.ticker_id AND p.slot = $1)`;

/** Inserts the chosen samples of slot $1 as prices, and moves latest and candle with those that are really new. */
const INSERT_PRICES_SQL = `
  WITH chosen AS (
    SELECT ticker_id, source_id FROM unnest($2::int[], $3::smallint[]) AS chosen(ticker_id, source_id)
  ), inserted AS (
    INSERT INTO prices (ticker_id, slot, price, source_id, observed_at)
    SELECT s.ticker_id, s.slot, s.price, s.source_id, s.observed_at
    FROM chosen JOIN samples s ON s.ticker_id = chosen.ticker_id AND s.source_id = chosen.source_id AND s.slot = $1::bigint
    WHERE s.outcome = 'accepted'
    ORDER BY s.ticker_id
    ON CONFLICT DO NOTHING
    RETURNING ticker_id, slot, price, source_id, observed_at, flags
  ), moved AS (
    INSERT INTO latest (ticker_id, slot, price, source_id, observed_at, flags)
    SELECT ticker_id, slot, price, source_id, observed_at, flags FROM inserted ORDER BY ticker_id
    ON CONFLICT (ticker_id) DO UPDATE
      SET slot = EXCLUDED.slot, price = EXCLUDED.price, source_id = EXCLUDED.source_id,
          observed_at = EXCLUDED.observed_at, flags = EXCLUDED.flags
      WHERE latest.slot < EXCLUDED.slot
  ), candled AS (
    INSERT INTO candles (ticker_id, bucket, open, open_slot, high, low, close, close_slot, count)
    SELECT ticker_id, slot - slot % ${CANDLE_SECONDS}, price, slot, price, price, price, slot, 1 FROM inserted ORDER BY ticker_id
    ${MERGE_CANDLE_SQL}
  )
  SELECT ticker_id AS "tickerId", slot, price::text AS price, source_id AS "sourceId" FROM inserted`;
