import type { Rule, RuleOptions } from '@app/domain';
import { ensurePartitions, type FetchKey, type Sample } from '@app/storage';
import type pg from 'pg';

/** A noon in the past, UTC: a multiple of every interval that the tests use. Slots of the tests count from here. */
export const NOON = Date.UTC(2025, 2, 1, 12) / 1000;

/** Ids that the seed of every test database has. */
export const DERIBIT = 1;
export const COINGECKO = 2;

/** What a schedule of a test may say; the rest is usual. */
export interface ScheduleDraft {
  readonly ticker: string;
  readonly fromSlot?: number;
  readonly toSlot?: number | null;
  readonly intervalSeconds?: number;
  readonly plannedTo?: number;
  /** In order of preference; Deribit alone when left out. The batch is the ticker's own name when left out. */
  readonly sources?: readonly {
    readonly sourceId: number;
    readonly batch?: string;
    readonly intervalSeconds?: number;
    readonly standby?: boolean;
    readonly quotedIn?: string;
  }[];
  readonly rule?: Rule;
  readonly ruleOptions?: RuleOptions;
}

/** For tests whose prices jump about. */
export const JUMPS_ALLOWED: RuleOptions = { checks: { jump_ratio: null } };

/** Makes the partitions of the day that {@link NOON} is the middle of. */
export async function makePartitionsOfTests(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await ensurePartitions(client, NOON - 86_400, NOON + 86_400);
  } finally {
    client.release();
  }
}

/** Stores a schedule as it stands, by plain SQL, and its ticker when that is new. */
export async function insertSchedule(
  pool: pg.Pool,
  draft: ScheduleDraft,
): Promise<{ tickerId: number; scheduleId: number }> {
  const { ticker, fromSlot = NOON, toSlot = null, intervalSeconds = 60, plannedTo = fromSlot } = draft;
  const [base, quote] = ticker.split('_');
  const tickers = await pool.query<{ id: number }>(
    `INSERT INTO tickers (ticker, base, quote) VALUES ($1, $2, $3) ON CONFLICT (ticker) DO UPDATE SET base = EXCLUDED.base RETURNING id`,
    [ticker, base, quote],
  );
  const tickerId = tickers.rows[0]?.id ?? 0;
  const schedules = await pool.query<{ id: number }>(
    `INSERT INTO schedules (ticker_id, from_slot, to_slot, interval_seconds, planned_to, rule, rule_options) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
    [tickerId, fromSlot, toSlot, intervalSeconds, plannedTo, draft.rule ?? 'priority', draft.ruleOptions ?? {}],
  );
  const scheduleId = schedules.rows[0]?.id ?? 0;
  for (const [position, source] of (draft.sources ?? [{ sourceId: DERIBIT }]).entries()) {
    await pool.query(`INSERT INTO ticker_sources VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, [
      scheduleId,
      source.sourceId,
      position,
      ticker,
      source.batch ?? ticker,
      source.intervalSeconds ?? intervalSeconds,
      source.standby ?? false,
      source.quotedIn,
    ]);
  }
  return { tickerId, scheduleId };
}

/** Columns of a fetch row that a test sets. */
export interface FetchDraft extends FetchKey {
  readonly status?: string;
  readonly attempts?: number;
  readonly maxAttempts?: number;
  readonly deadline?: number;
  readonly leaseUntilMs?: number;
  readonly enqueuedAtMs?: number;
  readonly errorKind?: string;
}

/** Stores a fetch as it stands, by plain SQL. */
export async function insertFetch(pool: pg.Pool, draft: FetchDraft): Promise<void> {
  const { sourceId, batch, slot, status = 'planned', attempts = 0, maxAttempts = 3, deadline = slot + 15 } = draft;
  await pool.query(
    `INSERT INTO fetches (source_id, batch, slot, deadline, max_attempts, attempts, status, planned_at, lease_until, enqueued_at, error_kind)
     VALUES ($1, $2, $3, $4, $5, $6, $7, to_timestamp($3::bigint), $8, $9, $10)`,
    [
      sourceId,
      batch,
      slot,
      deadline,
      maxAttempts,
      attempts,
      status,
      draft.leaseUntilMs === undefined ? null : new Date(draft.leaseUntilMs),
      draft.enqueuedAtMs === undefined ? null : new Date(draft.enqueuedAtMs),
      draft.errorKind,
    ],
  );
}

/** The one row that a query gives. @throws Error when there is none. */
export async function rowOf<T extends pg.QueryResultRow>(
  pool: pg.Pool,
  text: string,
  values: readonly unknown[] = [],
): Promise<T> {
  const [row] = (await pool.query<T>(text, [...values])).rows;
  if (row === undefined) throw new Error(`no row: ${text}`);
  return row;
}

/** A sample that was accepted. */
export function accepted(tickerId: number, price: string): Sample {
  return { tickerId, outcome: 'accepted', price, raw: price };
}

/** Empties everything that a test of storage writes. */
export async function forgetEverything(pool: pg.Pool): Promise<void> {
  await pool.query(
    'TRUNCATE tickers, schedules, ticker_sources, fetches, samples, prices, latest, candles, gaps RESTART IDENTITY CASCADE',
  );
}

/** Waits until a connection of this database waits for a lock. */
export async function untilBlocked(pool: pg.Pool, count = 1): Promise<void> {
  for (;;) {
    const waiting = await rowOf<{ count: number }>(
      pool,
      `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    if (waiting.count >= count) return;
  }
}
