import type pg from 'pg';

/** A call that counts for so much under the limit of its source. */
export interface WeighedCall {
  readonly sourceId: number;
  readonly weight: number;
  /**
   * So much may come at once, and flows back over `perSeconds`: no stretch as long as that ever holds more than twice as much, which
   * is to be what the source publishes. A call that is heavier comes when next to nothing is taken, and all of its weight flows back
   * before the next but one.
   */
  readonly share: number;
  readonly perSeconds: number;
  readonly nowMs: number;
}

/** A call may come so much of its own time before the weight of those before it has flowed back. */
const SLACK = 0.2;

/** What lies further ahead than the calls themselves explain, by so much, was taken by a process whose clock was wrong. */
const WRONG_CLOCK_MS = 60_000;

/**
 * Takes weight from the limit of a source, for the whole fleet. The queue's limiter counts jobs and not what their calls weigh, so
 * that sources whose calls weigh differently are counted here as well.
 * @returns undefined when the call may be made now, else in how many milliseconds it is worth asking again.
 */
export async function takeWeight(
  pool: Pick<pg.Pool, 'query'>,
  { sourceId, weight, share, perSeconds, nowMs }: WeighedCall,
): Promise<number | undefined> {
  const periodMs = perSeconds * 1000;
  const costMs = (weight / share) * periodMs;
  // How much may be taken already when this call comes. Never nothing: the queue hands out jobs at the same pace, and one that came a
  // moment early would lose its turn there.
  const roomMs = Math.max(periodMs - costMs, costMs * SLACK);
  // No honest clock has taken weight so far ahead.
  const furthestMs = Math.max(periodMs, costMs) * 2 + WRONG_CLOCK_MS;
  const result = await pool.query<{ is_taken: boolean; used_ms: number }>({
    name: 'take-weight',
    text: `WITH taken AS (
             UPDATE source_states
             SET weighed_until = greatest(
                   CASE WHEN weighed_until <= to_timestamp(($2::float8 + $5::float8) / 1000) THEN weighed_until END,
                   to_timestamp($2::float8 / 1000)) + $3::float8 * interval '1 millisecond'
             WHERE source_id = $1 AND (weighed_until IS NULL
               OR weighed_until <= to_timestamp(($2::float8 + $4::float8) / 1000)
               OR weighed_until > to_timestamp(($2::float8 + $5::float8) / 1000))
             RETURNING 1
           )
           SELECT EXISTS (SELECT 1 FROM taken) AS is_taken,
                  coalesce((extract(epoch FROM weighed_until) * 1000)::float8 - $2::float8, 0) AS used_ms
           FROM source_states WHERE source_id = $1`,
    values: [sourceId, nowMs, costMs, roomMs, furthestMs],
  });
  const row = result.rows[0];
  if (row === undefined) {
    await pool.query('INSERT INTO source_states (source_id) VALUES ($1) ON CONFLICT DO NOTHING', [sourceId]);
    return takeWeight(pool, { sourceId, weight, share, perSeconds, nowMs });
  }
  if (row.is_taken) return undefined;
  return Math.max(1, Math.ceil(row.used_ms - roomMs));
}
