import type pg from 'pg';
import { storableText } from '../database/storable-text.js';

/** A field of a source's answers that no longer is what its contract says, and how often that was seen. */
export interface DriftSighting {
  readonly sourceId: number;
  readonly endpoint: string;
  /** Where the field stands, `*` for the step that names a ticker: `*.usd`. */
  readonly field: string;
  /** The newest example in words. */
  readonly detail: string;
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
  readonly count: number;
}

/** A drift that is news: never seen before, or not for a day. */
export type DriftNews = Pick<DriftSighting, 'sourceId' | 'endpoint' | 'field' | 'detail'>;

/** A drift that was away for so long is news again, in hours. */
const NEWS_AFTER_HOURS = 24;

/** Keeps what drifted in the answers of the sources. */
export class DriftRepository {
  constructor(private readonly pool: pg.Pool) {}

  /** Adds sightings to the known ones. @returns those that are news, each to one caller only, however many workers see it. */
  async record(sightings: readonly DriftSighting[]): Promise<DriftNews[]> {
    if (sightings.length === 0) return [];
    const recorded = await this.pool.query<DriftNews>({
      name: 'record-drifts',
      text: RECORD_SQL,
      values: [
        sightings.map(({ sourceId }) => sourceId),
        sightings.map(({ endpoint }) => endpoint),
        sightings.map(({ field }) => storableText(field)),
        sightings.map(({ detail }) => storableText(detail)),
        sightings.map(({ firstSeenAt }) => firstSeenAt),
        sightings.map(({ lastSeenAt }) => lastSeenAt),
        sightings.map(({ count }) => count),
      ],
    });
    return recorded.rows;
  }
}

/**
 * A row that is there is locked before its last sighting is read, so that two workers do not both find it old; of two that insert
 * it, one updates what the other inserted (`xmax` tells them apart).
 */
const RECORD_SQL = `
  WITH given AS (
    SELECT * FROM unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::bigint[])
      AS given(source_id, endpoint, field, detail, first_seen_at, last_seen_at, count)
  ), before AS MATERIALIZED (
    SELECT d.source_id, d.endpoint, d.field, d.last_seen_at FROM drift_events d
    WHERE (d.source_id, d.endpoint, d.field) IN (SELECT source_id, endpoint, field FROM given)
    ORDER BY d.source_id, d.endpoint, d.field FOR UPDATE
  ), recorded AS (
    INSERT INTO drift_events (source_id, endpoint, field, detail, first_seen_at, last_seen_at, count)
    SELECT g.source_id, g.endpoint, g.field, g.detail, g.first_seen_at, g.last_seen_at, g.count
    FROM given g LEFT JOIN before USING (source_id, endpoint, field) ORDER BY g.source_id, g.endpoint, g.field
    ON CONFLICT (source_id, endpoint, field) DO UPDATE
      SET detail = EXCLUDED.detail, last_seen_at = greatest(drift_events.last_seen_at, EXCLUDED.last_seen_at),
          count = drift_events.count + EXCLUDED.count
    RETURNING source_id, endpoint, field, detail, xmax = 0 AS inserted
  )
  SELECT r.source_id AS "sourceId", r.endpoint, r.field, r.detail
  FROM recorded r JOIN given g USING (source_id, endpoint, field) LEFT JOIN before b USING (source_id, endpoint, field)
  WHERE r.inserted OR b.last_seen_at < g.first_seen_at - interval '${NEWS_AFTER_HOURS} hours'`;
