import { CLOSING_SLACK_SECONDS } from '../slots/closing-slack.js';
import { UNPLANNED_REASONS_SQL } from '../slots/gap-reasons.sql.js';
import type { Snapshot } from './finding.js';
import type { RowRate } from './slot-windows.js';

/** Up to when a database can be judged. All in UNIX seconds. */
export interface Horizon {
  readonly nowSeconds: number;
  /** Slots whose grace ended by then must have a price or a reason. */
  readonly judgedUntilSeconds: number;
  /** No row may stand in a slot from here on: nobody has planned it, or it is in the future. */
  readonly endSlot: number;
  /** Whether a scheduler is connected and at work; without one nobody closes what was in hand when the last one ended. */
  readonly isRunning: boolean;
}

/** A scheduler connected for less is still catching up with what happened before it, in seconds. */
export const CATCH_UP_SECONDS = 10;

/** What a scheduler calls itself in `pg_stat_activity`. */
const SCHEDULER_APPLICATION_NAME = 'tidemark-scheduler';

/** The planner's clock may run ahead of the database's by part of a second, so that the next slot may just have begun. */
const LEAD_SECONDS = 2;

interface HorizonRow {
  readonly running: boolean;
  readonly last_sign_of_life: number | null;
  readonly planned_to: number | null;
}

/**
 * Finds out up to when a database can be judged: to the present while a scheduler runs. When none does, up to its last sign
 * of life, since only the next scheduler can record what happened after it.
 */
export async function readHorizon(
  snapshot: Snapshot,
  nowSeconds: number,
  { catchUpSeconds = CATCH_UP_SECONDS } = {},
): Promise<Horizon> {
  const result = await snapshot.query<HorizonRow>(
    `SELECT EXISTS (SELECT 1 FROM pg_stat_activity
                    WHERE datname = current_database() AND application_name = $1
                      AND backend_start <= clock_timestamp() - $2 * interval '1 second') AS running,
            extract(epoch FROM greatest((SELECT max(planned_at) FROM (${NEWEST_FETCHES_SQL}) AS newest),
                                        (SELECT max(recorded_at) FROM gaps WHERE reason IN (${UNPLANNED_REASONS_SQL}))))::float8 AS last_sign_of_life,
            (SELECT max(planned_to) FROM schedules)::float8 AS planned_to`,
    [SCHEDULER_APPLICATION_NAME, catchUpSeconds],
  );
  const row = result.rows[0];
  const plannedTo = row?.planned_to ?? 0;
  const present = Math.floor(nowSeconds) - CLOSING_SLACK_SECONDS;
  const isRunning = row?.running === true;
  const signOfLife = row?.last_sign_of_life ?? undefined;
  const closedUntil = signOfLife === undefined ? plannedTo : Math.floor(signOfLife) - CLOSING_SLACK_SECONDS;
  const judgedUntilSeconds = isRunning ? present : Math.min(present, closedUntil);
  const endSlot = Math.min(Math.floor(nowSeconds) + LEAD_SECONDS, Math.max(plannedTo, judgedUntilSeconds));
  return { nowSeconds, judgedUntilSeconds, endSlot, isRunning };
}

/** How many rows the checks of a window meet in each time range: a slot, a price, and for each source a sample. */
export async function readRowRates(snapshot: Snapshot, horizon: Horizon): Promise<RowRate[]> {
  const result = await snapshot.query<RowRate>(
    `SELECT s.from_slot::float8 AS "fromSlot", least(s.to_slot, $1::bigint)::float8 AS "toSlot",
            (2 + count(ts.source_id)) / s.interval_seconds::float8 AS "rowsPerSecond"
     FROM schedules s LEFT JOIN ticker_sources ts ON ts.schedule_id = s.id
     WHERE s.from_slot < $1 GROUP BY s.id`,
    [horizon.endSlot],
  );
  return result.rows;
}

/** The newest fetch of every batch, by its index. */
const NEWEST_FETCHES_SQL = `
  SELECT newest.planned_at
  FROM (SELECT DISTINCT source_id, batch FROM ticker_sources) AS source_batch
  CROSS JOIN LATERAL (
    SELECT planned_at FROM fetches f WHERE f.source_id = source_batch.source_id AND f.batch = source_batch.batch ORDER BY slot DESC LIMIT 1
  ) AS newest`;
