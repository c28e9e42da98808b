import {
  DISAGREEMENT_REASONS,
  RECENT_SLOTS,
  standingOfSource,
  type Outcome,
  type SampleCount,
  type SourceStanding,
} from '@app/domain';
import type pg from 'pg';

/** So many tickers of a source are named in which it disagrees; the rest is counted. */
export const MOST_NAMED_TICKERS = 5;

/** How far back it is looked for since when a source disagrees, in slots and in seconds. */
const LOOK_BACK_SLOTS = 1_800;
const LOOK_BACK_SECONDS = 7 * 86_400;

/** A ticker in which a source disagrees. */
export interface Disagreement {
  readonly ticker: string;
  /** What most of its samples are: `jump`, `frozen` or `outlier`. */
  readonly reason: string;
  /** First slot of those since it was last believed; UNIX seconds. It may have begun earlier than is looked back. */
  readonly sinceSlot: number;
}

/** How a source stands by what its last slots came to, over all of its tickers. */
export interface RecentStanding {
  /** By outcome and reason, most first. The reason `outlier` is that of an accepted sample that was left out of a median. */
  readonly samples: readonly {
    readonly outcome: Outcome;
    readonly reason: string | undefined;
    readonly count: number;
  }[];
  /** In how many tickers it disagrees in most of its slots. */
  readonly disagreeingTickers: number;
  /** It answers, and nothing of it can be used. */
  readonly isUnusable: boolean;
}

/** The same, with since when. */
export interface RecentSamples extends RecentStanding {
  /** The tickers in which it disagrees that were catalogued first, by name. */
  readonly disagreements: readonly Disagreement[];
}

/**
 * What the last {@link RECENT_SLOTS} slots of every ticker that is sampled came to, by source id. What it reads is bounded by the tickers and
 * not by what is stored: 500 tickers of a second with three sources took 50 ms beside 5 million samples of the last hour. Two statements,
 * however many sources disagree.
 */
export async function readRecentStandings(pool: pg.Pool, nowMs: number): Promise<ReadonlyMap<number, RecentStanding>> {
  const judged = await judgeSources(pool, Math.floor(nowMs / 1000));
  return new Map([...judged].map(([sourceId, { standing }]) => [sourceId, standing]));
}

/** As {@link readRecentStandings}, with since when each source disagrees: one statement more for each that does. */
export async function readRecentSamples(pool: pg.Pool, nowMs: number): Promise<ReadonlyMap<number, RecentSamples>> {
  const now = Math.floor(nowMs / 1000);
  const recent = new Map<number, RecentSamples>();
  for (const [sourceId, { standing, disagreements }] of await judgeSources(pool, now)) {
    const named = disagreements.toSorted((left, right) => left.tickerId - right.tickerId).slice(0, MOST_NAMED_TICKERS);
    recent.set(sourceId, { ...standing, disagreements: await withTimes(pool, { sourceId, now }, named) });
  }
  return recent;
}

interface JudgedSource {
  readonly standing: RecentStanding;
  readonly disagreements: SourceStanding['disagreements'];
}

async function judgeSources(pool: pg.Pool, now: number): Promise<Map<number, JudgedSource>> {
  const [counted, outliers] = await Promise.all([
    pool.query<CountRow>({ name: 'recent-samples', text: COUNTS_SQL, values: [now] }),
    pool.query<OutlierRow>({ name: 'recent-outliers', text: OUTLIERS_SQL, values: [now] }),
  ]);
  const leftOut = new Map(outliers.rows.map((row) => [keyOf(row), row.count]));
  const counts = counted.rows.flatMap((row) => withoutOutliers(row, leftOut.get(keyOf(row)) ?? 0));
  const bySource = Map.groupBy(counts, (row) => row.sourceId);
  return new Map(
    [...bySource].map(([sourceId, ofSource]) => {
      const { disagreements, isUnusable } = standingOfSource(ofSource);
      const standing = { samples: sumOf(ofSource), disagreeingTickers: disagreements.length, isUnusable };
      return [sourceId, { standing, disagreements }];
    }),
  );
}

interface CountRow extends SampleCount {
  readonly sourceId: number;
}

type OutlierRow = Pick<CountRow, 'sourceId' | 'tickerId' | 'count'>;

function keyOf({ sourceId, tickerId }: Pick<CountRow, 'sourceId' | 'tickerId'>): string {
  return `${sourceId} ${tickerId}`;
}

/** Outliers stand among the accepted samples. */
function withoutOutliers(row: CountRow, outliers: number): CountRow[] {
  if (row.outcome !== 'accepted' || outliers === 0) return [row];
  const leftOut = Math.min(outliers, row.count);
  const rows = [
    { ...row, count: row.count - leftOut },
    { ...row, reason: 'outlier', count: leftOut },
  ];
  return rows.filter(({ count }) => count > 0);
}

function sumOf(counts: readonly CountRow[]): RecentStanding['samples'] {
  const sums = Map.groupBy(counts, ({ outcome, reason }) => `${outcome} ${reason ?? ''}`);
  return [...sums.values()]
    .flatMap(([first, ...more]) =>
      first === undefined
        ? []
        : [
            {
              outcome: first.outcome,
              reason: first.reason ?? undefined,
              count: more.reduce((sum, { count }) => sum + count, first.count),
            },
          ],
    )
    .sort((left, right) => right.count - left.count);
}

async function withTimes(
  pool: pg.Pool,
  { sourceId, now }: { readonly sourceId: number; readonly now: number },
  named: readonly { readonly tickerId: number; readonly reason: string }[],
): Promise<Disagreement[]> {
  if (named.length === 0) return [];
  const { rows } = await pool.query<{ tickerId: number; ticker: string; sinceSlot: number }>({
    name: 'disagreeing-since',
    text: SINCE_SQL,
    values: [now, sourceId, named.map(({ tickerId }) => tickerId)],
  });
  const reasonOf = new Map(named.map(({ tickerId, reason }) => [tickerId, reason]));
  return rows.map(({ tickerId, ticker, sinceSlot }) => ({ ticker, reason: reasonOf.get(tickerId) ?? '', sinceSlot }));
}

/** The last slots of each ticker and source that the schedules of now name; $1 is now. Each pair is one look into the primary key. */
const COUNTS_SQL = `
  SELECT ts.source_id AS "sourceId", s.ticker_id AS "tickerId", given.outcome, given.reason, count(*)::int AS count
  FROM schedules s
  JOIN ticker_sources ts ON ts.schedule_id = s.id
  CROSS JOIN LATERAL (
    SELECT outcome, reason FROM samples
    WHERE ticker_id = s.ticker_id AND source_id = ts.source_id
      AND slot > $1::bigint - ${RECENT_SLOTS} * ts.interval_seconds AND slot <= $1::bigint OFFSET 0) given
  WHERE s.to_slot IS NULL
  GROUP BY ts.source_id, s.ticker_id, given.outcome, given.reason`;

/**
 * How often each source was left out of the medians of the slots in which it is asked: it may be asked less often than its ticker. Those
 * slots are named one by one, so that what is read does not grow with what lies between them.
 */
const OUTLIERS_SQL = `
  SELECT ts.source_id AS "sourceId", s.ticker_id AS "tickerId", price.count
  FROM schedules s
  JOIN ticker_sources ts ON ts.schedule_id = s.id
  JOIN sources src ON src.id = ts.source_id
  CROSS JOIN LATERAL (
    SELECT array_agg($1::bigint - $1::bigint % ts.interval_seconds - back * ts.interval_seconds) AS slots
    FROM generate_series(0, ${RECENT_SLOTS - 1}) AS back OFFSET 0) asked
  CROSS JOIN LATERAL (
    SELECT count(*)::int AS count FROM prices
    WHERE ticker_id = s.ticker_id AND slot = ANY(asked.slots)
      AND slot > $1::bigint - ${RECENT_SLOTS} * ts.interval_seconds AND slot <= $1::bigint
      AND ${leftOutSql('consensus')} OFFSET 0) price
  WHERE s.to_slot IS NULL AND s.rule = 'median' AND price.count > 0`;

/** SQL: a median left the source `src` out as an outlier. */
function leftOutSql(consensus: string): string {
  return `${consensus} -> 'left_out' @> jsonb_build_array(jsonb_build_object('source', src.name, 'reason', 'outlier'))`;
}

/** SQL: the reasons of samples with which a source disagrees, as a list for IN. */
const DISAGREEING_SQL = DISAGREEMENT_REASONS.map((reason) => `'${reason}'`).join(', ');

/**
 * Since when source $2 disagrees in each of the tickers $3: the first such slot after the last one in which it was believed. Each look goes
 * along the primary key and ends at the first slot that fits. Bounded, so that one that disagrees for months costs no more than one that does for
 * half an hour of seconds.
 */
const SINCE_SQL = `
  SELECT s.ticker_id AS "tickerId", t.ticker, first.slot AS "sinceSlot"
  FROM schedules s
  JOIN tickers t ON t.id = s.ticker_id
  JOIN ticker_sources ts ON ts.schedule_id = s.id AND ts.source_id = $2
  JOIN sources src ON src.id = $2
  CROSS JOIN LATERAL (
    SELECT $1::bigint - least(${LOOK_BACK_SECONDS}, ${LOOK_BACK_SLOTS} * ts.interval_seconds) AS slot OFFSET 0) earliest
  CROSS JOIN LATERAL (${slotSql('g.slot > earliest.slot AND g.slot <= $1::bigint', 'NOT is_believed', 'DESC')}) newest
  LEFT JOIN LATERAL (${slotSql('g.slot > earliest.slot AND g.slot < newest.slot', 'is_believed', 'DESC')}) believed ON true
  CROSS JOIN LATERAL (${slotSql('g.slot > coalesce(believed.slot, earliest.slot) AND g.slot <= newest.slot', 'NOT is_believed', 'ASC')}) first
  WHERE s.to_slot IS NULL AND s.ticker_id = ANY($3::int[])
  ORDER BY t.ticker`;

/** SQL: the first slot of source $2 in a range, in an order, in which it was believed or in which it disagreed. */
function slotSql(range: string, condition: string, order: 'ASC' | 'DESC'): string {
  return `
    SELECT slot FROM (
      SELECT g.slot, g.outcome = 'accepted' AND NOT (s.rule = 'median' AND EXISTS (
               SELECT 1 FROM prices p WHERE p.ticker_id = s.ticker_id AND p.slot = g.slot
                 AND ${leftOutSql('p.consensus')})) AS is_believed
      FROM samples g
      WHERE g.ticker_id = s.ticker_id AND g.source_id = $2 AND ${range}
        AND (g.outcome = 'accepted' OR g.reason IN (${DISAGREEING_SQL}))) answered
    WHERE ${condition} ORDER BY slot ${order} LIMIT 1`;
}
