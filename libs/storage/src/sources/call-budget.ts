import { bucketFor, monthOf, roomAfterMs, type BudgetAnswer, type CallLimit } from '@app/domain';
import type pg from 'pg';

/** A call that somebody wants to make. */
export interface CallRequest {
  readonly sourceId: number;
  /** What it counts against limit and month. */
  readonly cost: number;
  /** The caller's clock, milliseconds since 1970. */
  readonly nowMs: number;
  readonly limit: CallLimit;
  /** What a month of the source's plan allows, in credits; undefined: months are not counted. */
  readonly monthly?: number | undefined;
  /** See {@link bucketFor}. */
  readonly keptFree?: number | undefined;
}

/**
 * What the sources allow, counted in Postgres for the whole fleet and whatever makes the call: prices, lists of names, the command
 * line. To be asked before each HTTP call; one that is not granted must not be made. The queue's limiter only sets the pace of jobs.
 */
export class CallBudget {
  constructor(private readonly pool: Pick<pg.Pool, 'query'>) {}

  /**
   * Takes a call from the limit of its source and from the month. What is refused takes nothing of either.
   * @throws what the database throws.
   */
  async take(request: CallRequest): Promise<BudgetAnswer> {
    const { sourceId, cost, nowMs, limit, monthly, keptFree } = request;
    const { costMs, roomMs, furthestMs } = bucketFor(limit, cost, keptFree);
    const result = await this.pool.query<{ is_granted: boolean; used_ms: number }>({
      name: 'take-call',
      text: TAKE,
      values: [sourceId, nowMs, costMs, roomMs, furthestMs, monthOf(nowMs), cost, monthly ?? null],
    });
    const row = result.rows[0];
    if (row === undefined) {
      // The first call ever to this source.
      await this.pool.query('INSERT INTO source_states (source_id) VALUES ($1) ON CONFLICT DO NOTHING', [sourceId]);
      return this.take(request);
    }
    if (row.is_granted) return { kind: 'granted' };
    return row.used_ms > roomMs ? { kind: 'later', afterMs: roomAfterMs(row.used_ms, roomMs) } : { kind: 'no_credits' };
  }
}

/**
 * The lock on the source's row comes first: who waits for it reads what the others have taken. The month is counted only where the
 * bucket has room, and the bucket is taken from only where the month was counted. `used_ms` is what `takeFromBucket` calls so.
 */
const TAKE = `
  WITH state AS MATERIALIZED (
    SELECT weighed_until FROM source_states WHERE source_id = $1 FOR NO KEY UPDATE
  ), bucket AS MATERIALIZED (
    SELECT CASE WHEN taken_ms > $5::float8 THEN 0 ELSE taken_ms END AS used_ms
    FROM (SELECT greatest((extract(epoch FROM weighed_until) * 1000 - $2::float8::numeric)::float8, 0) AS taken_ms FROM state) AS s
  ), counted AS (
    INSERT INTO source_credits AS c (source_id, month, used)
    SELECT $1, $6::date, $7::bigint FROM bucket WHERE used_ms <= $4::float8 AND $7::bigint <= $8::bigint
    ON CONFLICT (source_id, month) DO UPDATE SET used = c.used + EXCLUDED.used WHERE c.used + EXCLUDED.used <= $8::bigint
    RETURNING 1
  ), granted AS MATERIALIZED (
    SELECT used_ms FROM bucket
    WHERE used_ms <= $4::float8 AND ($8::bigint IS NULL OR EXISTS (SELECT 1 FROM counted))
  ), taken AS (
    UPDATE source_states SET weighed_until = to_timestamp(($2::float8 + granted.used_ms + $3::float8) / 1000)
    FROM granted WHERE source_id = $1
    RETURNING 1
  )
  SELECT EXISTS (SELECT 1 FROM taken) AS is_granted, used_ms FROM bucket`;
