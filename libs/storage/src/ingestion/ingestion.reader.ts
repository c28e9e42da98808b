import type { Reader } from '../read/read-database.js';

/** Where the list of a source stands, with its newest run. */
export interface IngestionStatus {
  readonly source: string;
  readonly runId: number;
  readonly status: 'running' | 'completed' | 'failed';
  readonly lastProcessedId: string | null;
  readonly lastProcessedAt: Date | null;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly processed: number;
  readonly written: number;
  readonly unchanged: number;
  readonly quarantined: number;
  /** Records that came twice in one reading of the list, were not in it though in the one before, and were in it again. */
  readonly repeated: number;
  readonly missed: number;
  readonly returned: number;
  readonly error: string | null;
  /** When a run last came to the end of the list, and when one last failed. */
  readonly lastSuccess: Date | null;
  readonly lastFailure: Date | null;
}

/** A list that is read, and when a run last came to its end; ages by the clock of the database. */
export interface ListAge {
  readonly source: string;
  readonly intervalSeconds: number;
  readonly lastSuccess: Date | null;
  /** Seconds since then; before the first time, since schedulers began to have it read. */
  readonly waitingSeconds: number;
}

/** A record that could not be read. */
export interface QuarantinedRecord {
  readonly source: string;
  readonly runId: number;
  readonly recordId: string;
  readonly place: string;
  readonly reason: string;
  readonly payload: string;
  readonly quarantinedAt: Date;
}

/** Reads how lists of assets stand. */
export class IngestionReader {
  constructor(private readonly database: Reader) {}

  /** Every list that was ever begun, by source. */
  async status(): Promise<IngestionStatus[]> {
    return this.database.rows<IngestionStatus & Record<string, unknown>>(
      {
        name: 'read-ingestion-status',
        text: `SELECT c.source, c.run_id AS "runId", c.status, c.last_processed_id AS "lastProcessedId", c.last_processed_at AS "lastProcessedAt",
               r.started_at AS "startedAt", r.ended_at AS "endedAt", r.records_processed AS processed, r.records_written AS written,
               r.records_unchanged AS unchanged, r.records_quarantined AS quarantined, r.records_repeated AS repeated,
               r.records_missed AS missed, r.records_returned AS returned, r.error,
               (SELECT max(ended_at) FROM etl_runs e WHERE e.source = c.source AND e.status = 'completed') AS "lastSuccess",
               (SELECT max(ended_at) FROM etl_runs e WHERE e.source = c.source AND e.status = 'failed') AS "lastFailure"
             FROM etl_checkpoints c JOIN etl_runs r USING (run_id) ORDER BY c.source`,
      },
      [],
    );
  }

  /** The lists that schedulers have read, by source; none when they have none read. */
  async ages(): Promise<ListAge[]> {
    return this.database.rows<ListAge & Record<string, unknown>>(
      {
        name: 'read-list-ages',
        text: `SELECT l.source, l.interval_seconds AS "intervalSeconds", success.ended_at AS "lastSuccess",
               round(extract(epoch FROM clock_timestamp() - greatest(l.read_since, success.ended_at)), 3)::float8 AS "waitingSeconds"
             FROM etl_lists l LEFT JOIN LATERAL (
               SELECT ended_at FROM etl_runs r WHERE r.source = l.source AND r.status = 'completed' ORDER BY run_id DESC LIMIT 1
             ) success ON true ORDER BY l.source`,
      },
      [],
    );
  }

  /** The newest records in quarantine. @param source undefined: of all lists. */
  async quarantine(source: string | undefined, limit: number): Promise<QuarantinedRecord[]> {
    return this.database.rows<QuarantinedRecord & Record<string, unknown>>(
      {
        name: 'read-quarantine',
        text: `SELECT source, run_id AS "runId", record_id AS "recordId", place, reason, payload, quarantined_at AS "quarantinedAt"
             FROM etl_quarantine WHERE $1::text IS NULL OR source = $1 ORDER BY run_id DESC, record_id LIMIT $2`,
      },
      [source ?? null, limit],
    );
  }
}
