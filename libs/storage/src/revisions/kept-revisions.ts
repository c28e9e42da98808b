import type pg from 'pg';

const SAMPLE_COLUMNS =
  'outcome, reason, detail, price, raw, source_time, inverted, rate, rate_uncertainty, rate_ticker, flags, market_cap, volume_24h';

/** Keeps every sample of the slot, since with one the others are judged anew; what turns out to be as it was is let go again. */
export async function keepSamples(
  client: pg.ClientBase,
  slot: number,
  tickerIds: readonly number[],
  cause: string,
): Promise<void> {
  await client.query({
    name: 'keep-samples',
    text: `INSERT INTO sample_revisions (ticker_id, slot, source_id, revision, ${SAMPLE_COLUMNS}, cause)
           SELECT ticker_id, slot, source_id, revision, ${SAMPLE_COLUMNS}, $3 FROM samples
           WHERE ticker_id = ANY($1::int[]) AND slot = $2`,
    values: [tickerIds, slot, cause],
  });
}

/** Takes the prices of the slot away and keeps them. @returns the tickers that had one. */
export async function keepPrices(
  client: pg.ClientBase,
  slot: number,
  tickerIds: readonly number[],
  cause: string,
): Promise<number[]> {
  const kept = await client.query<{ ticker_id: number }>({
    name: 'keep-prices',
    text: `WITH gone AS (DELETE FROM prices WHERE ticker_id = ANY($1::int[]) AND slot = $2
             RETURNING ticker_id, slot, revision, price, uncertainty, source_id, observed_at, flags, consensus)
           INSERT INTO price_revisions (ticker_id, slot, revision, price, uncertainty, source_id, observed_at, flags, consensus, cause)
           SELECT ticker_id, slot, revision, price, uncertainty, source_id, observed_at, flags, consensus, $3 FROM gone RETURNING ticker_id`,
    values: [tickerIds, slot, cause],
  });
  return kept.rows.map((row) => row.ticker_id);
}

/**
 * Gives new revisions to the prices that are not as they were.
 * @param replaced the tickers whose price was taken away just now.
 * @returns how many changed, came to be, or are gone.
 */
export async function numberPrices(
  client: pg.ClientBase,
  slot: number,
  tickerIds: readonly number[],
  replaced: readonly number[],
): Promise<number> {
  const changed = await client.query<{ changed: number }>({
    name: 'number-prices',
    text: `WITH last AS (
             SELECT DISTINCT ON (ticker_id) * FROM price_revisions WHERE ticker_id = ANY($1::int[]) AND slot = $2
             ORDER BY ticker_id, revision DESC
           ), compared AS (
             SELECT ticker_id, last.revision, p.ticker_id IS NOT NULL AS is_priced,
                    coalesce(p.price::text = last.price::text AND p.uncertainty IS NOT DISTINCT FROM last.uncertainty AND p.source_id = last.source_id AND p.observed_at = last.observed_at
                      AND p.flags = last.flags AND p.consensus IS NOT DISTINCT FROM last.consensus, false) AS is_same,
                    ticker_id = ANY($3::int[]) AS is_replaced_now
             FROM (SELECT unnest($1::int[]) AS ticker_id) asked
             LEFT JOIN last USING (ticker_id)
             LEFT JOIN (SELECT * FROM prices WHERE ticker_id = ANY($1::int[]) AND slot = $2) p USING (ticker_id)
           ), numbered AS (
             UPDATE prices p SET revision = c.revision + CASE WHEN c.is_same AND c.is_replaced_now THEN 0 ELSE 1 END
             FROM compared c WHERE p.ticker_id = c.ticker_id AND p.slot = $2 AND c.revision IS NOT NULL
           ), let_go AS (
             DELETE FROM price_revisions r USING compared c
             WHERE r.ticker_id = c.ticker_id AND r.slot = $2 AND r.revision = c.revision AND c.is_same AND c.is_replaced_now
           )
           SELECT count(*)::int AS changed FROM compared
           WHERE NOT (is_same AND is_replaced_now) AND (is_priced OR is_replaced_now)`,
    values: [tickerIds, slot, replaced],
  });
  return changed.rows[0]?.changed ?? 0;
}

/** Gives new revisions to the samples that are not as they were. @returns how many. */
export async function numberSamples(
  client: pg.ClientBase,
  slot: number,
  tickerIds: readonly number[],
): Promise<number> {
  const changed = await client.query<{ changed: number }>({
    name: 'number-samples',
    text: `WITH compared AS (
             SELECT s.ticker_id, s.source_id, s.revision,
                    ROW(s.outcome, s.reason, s.detail, s.price::text, s.raw, s.source_time, s.inverted, s.rate::text, s.rate_uncertainty,
                        s.rate_ticker, s.flags, s.market_cap::text, s.volume_24h::text)
                      IS NOT DISTINCT FROM
                    ROW(r.outcome, r.reason, r.detail, r.price::text, r.raw, r.source_time, r.inverted, r.rate::text, r.rate_uncertainty,
                        r.rate_ticker, r.flags, r.market_cap::text, r.volume_24h::text) AS is_same
             FROM samples s JOIN sample_revisions r USING (ticker_id, slot, source_id, revision)
             WHERE s.ticker_id = ANY($1::int[]) AND s.slot = $2
           ), numbered AS (
             UPDATE samples s SET revision = c.revision + 1 FROM compared c
             WHERE s.ticker_id = c.ticker_id AND s.slot = $2 AND s.source_id = c.source_id AND NOT c.is_same
           ), let_go AS (
             DELETE FROM sample_revisions r USING compared c
             WHERE r.ticker_id = c.ticker_id AND r.slot = $2 AND r.source_id = c.source_id AND r.revision = c.revision AND c.is_same
           )
           SELECT count(*)::int AS changed FROM compared WHERE NOT is_same`,
    values: [tickerIds, slot],
  });
  return changed.rows[0]?.changed ?? 0;
}
