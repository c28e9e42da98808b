import { monthOf, type BatchLoad } from '@app/domain';
import type pg from 'pg';

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
  readonly members: readonly { readonly ticker: string; readonly sourceSymbol: string }[];
}

/** The batches that the schedules of now ask these sources for in every slot; those of standby sources are not among them. */
export async function askedBatches(pool: Pick<pg.Pool, 'query'>, sourceIds: readonly number[]): Promise<AskedBatch[]> {
  const result = await pool.query<AskedBatch>({
    name: 'asked-batches',
    text: `SELECT ts.source_id AS "sourceId", ts.batch, array_agg(DISTINCT ts.interval_seconds) AS intervals,
                  json_agg(json_build_object('ticker', t.ticker, 'sourceSymbol', ts.source_symbol) ORDER BY t.id) AS members
           FROM schedules s JOIN ticker_sources ts ON ts.schedule_id = s.id JOIN tickers t ON t.id = s.ticker_id
           WHERE s.to_slot IS NULL AND ts.source_id = ANY($1::smallint[]) AND NOT ts.standby
           GROUP BY ts.source_id, ts.batch ORDER BY ts.source_id, ts.batch`,
    values: [sourceIds],
  });
  return result.rows;
}
