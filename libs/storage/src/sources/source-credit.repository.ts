import { monthOf, type BatchLoad } from '@app/domain';
import type pg from 'pg';

/** Credits that somebody wants to use. */
export interface CreditRequest {
  readonly sourceId: number;
  readonly cost: number;
  /** What a month of the plan allows. */
  readonly monthly: number;
  readonly nowMs: number;
}

/** What became of it. */
export interface CreditAnswer {
  /** Whether the call may be made: it has been counted. */
  readonly granted: boolean;
  /** What the month has used up, this call included when it was granted. */
  readonly used: number;
}

/**
 * Counts a call against the month of its source, for the whole fleet and whatever makes the call: prices, lists of names,
 * backfills. To be asked before the call; one that is not granted must not be made.
 */
export async function spendCredits(
  pool: Pick<pg.Pool, 'query'>,
  { sourceId, cost, monthly, nowMs }: CreditRequest,
): Promise<CreditAnswer> {
  const month = monthOf(nowMs);
  const spent = await pool.query<{ used: number }>({
    name: 'spend-credits',
    text: `INSERT INTO source_credits AS c (source_id, month, used) SELECT $1, $2::date, $3::bigint WHERE $3::bigint <= $4::bigint
           ON CONFLICT (source_id, month) DO UPDATE SET used = c.used + EXCLUDED.used
             WHERE c.used + EXCLUDED.used <= $4::bigint
           RETURNING used`,
    values: [sourceId, month, cost, monthly],
  });
  if (spent.rows[0] !== undefined) return { granted: true, used: spent.rows[0].used };
  return { granted: false, used: await usedCredits(pool, sourceId, nowMs) };
}

/** What the month of an instant, in UTC, has used up of a source's credits. */
export async function usedCredits(pool: Pick<pg.Pool, 'query'>, sourceId: number, nowMs: number): Promise<number> {
  const result = await pool.query<{ used: number }>({
    name: 'used-credits',
    text: 'SELECT used FROM source_credits WHERE source_id = $1 AND month = $2::date',
    values: [sourceId, monthOf(nowMs)],
  });
  return result.rows[0]?.used ?? 0;
}

/** A batch that the schedules of now ask a source for. */
export interface AskedBatch extends Pick<BatchLoad, 'intervals'> {
  readonly sourceId: number;
  readonly batch: string;
  readonly members: readonly { readonly ticker: string; readonly sourceName: string }[];
}

/** The batches that the schedules of now ask these sources for in every slot; those of standby sources are not among them. */
export async function askedBatches(pool: Pick<pg.Pool, 'query'>, sourceIds: readonly number[]): Promise<AskedBatch[]> {
  const result = await pool.query<AskedBatch>({
    name: 'asked-batches',
    text: `SELECT ts.source_id AS "sourceId", ts.batch, array_agg(DISTINCT ts.interval_seconds) AS intervals,
                  json_agg(json_build_object('ticker', t.ticker, 'sourceName', ts.source_name) ORDER BY t.id) AS members
           FROM schedules s JOIN ticker_sources ts ON ts.schedule_id = s.id JOIN tickers t ON t.id = s.ticker_id
           WHERE s.to_slot IS NULL AND ts.source_id = ANY($1::smallint[]) AND NOT ts.standby
           GROUP BY ts.source_id, ts.batch ORDER BY ts.source_id, ts.batch`,
    values: [sourceIds],
  });
  return result.rows;
}
