import type { GapReason, Schedule } from '@app/domain';
import type pg from 'pg';
import { inTransaction } from '../database/pool.js';
import { readSchedules } from '../catalogue/schedule-rows.js';

/** One call to make: one source, one batch, one slot. */
export interface PlannedFetch {
  readonly sourceId: number;
  readonly batch: string;
  readonly slot: number;
  /** UNIX second at which the window ends. */
  readonly deadline: number;
  readonly maxAttempts: number;
}

/** A range that nobody planned. */
export interface PlannedGap {
  readonly tickerId: number;
  readonly ticker: string;
  /** First slot, inclusive. */
  readonly fromSlot: number;
  /** End, exclusive. */
  readonly toSlot: number;
  readonly reason: GapReason;
}

/** What planning decided about the schedules that were due. */
export interface Plan {
  readonly fetches: readonly PlannedFetch[];
  /** Fetches that are due and are not to be made; their outcome comes from who planned them, at once. */
  readonly skipped?: readonly PlannedFetch[] | undefined;
  readonly gaps: readonly PlannedGap[];
  /** Up to where each schedule has now been dealt with. */
  readonly advances: readonly { readonly scheduleId: number; readonly plannedTo: number }[];
}

/** A fetch that stands in Postgres and waits for the queue to take it. */
export interface EnqueuableFetch extends PlannedFetch {
  readonly source: string;
}

/** Most schedules planned in one transaction, to bound its time; what is left comes in the next one. */
const SCHEDULES_PER_PLAN = 5_000;

/** Claims slots: the rows it inserts are what makes a call happen at most once, whatever the queue does. */
export class PlanRepository {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * Locks the schedules that are due, asks `plan` what to do, and stores that in the same transaction. A second planner
   * waits for the lock and then finds nothing due.
   * @returns the plan and whether more schedules are due than fitted into one transaction.
   */
  async planDue(nowSeconds: number, plan: (due: readonly Schedule[]) => Plan): Promise<{ plan: Plan; more: boolean }> {
    return inTransaction(this.pool, async (client) => {
      await client.query(`SET LOCAL lock_timeout = '2s'`);
      const locked = await client.query<{ id: number }>({
        name: 'lock-due-schedules',
        text: `SELECT id FROM schedules WHERE planned_to <= $1 AND (to_slot IS NULL OR planned_to < to_slot)
               ORDER BY id LIMIT ${SCHEDULES_PER_PLAN} FOR UPDATE`,
        values: [nowSeconds],
      });
      if (locked.rows.length === 0) return { plan: { fetches: [], gaps: [], advances: [] }, more: false };
      const due = await readSchedules(
        client,
        locked.rows.map((row) => row.id),
      );
      const decided = plan(due);
      await insertFetches(client, decided.fetches, 'planned');
      // As if the queue had just taken them: should their planner die, somebody else offers them a little later.
      await insertFetches(client, decided.skipped ?? [], 'queued');
      for (const gap of decided.gaps) await recordGap(client, gap);
      await client.query({
        name: 'advance-schedules',
        text: `UPDATE schedules SET planned_to = moved.planned_to
               FROM unnest($1::int[], $2::bigint[]) AS moved(id, planned_to) WHERE schedules.id = moved.id`,
        values: [
          decided.advances.map((advance) => advance.scheduleId),
          decided.advances.map((advance) => advance.plannedTo),
        ],
      });
      return { plan: decided, more: locked.rows.length === SCHEDULES_PER_PLAN };
    });
  }

  /**
   * Fetches whose window is open and that no queue job stands for as far as Postgres knows: never enqueued, enqueued a
   * while ago and not taken (the queue may have lost them), to be retried, or left by a worker whose lease ran out. First of a
   * source come those that bring rates: what others wait for must not stand behind them under the source's limit.
   */
  async enqueuable(nowMs: number, limit: number): Promise<EnqueuableFetch[]> {
    const result = await this.pool.query<EnqueuableFetch>({
      name: 'enqueuable-fetches',
      text: `WITH RECURSIVE ${RATE_BATCHES_SQL}
             SELECT f.source_id AS "sourceId", s.name AS source, f.batch, f.slot, f.deadline, f.max_attempts AS "maxAttempts"
             FROM fetches f JOIN sources s ON s.id = f.source_id
             LEFT JOIN rate_batches r ON r.source_id = f.source_id AND r.batch = f.batch
             WHERE f.status IN ('planned', 'queued', 'running', 'retry')
               AND f.slot > $1::bigint - 60 AND f.deadline > $1::bigint
               AND (f.status = 'planned'
                 OR (f.status IN ('queued', 'retry') AND f.enqueued_at < to_timestamp($2::float8 / 1000) - interval '${REQUEUE_AFTER_SECONDS} seconds')
                 OR (f.status = 'running' AND f.lease_until < to_timestamp($2::float8 / 1000)))
             ORDER BY f.slot, r.batch IS NULL, f.source_id, f.batch LIMIT $3`,
      values: [Math.floor(nowMs / 1000), nowMs, limit],
    });
    return result.rows;
  }

  /** Notes that the queue has taken these; one that a worker has begun meanwhile keeps its status. */
  async markEnqueued(fetches: readonly PlannedFetch[], nowMs: number): Promise<void> {
    await this.pool.query({
      name: 'mark-enqueued',
      text: `UPDATE fetches f
             SET status = CASE WHEN f.status = 'planned' THEN 'queued' ELSE f.status END, enqueued_at = to_timestamp($4::float8 / 1000)
             FROM unnest($1::smallint[], $2::text[], $3::bigint[]) AS taken(source_id, batch, slot)
             WHERE f.source_id = taken.source_id AND f.batch = taken.batch AND f.slot = taken.slot
               AND f.status IN ('planned', 'queued', 'running', 'retry')`,
      values: [
        fetches.map((fetch) => fetch.sourceId),
        fetches.map((fetch) => fetch.batch),
        fetches.map((fetch) => fetch.slot),
        nowMs,
      ],
    });
  }
}

/** The batches of the tickers whose prices convert others; the few currencies are picked out of their index one by one. */
const RATE_BATCHES_SQL = `
  currencies AS (
    (SELECT quoted_in FROM ticker_sources WHERE quoted_in IS NOT NULL ORDER BY quoted_in LIMIT 1)
    UNION ALL
    SELECT (SELECT quoted_in FROM ticker_sources WHERE quoted_in > c.quoted_in ORDER BY quoted_in LIMIT 1)
    FROM currencies c WHERE c.quoted_in IS NOT NULL
  ), rate_batches AS MATERIALIZED (
    SELECT DISTINCT ts.source_id, ts.batch
    FROM currencies c
    JOIN tickers t ON t.base = c.quoted_in
    JOIN schedules h ON h.ticker_id = t.id AND h.to_slot IS NULL
    JOIN ticker_sources ts ON ts.schedule_id = h.id
  )`;

/** A fetch that was enqueued this long ago and is still not begun is offered to the queue again; the same job id makes that harmless. */
const REQUEUE_AFTER_SECONDS = 2;

async function insertFetches(
  client: pg.ClientBase,
  fetches: readonly PlannedFetch[],
  status: 'planned' | 'queued',
): Promise<void> {
  if (fetches.length === 0) return;
  await client.query({
    name: 'insert-fetches',
    text: `INSERT INTO fetches (source_id, batch, slot, deadline, max_attempts, planned_at, status, enqueued_at)
           SELECT source_id, batch, slot, deadline, max_attempts, clock_timestamp(), $6,
                  CASE WHEN $6 = 'queued' THEN clock_timestamp() END
           FROM unnest($1::smallint[], $2::text[], $3::bigint[], $4::bigint[], $5::smallint[])
             AS planned(source_id, batch, slot, deadline, max_attempts)
           -- In one order for all: an extra fetch that is asked for at the same moment inserts the same rows.
           ORDER BY source_id, batch, slot
           ON CONFLICT DO NOTHING`,
    values: [
      fetches.map((fetch) => fetch.sourceId),
      fetches.map((fetch) => fetch.batch),
      fetches.map((fetch) => fetch.slot),
      fetches.map((fetch) => fetch.deadline),
      fetches.map((fetch) => fetch.maxAttempts),
      status,
    ],
  });
}

/** Records a range; one that continues the range before it, for the same reason, makes that one longer. */
async function recordGap(client: pg.ClientBase, gap: PlannedGap): Promise<void> {
  const extended = await client.query({
    name: 'extend-gap',
    text: `UPDATE gaps SET to_slot = $3, recorded_at = clock_timestamp() WHERE ticker_id = $1 AND to_slot = $2 AND reason = $4`,
    values: [gap.tickerId, gap.fromSlot, gap.toSlot, gap.reason],
  });
  if (extended.rowCount !== 0) return;
  await client.query({
    name: 'insert-gap',
    text: `INSERT INTO gaps (ticker_id, from_slot, to_slot, reason, recorded_at) VALUES ($1, $2, $3, $4, clock_timestamp())
           ON CONFLICT (ticker_id, from_slot) DO UPDATE SET to_slot = greatest(gaps.to_slot, EXCLUDED.to_slot)`,
    values: [gap.tickerId, gap.fromSlot, gap.toSlot, gap.reason],
  });
}
