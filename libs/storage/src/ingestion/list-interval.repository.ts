import type pg from 'pg';

/** Which lists of assets are read, and how often, for those who know the database alone. */
export class ListIntervalRepository {
  constructor(private readonly pool: pg.Pool) {}

  /** Says what is read from now on, and nothing else. @param intervals seconds, by source. */
  async keep(intervals: ReadonlyMap<string, number>): Promise<void> {
    await this.pool.query({
      name: 'keep-list-intervals',
      text: `WITH gone AS (DELETE FROM etl_lists WHERE source <> ALL ($1::text[]))
             INSERT INTO etl_lists AS l (source, interval_seconds, read_since)
             SELECT source, seconds, clock_timestamp() FROM unnest($1::text[], $2::int[]) AS given(source, seconds)
             ON CONFLICT (source) DO UPDATE SET interval_seconds = EXCLUDED.interval_seconds
             WHERE l.interval_seconds <> EXCLUDED.interval_seconds`,
      values: [[...intervals.keys()], [...intervals.values()]],
    });
  }
}
