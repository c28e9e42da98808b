/** What a snapshot says of a sample in US dollars. */
export interface SnapshotSample {
  readonly slot: number;
  /** Name of the source. */
  readonly source: string;
  /** Id of the asset at CoinGecko where one is known, else the base of its ticker. */
  readonly asset: string;
  /** Exactly the stored digits; null unless it was accepted. */
  readonly priceUsd: string | null;
  /** Of the last attempt of its call, as the two below; null where nobody was called, or no answer came. */
  readonly httpStatus: number | null;
  readonly latencyMs: number | null;
  readonly attempt: number | null;
}

/** The source whose symbols are the ids of assets. */
const ASSET_SOURCE = 'coingecko';

/**
 * SQL: what a snapshot says of the samples `s` of the tickers `t`, with its joins. `s` has the columns of `samples`. `assets` is the
 * parameter with a JSON object of the ids of assets by their bases, `range` says of a column of slots which can come, so that partitions of
 * no other time are touched; default: all.
 *
 * A sample names its call by the time of its request: the call that the fetch ended with, or another one, whose row has its number. One
 * that failed without a call of its own, because the window was over before the next try, has that of the last try.
 */
export function snapshotColumnsSql(assets: string, range: (column: string) => string = () => 'true') {
  const isOfFetch = (row: string) =>
    `${row}.source_id = s.source_id AND ${row}.batch = s.batch AND ${row}.slot = s.slot AND ${range(`${row}.slot`)}`;
  return {
    columns: `s.slot, o.name AS source, coalesce(named.source_symbol, ${assets}::jsonb ->> t.base, t.base) AS asset,
      s.price::text AS "priceUsd",
      CASE WHEN f.slot IS NULL THEN other.http_status ELSE f.http_status END AS "httpStatus",
      CASE WHEN f.slot IS NULL THEN other.latency_ms ELSE f.latency_ms END AS "latencyMs",
      CASE
        WHEN f.slot IS NULL THEN other.attempt
        WHEN f.attempts = 1 THEN 1
        ELSE (SELECT max(number) FROM generate_series(1, f.attempts) AS number
              WHERE NOT EXISTS (SELECT 1 FROM fetch_attempts a WHERE ${isOfFetch('a')} AND a.attempt = number))
      END AS attempt`,
    joins: `LEFT JOIN sources o ON o.id = s.source_id
      LEFT JOIN LATERAL (
        SELECT ts.source_symbol FROM schedules h
        JOIN ticker_sources ts ON ts.schedule_id = h.id
        JOIN sources c ON c.id = ts.source_id AND c.name = '${ASSET_SOURCE}'
        WHERE h.ticker_id = t.id AND h.from_slot <= s.slot AND (h.to_slot IS NULL OR h.to_slot > s.slot) LIMIT 1
      ) named ON true
      LEFT JOIN LATERAL (
        SELECT made.slot, made.attempts, made.http_status, made.latency_ms FROM fetches made
        WHERE ${isOfFetch('made')} AND made.requested_at = s.requested_at LIMIT 1
      ) f ON true
      LEFT JOIN LATERAL (
        SELECT a.http_status, a.latency_ms, a.attempt FROM fetch_attempts a
        WHERE f.slot IS NULL AND ${isOfFetch('a')}
          AND (a.requested_at = s.requested_at
            OR (s.requested_at IS NULL AND s.outcome = 'failed' AND a.error_kind = s.reason
              AND EXISTS (SELECT 1 FROM fetches ended WHERE ${isOfFetch('ended')} AND ended.status = 'closed')))
        ORDER BY a.attempt DESC LIMIT 1
      ) other ON true`,
  };
}
