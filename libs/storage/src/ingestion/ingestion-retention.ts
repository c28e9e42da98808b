import type pg from 'pg';
import { inTransaction } from '../database/pool.js';
import { monthOfPartition, monthsBetween } from '../schema/partitions.js';
import { rawTableOf } from './asset-partitions.js';

/** For how many days what lists of assets brought is kept. */
export interface IngestionRetentionDays {
  /** Raw records, and those in quarantine; whole months go. */
  readonly raw: number;
  /** Values of assets by their own time, those of files excepted; whole months go. */
  readonly values: number;
  /** Runs; the newest that succeeded and the newest that failed of each list stay. */
  readonly runs: number;
}

/** What one pass has dropped. */
export interface DroppedIngestion {
  /** Tables of whole months. */
  readonly tables: readonly string[];
  /** Rows of the tables that are not cut into months. */
  readonly rows: number;
  /** Tables that somebody was at work in: the next pass tries them again. */
  readonly busy: readonly string[];
}

/** Rows deleted in one statement: a fraction of a second. */
const BATCH = 5_000;

/** Statements of a pass for each table at most; the next pass does the rest. */
const MAX_BATCHES = 100;

/**
 * Whoever drops a table waits for those at work in its parent, and all who come after wait behind: better to give up soon, in
 * milliseconds, and to come again.
 */
const LOCK_TIMEOUT_MS = 200;

/** The source whose values are a past that its files declare: it does not grow by itself, and stays. */
const FILE_SOURCE = 'csv';

/** Drops what lists of assets brought once it is past its retention. Several at once, and one that is killed, do no harm. */
export class IngestionRetention {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * Drops whole months of raw records with what their records were when they came: one that still comes then counts as new, so that it
   * has a raw row again, and is in quarantine again when it cannot be read.
   * @param nowMs UNIX milliseconds.
   * @param signal aborted when the process ends: it stops between two statements.
   */
  async drop(days: IngestionRetentionDays, nowMs: number, signal: AbortSignal): Promise<DroppedIngestion> {
    const before = (count: number): number => Math.floor(nowMs / 1000) - count * 86_400;
    const dropped = { tables: [] as string[], rows: 0, busy: [] as string[] };
    const rawBefore = startOfMonth(before(days.raw));
    for (const { source, table } of await this.rawTables()) {
      await this.dropMonths(table, rawBefore, { signal, dropped });
      dropped.rows += await this.deleteRows(
        'etl_records',
        'source = $1 AND ingested_at < $2',
        [source, rawBefore],
        signal,
      );
    }
    dropped.rows += await this.deleteRows('etl_quarantine', 'quarantined_at < to_timestamp($1)', [rawBefore], signal);
    await this.dropMonths('asset_values', startOfMonth(before(days.values)), {
      signal,
      dropped,
      exceptSource: FILE_SOURCE,
    });
    dropped.rows += await this.deleteRows('etl_runs', ENDED_RUNS, [before(days.runs)], signal);
    return dropped;
  }

  private async rawTables(): Promise<{ readonly source: string; readonly table: string }[]> {
    const { rows } = await this.pool.query<{ source: string }>(
      `SELECT DISTINCT source FROM etl_checkpoints ORDER BY 1`,
    );
    return rows.map(({ source }) => ({ source, table: rawTableOf(source) }));
  }

  private async dropMonths(
    parent: string,
    beforeSeconds: number,
    {
      signal,
      dropped,
      exceptSource,
    }: { signal: AbortSignal; dropped: { tables: string[]; rows: number; busy: string[] }; exceptSource?: string },
  ): Promise<void> {
    const { rows } = await this.pool.query<{ name: string }>(
      `SELECT relname AS name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = $1::regclass ORDER BY 1`,
      [parent],
    );
    for (const { name } of rows) {
      const month = monthOfPartition(name);
      if (signal.aborted || month === undefined || month.toSlot > beforeSeconds) continue;
      try {
        // Looked for without a lock first: a month that stays is met in each pass.
        if (
          !(await holds(this.pool, name, exceptSource)) &&
          (await dropTable(this.pool, { parent, name, exceptSource }))
        )
          dropped.tables.push(name);
        else dropped.rows += await this.deleteRows(name, 'source < $1 OR source > $1', [exceptSource], signal);
      } catch (error) {
        // Another scheduler has dropped it.
        if (codeOf(error) === UNDEFINED_TABLE) continue;
        if (!isBusy(error)) throw error;
        dropped.busy.push(name);
      }
    }
  }

  /** Rows that somebody holds are left for the next pass. */
  private async deleteRows(
    table: string,
    which: string,
    values: readonly unknown[],
    signal: AbortSignal,
  ): Promise<number> {
    let rows = 0;
    for (let batch = 0; batch < MAX_BATCHES && !signal.aborted; batch += 1) {
      const { rowCount } = await this.pool.query(
        `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} t WHERE ${which} LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))`,
        [...values],
      );
      rows += rowCount ?? 0;
      if ((rowCount ?? 0) < BATCH) break;
    }
    return rows;
  }
}

/** What a checkpoint points to, and what says when a list last succeeded and failed, is not over. */
const ENDED_RUNS = `status <> 'running' AND started_at < to_timestamp($1)
  AND NOT EXISTS (SELECT 1 FROM etl_checkpoints c WHERE c.run_id = t.run_id)
  AND EXISTS (SELECT 1 FROM etl_runs later WHERE later.source = t.source AND later.status = t.status AND later.run_id > t.run_id)`;

/** @returns false when it holds rows of a source that is exceptSource, so that it stays. */
async function dropTable(
  pool: pg.Pool,
  {
    parent,
    name,
    exceptSource,
  }: { readonly parent: string; readonly name: string; readonly exceptSource: string | undefined },
): Promise<boolean> {
  return inTransaction(pool, async (client) => {
    await client.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT_MS}ms'`);
    // One pass at a time; the loser of the race finds the table gone.
    await client.query(`SELECT pg_advisory_xact_lock(hashtext('tidemark partitions'))`);
    const attached = await client.query(
      `SELECT 1 FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = $1::regclass AND relname = $2`,
      [parent, name],
    );
    if (attached.rowCount === 0) return true;
    // The parent first, as whoever writes takes them.
    await client.query(`LOCK TABLE ONLY ${parent} IN ACCESS EXCLUSIVE MODE`);
    if (await holds(client, name, exceptSource)) return false;
    await client.query(`DROP TABLE ${name}`);
    return true;
  });
}

async function holds(
  client: Pick<pg.ClientBase, 'query'>,
  table: string,
  source: string | undefined,
): Promise<boolean> {
  if (source === undefined) return false;
  const { rowCount } = await client.query(`SELECT 1 FROM ${table} WHERE source = $1 LIMIT 1`, [source]);
  return rowCount !== 0;
}

function startOfMonth(seconds: number): number {
  const [month] = monthsBetween(seconds, seconds);
  if (month === undefined) throw new Error(`there is no month of ${seconds}`);
  return month.fromSlot;
}

const LOCK_NOT_AVAILABLE = '55P03';
const DEADLOCK = '40P01';
const UNDEFINED_TABLE = '42P01';

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}

function isBusy(error: unknown): boolean {
  const code = codeOf(error);
  return code === LOCK_NOT_AVAILABLE || code === DEADLOCK;
}
