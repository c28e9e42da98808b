import { MAX_WINDOW_SECONDS } from '@app/domain';
import { PARTITIONED_TABLES } from '../schema/partitions.js';
import { ProblemList, summarise, type Figure, type Finding, type Snapshot } from './finding.js';

const TITLE = 'rows equal distinct slots, calls stay within their attempts, observations within their windows';

/** How far the clock of a process may be off, in milliseconds; beyond it the process calls itself unready. */
const CLOCK_OFFSET_MS = 250;

/** What makes a row of a table the only one, and by what name its place is shown. */
const KEYS = {
  prices: {
    columns: 'ticker_id, slot',
    ticker: `coalesce((SELECT ticker FROM tickers WHERE id = ticker_id), 'ticker id ' || ticker_id)`,
  },
  samples: {
    columns: 'ticker_id, slot, source_id',
    ticker: `coalesce((SELECT ticker FROM tickers WHERE id = ticker_id), 'ticker id ' || ticker_id)`,
  },
  fetches: { columns: 'source_id, batch, slot', ticker: 'batch' },
} as const;

interface Partition {
  /** Quoted as SQL needs it. */
  readonly name: string;
  readonly table: (typeof PARTITIONED_TABLES)[number];
  readonly attached: boolean;
  /** The month that its name says, in UNIX seconds. */
  readonly from_slot: number;
  readonly to_slot: number;
}

/** I2: counts every partition by itself, so that a row in the wrong one, which a query by slot never meets, is seen too. */
export async function checkSingleRows(snapshot: Snapshot): Promise<Finding> {
  const problems = new ProblemList();
  const rows = new Map<string, number>();
  const distinct = new Map<string, number>();
  const partitions = await snapshot.query<Partition>(PARTITIONS_SQL, [PARTITIONED_TABLES]);
  for (const partition of partitions.rows) {
    const counted = await checkPartition(snapshot, partition, problems);
    if (!partition.attached) continue;
    rows.set(partition.table, (rows.get(partition.table) ?? 0) + counted.rows);
    distinct.set(partition.table, (distinct.get(partition.table) ?? 0) + counted.distinct_rows);
  }
  await problems.addFrom(snapshot, ATTEMPTS_SQL);
  await problems.addFrom(snapshot, OBSERVATIONS_SQL);
  const calls = await snapshot.query<{ calls: number; most: number }>(
    `SELECT coalesce(sum(attempts), 0)::float8 AS calls, coalesce(max(attempts), 0)::float8 AS most FROM fetches`,
  );
  return {
    invariant: 'I2',
    title: TITLE,
    status: problems.status,
    figures: [
      ...PARTITIONED_TABLES.map((table): Figure => {
        const [value, parts] = [rows.get(table) ?? 0, { distinct: distinct.get(table) ?? 0 }];
        return { name: table, value, parts };
      }),
      { name: 'partitions', value: partitions.rows.filter((partition) => partition.attached).length },
      { name: 'calls', value: calls.rows[0]?.calls ?? 0 },
      { name: 'most calls of a fetch', value: calls.rows[0]?.most ?? 0 },
    ],
    problems: problems.problems,
  };
}

async function checkPartition(
  snapshot: Snapshot,
  partition: Partition,
  problems: ProblemList,
): Promise<{ rows: number; distinct_rows: number }> {
  const { name, table, attached } = partition;
  const { columns, ticker } = KEYS[table];
  const counted = await snapshot.query<{ rows: number; distinct_rows: number; misplaced: number }>(
    `SELECT coalesce(sum(n), 0)::float8 AS rows, count(*)::float8 AS distinct_rows,
            count(*) FILTER (WHERE slot < $1::bigint OR slot >= $2::bigint)::float8 AS misplaced
     FROM (SELECT slot, count(*) AS n FROM ONLY ${name} GROUP BY ${columns}) AS key`,
    [partition.from_slot, partition.to_slot],
  );
  const found = counted.rows[0] ?? { rows: 0, distinct_rows: 0, misplaced: 0 };
  if (!attached && found.rows > 0) {
    await problems.addFrom(
      snapshot,
      summarise(
        `(SELECT 'row in a partition that is not attached' AS problem, ${ticker} AS ticker, slot, '${name}' AS detail FROM ONLY ${name})`,
      ),
    );
  }
  if (found.rows !== found.distinct_rows) {
    await problems.addFrom(
      snapshot,
      summarise(`(SELECT 'row that is there more than once' AS problem, ${ticker} AS ticker, slot, n || ' rows in ${name}' AS detail
        FROM (SELECT ${columns}, count(*) AS n FROM ONLY ${name} GROUP BY ${columns} HAVING count(*) > 1) AS doubled)`),
    );
  }
  if (found.misplaced > 0) {
    await problems.addFrom(
      snapshot,
      summarise(`(SELECT 'row in a partition of another month' AS problem, ${ticker} AS ticker, slot, '${name}' AS detail
        FROM ONLY ${name} WHERE slot < $1::bigint OR slot >= $2::bigint)`),
      [partition.from_slot, partition.to_slot],
    );
  }
  return found;
}

/** Attached partitions, and tables that were made as one and are not attached (or are just being detached). */
const PARTITIONS_SQL = `
  SELECT c.oid::regclass::text AS name, named.parts[1] AS table,
         EXISTS (SELECT 1 FROM pg_inherits i WHERE i.inhrelid = c.oid AND i.inhparent = to_regclass(named.parts[1])
                 AND NOT i.inhdetachpending) AS attached,
         extract(epoch FROM month.start)::float8 AS from_slot,
         extract(epoch FROM (month.start AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC')::float8 AS to_slot
  FROM pg_class c
  CROSS JOIN LATERAL regexp_match(c.relname, '^([a-z]+)_y(\\d{4})m(\\d{2})$') AS named(parts)
  CROSS JOIN LATERAL make_timestamptz(named.parts[2]::int, named.parts[3]::int, 1, 0, 0, 0, 'UTC') AS month(start)
  WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND named.parts[1] = ANY($1::text[])
  ORDER BY c.relname`;

const ATTEMPTS_SQL = `
  WITH found AS (
    SELECT 'more calls than its attempts allow' AS problem, batch AS ticker, slot,
           'source ' || source_id || ': ' || attempts || ' calls, ' || max_attempts || ' allowed' AS detail
    FROM fetches WHERE attempts > max_attempts
    UNION ALL
    SELECT 'answered without a call', batch, slot, 'source ' || source_id || ' answered after ' || attempts || ' calls'
    FROM fetches WHERE status = 'answered' AND attempts < 1
  )
  ${summarise('found')}`;

/** Accepted observations must lie in the window of their slot. What a source's own history gave has no window. */
const OBSERVATIONS_SQL = `
  WITH found AS (
    SELECT 'accepted observation outside of its window' AS problem, t.ticker, kept.slot,
           'source ' || kept.source_id || ': requested ' || coalesce(kept.requested_at::text, 'at no time') || ', received ' ||
           coalesce(kept.observed_at::text, 'at no time') || ', window of ' || least(s.interval_seconds, ${MAX_WINDOW_SECONDS}) || ' s' AS detail
    FROM schedules s JOIN tickers t ON t.id = s.ticker_id
    CROSS JOIN LATERAL (
      SELECT slot, source_id, requested_at, observed_at FROM samples
      WHERE ticker_id = s.ticker_id AND slot >= s.from_slot AND slot < coalesce(s.to_slot, ${Number.MAX_SAFE_INTEGER})
        AND outcome = 'accepted' AND origin = 'live'
        AND (requested_at >= to_timestamp(slot) - interval '${CLOCK_OFFSET_MS} milliseconds'
          AND observed_at <= to_timestamp(slot + least(s.interval_seconds, ${MAX_WINDOW_SECONDS}))
          AND requested_at <= observed_at) IS NOT TRUE
      OFFSET 0) AS kept
  )
  ${summarise('found')}`;
