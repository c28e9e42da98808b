import { CANDLE_SECONDS } from '@app/domain';
import { ProblemList, summarise, type Finding, type Snapshot } from './finding.js';

const TITLE = 'latest and candles equal a recomputation from the prices';

/** I6: derives latest and candles anew from the prices and compares every column. */
export async function checkDerivedRows(snapshot: Snapshot): Promise<Finding> {
  const problems = new ProblemList();
  await problems.addFrom(snapshot, LATEST_SQL);
  await problems.addFrom(snapshot, CANDLES_SQL);
  const counted = await snapshot.query<{ latest: number; candles: number }>(
    `SELECT (SELECT count(*) FROM latest)::float8 AS latest, (SELECT count(*) FROM candles)::float8 AS candles`,
  );
  return {
    invariant: 'I6',
    title: TITLE,
    status: problems.status,
    figures: [
      { name: 'latest', value: counted.rows[0]?.latest ?? 0 },
      { name: 'candles', value: counted.rows[0]?.candles ?? 0 },
    ],
    problems: problems.problems,
  };
}

/** SQL: says what each of two rows has in the columns in which they differ. */
function differences(columns: readonly string[]): string {
  const parts = columns.map(
    (column) =>
      `CASE WHEN given.${column} IS DISTINCT FROM made.${column}
            THEN '${column} is ' || given.${column} || ', the prices give ' || made.${column} END`,
  );
  return `concat_ws('; ', ${parts.join(', ')})`;
}

/** The digits of a price count, so that it is compared as text: 1.50 is not 1.5. */
const LATEST_SQL = `
  WITH made AS (
    SELECT t.id AS ticker_id, newest.*
    FROM tickers t CROSS JOIN LATERAL (
      SELECT slot, price::text AS price, source_id, observed_at, flags, coalesce(consensus::text, 'none') AS consensus FROM prices
      WHERE ticker_id = t.id ORDER BY slot DESC LIMIT 1) AS newest
  ), given AS (
    SELECT ticker_id, slot, price::text AS price, source_id, observed_at, flags, coalesce(consensus::text, 'none') AS consensus
    FROM latest
  ), compared AS (
    SELECT coalesce(given.ticker_id, made.ticker_id) AS ticker_id, coalesce(given.slot, made.slot) AS slot,
           given.ticker_id IS NOT NULL AS is_given, made.ticker_id IS NOT NULL AS is_made, made.price, made.slot AS made_slot,
           ${differences(['slot', 'price', 'source_id', 'observed_at', 'flags', 'consensus'])} AS difference
    FROM given FULL JOIN made ON made.ticker_id = given.ticker_id
  ), found AS (
    SELECT CASE WHEN NOT is_given THEN 'latest is missing' WHEN NOT is_made THEN 'latest of a ticker without prices'
                ELSE 'latest differs from the newest price' END AS problem,
           coalesce((SELECT ticker FROM tickers t WHERE t.id = compared.ticker_id), 'ticker id ' || ticker_id) AS ticker, slot,
           CASE WHEN NOT is_given THEN 'the newest price is ' || price WHEN NOT is_made THEN 'a row that no price stands behind'
                ELSE difference END AS detail
    FROM compared WHERE NOT is_given OR NOT is_made OR difference <> ''
  )
  ${summarise('found')}`;

/** First and last price are looked up by key, so that no aggregate has to hold the prices of an hour. */
const CANDLES_SQL = `
  WITH extremes AS (
    SELECT ticker_id, slot - slot % ${CANDLE_SECONDS} AS bucket, min(slot) AS open_slot, max(slot) AS close_slot,
           max(price) AS high, min(price) AS low, count(*) AS count
    FROM prices GROUP BY 1, 2
  ), made AS (
    SELECT e.*,
           (SELECT price FROM prices p WHERE p.ticker_id = e.ticker_id AND p.slot = e.open_slot LIMIT 1) AS open,
           (SELECT price FROM prices p WHERE p.ticker_id = e.ticker_id AND p.slot = e.close_slot LIMIT 1) AS close
    FROM extremes e
  ), compared AS (
    SELECT coalesce(given.ticker_id, made.ticker_id) AS ticker_id, coalesce(given.bucket, made.bucket) AS slot,
           given.ticker_id IS NOT NULL AS is_given, made.ticker_id IS NOT NULL AS is_made,
           ${differences(['open', 'open_slot', 'high', 'low', 'close', 'close_slot', 'count'])} AS difference
    FROM candles given FULL JOIN made ON made.ticker_id = given.ticker_id AND made.bucket = given.bucket
  ), found AS (
    SELECT CASE WHEN NOT is_given THEN 'candle is missing' WHEN NOT is_made THEN 'candle of an hour without prices'
                ELSE 'candle differs from its prices' END AS problem,
           coalesce((SELECT ticker FROM tickers t WHERE t.id = compared.ticker_id), 'ticker id ' || ticker_id) AS ticker, slot,
           CASE WHEN NOT is_given THEN 'there are prices in this hour' WHEN NOT is_made THEN 'a row that no price stands behind'
                ELSE difference END AS detail
    FROM compared WHERE NOT is_given OR NOT is_made OR difference <> ''
  )
  ${summarise('found')}`;
