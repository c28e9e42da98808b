import type { ReadRecord, RecordPage } from '@app/domain';
import type pg from 'pg';
import { inTransaction } from '../database/pool.js';
import { storableText } from '../database/storable-text.js';
import { quarantine, storeAssets, storeRaw } from './store-records.js';
import { ensureRawPartitions, ensureValuePartitions, type KnownPartitions } from './asset-partitions.js';

/** A run that has begun. */
export interface BegunRun {
  readonly runId: number;
  /** What an earlier run left of a page: to be processed first. */
  readonly unfinished: (RecordPage & { readonly processed: number }) | undefined;
  /** The page at which to go on after that; null: at the first one. */
  readonly nextPage: string | null;
  /** Id of the record that was processed last, by whichever run; null when there was none. */
  readonly lastProcessedId: string | null;
}

/** What became of the records of a batch. */
export interface BatchCounts {
  readonly written: number;
  /** As they had been when they came last. */
  readonly unchanged: number;
  readonly quarantined: number;
}

/** Thrown when another run of the same source is under way. */
export class RunUnderWayError extends Error {
  override readonly name = 'RunUnderWayError';

  constructor(source: string, runId: number, startedAt: Date, leaseUntil: Date) {
    super(
      `Run ${runId} of ${source}, begun at ${startedAt.toISOString()}, is under way. If its process is gone, another can begin after ${leaseUntil.toISOString()}.`,
    );
  }
}

/** Thrown to a run whose lease ended and whose place another run has taken: it must end, and has lost nothing. */
export class RunReplacedError extends Error {
  override readonly name = 'RunReplacedError';
}

/** For so long nobody else begins a run of the same source, in seconds; each batch and each page renews it. */
export const RUN_LEASE_SECONDS = 60;

/** The runs over lists of assets: what a run does is in Postgres batch by batch, so that it can stop at any record. */
export class IngestionRepository {
  private readonly known: KnownPartitions = new Set();

  constructor(private readonly pool: pg.Pool) {}

  /**
   * Which lists are due: those that were never read, and those whose newest run is over and began so long ago.
   * @param intervals seconds, by source.
   * @returns each with the number of its newest run, 0 when there is none.
   */
  async due(intervals: ReadonlyMap<string, number>): Promise<{ readonly source: string; readonly after: number }[]> {
    const { rows } = await this.pool.query<{ source: string; after: number }>({
      name: 'due-lists',
      text: `SELECT s.source, coalesce(c.run_id, 0) AS after
             FROM unnest($1::text[], $2::int[]) AS s(source, seconds)
             LEFT JOIN etl_checkpoints c USING (source) LEFT JOIN etl_runs r ON r.run_id = c.run_id
             WHERE c.source IS NULL OR (coalesce(c.lease_until, '-infinity') <= clock_timestamp()
               AND r.started_at + make_interval(secs => s.seconds) <= clock_timestamp())
             ORDER BY s.source`,
      values: [[...intervals.keys()], [...intervals.values()]],
    });
    return rows;
  }

  /**
   * Begins a run where the one before ended.
   * @param isTakenOver whether the process of the run before is known to be gone, so that its lease counts for nothing.
   * @throws RunUnderWayError
   */
  async begin(source: string, { isTakenOver }: { readonly isTakenOver: boolean }): Promise<BegunRun> {
    await this.withClient((client) => ensureRawPartitions(client, source, Date.now() / 1000));
    return inTransaction(this.pool, async (client) => {
      await client.query(`SELECT pg_advisory_xact_lock(hashtext('tidemark run'), hashtext($1))`, [source]);
      const before = await client.query<CheckpointRow>(
        `SELECT c.run_id AS "runId", c.last_processed_id AS "lastProcessedId", c.page_records AS processed, c.next_page AS "nextPage",
                c.lease_until AS "leaseUntil", c.lease_until > clock_timestamp() AS "isLeased", r.started_at AS "startedAt"
         FROM etl_checkpoints c JOIN etl_runs r USING (run_id) WHERE c.source = $1 FOR UPDATE OF c`,
        [source],
      );
      const [checkpoint] = before.rows;
      if (checkpoint?.leaseUntil != null && checkpoint.isLeased && !isTakenOver)
        throw new RunUnderWayError(source, checkpoint.runId, checkpoint.startedAt, checkpoint.leaseUntil);
      if (checkpoint?.leaseUntil != null) await endRun(client, checkpoint.runId, 'its process was gone');
      const begun = await client.query<{ runId: number }>(
        `WITH run AS (
           INSERT INTO etl_runs (source, status, started_at) VALUES ($1, 'running', clock_timestamp()) RETURNING run_id
         )
         INSERT INTO etl_checkpoints AS c (source, run_id, status, lease_until)
         SELECT $1, run_id, 'running', clock_timestamp() + make_interval(secs => ${RUN_LEASE_SECONDS}) FROM run
         ON CONFLICT (source) DO UPDATE SET run_id = EXCLUDED.run_id, status = 'running', lease_until = EXCLUDED.lease_until
         RETURNING run_id AS "runId"`,
        [source],
      );
      const page = await readPage(client, source);
      return {
        runId: begun.rows[0]?.runId ?? Number.NaN,
        unfinished: page && { ...page, processed: checkpoint?.processed ?? 0 },
        nextPage: checkpoint?.nextPage ?? null,
        lastProcessedId: checkpoint?.lastProcessedId ?? null,
      };
    });
  }

  /** Keeps a page before its records are processed. @throws RunReplacedError */
  async keepPage(source: string, runId: number, { page, nextPage, fetchedAt, records }: RecordPage): Promise<void> {
    await inTransaction(this.pool, async (client) => {
      await lockCheckpoint(client, source, runId);
      await client.query(
        `INSERT INTO etl_pages (source, page, next_page, fetched_at, record_ids, places, payloads) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        [
          ...[source, page, nextPage, fetchedAt],
          ...[records.map(({ id }) => storableText(id)), records.map(({ place }) => storableText(place))],
          records.map(({ payload }) => storableText(payload)),
        ],
      );
      await client.query(`UPDATE etl_checkpoints SET page_records = 0, ${RENEWED} WHERE source = $1`, [source]);
      await client.query(`UPDATE etl_runs SET pages = pages + 1 WHERE run_id = $1`, [runId]);
    });
  }

  /**
   * Stores records of the page in hand: raw rows, what they say of their assets, and how far the page is processed; all or nothing.
   * @param processed how many records of the page had been processed before.
   * @throws RunReplacedError
   */
  async storeBatch(
    { source, runId, processed }: { readonly source: string; readonly runId: number; readonly processed: number },
    records: readonly ReadRecord[],
  ): Promise<BatchCounts> {
    const assets = records.flatMap((record) => ('asset' in record ? [{ ...record.asset, id: record.id }] : []));
    const faults = records.flatMap((record) => ('fault' in record ? [record] : []));
    await this.withClient((client) =>
      ensureValuePartitions(
        client,
        assets.map(({ updatedAt }) => updatedAt),
        this.known,
      ),
    );
    return inTransaction(this.pool, async (client) => {
      await lockCheckpoint(client, source, runId, processed);
      const changed = await storeRaw(client, source, runId, records);
      const isChanged = new Set(changed);
      await storeAssets(
        client,
        source,
        assets.filter(({ id }) => isChanged.has(id)),
      );
      // One that comes again as it was is in quarantine already.
      await quarantine(
        client,
        source,
        runId,
        faults.filter(({ id }) => isChanged.has(id)),
      );
      const written = changed.length - faults.filter(({ id }) => isChanged.has(id)).length;
      const counts = { written, quarantined: faults.length, unchanged: records.length - faults.length - written };
      await client.query({
        name: 'move-checkpoint',
        text: `UPDATE etl_checkpoints SET last_processed_id = $2, last_processed_at = clock_timestamp(), page_records = $3, ${RENEWED}
               WHERE source = $1`,
        values: [source, records.at(-1)?.id, processed + records.length],
      });
      await client.query({
        name: 'count-records',
        text: `UPDATE etl_runs SET records_processed = records_processed + $2, records_written = records_written + $3,
                 records_unchanged = records_unchanged + $4, records_quarantined = records_quarantined + $5 WHERE run_id = $1`,
        values: [runId, records.length, counts.written, counts.unchanged, counts.quarantined],
      });
      return counts;
    });
  }

  /** Leaves a page whose last record was processed. @throws RunReplacedError */
  async endPage(source: string, runId: number): Promise<void> {
    await inTransaction(this.pool, async (client) => {
      await lockCheckpoint(client, source, runId);
      await client.query(
        `WITH page AS (DELETE FROM etl_pages WHERE source = $1 RETURNING next_page)
         UPDATE etl_checkpoints SET next_page = page.next_page, page_records = 0, ${RENEWED} FROM page WHERE etl_checkpoints.source = $1`,
        [source],
      );
    });
  }

  /** Says that the process is at work, while a page is on its way. @throws RunReplacedError */
  async renew(source: string, runId: number): Promise<void> {
    const { rowCount } = await this.pool.query(
      `UPDATE etl_checkpoints SET ${RENEWED} WHERE source = $1 AND run_id = $2 AND status = 'running'`,
      [source, runId],
    );
    if (rowCount === 0) throw replaced(source, runId);
  }

  /** Ends a run. @param error why it failed; undefined: it came to the end of the list. @throws RunReplacedError */
  async end(source: string, runId: number, error?: string): Promise<void> {
    await inTransaction(this.pool, async (client) => {
      await lockCheckpoint(client, source, runId);
      await client.query(`UPDATE etl_checkpoints SET status = $2, lease_until = NULL WHERE source = $1`, [
        source,
        error === undefined ? 'completed' : 'failed',
      ]);
      await endRun(client, runId, error);
    });
  }

  private async withClient<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    try {
      return await work(client);
    } finally {
      client.release();
    }
  }
}

interface CheckpointRow {
  readonly runId: number;
  readonly lastProcessedId: string | null;
  readonly processed: number;
  readonly nextPage: string | null;
  readonly leaseUntil: Date | null;
  readonly isLeased: boolean;
  readonly startedAt: Date;
}

const RENEWED = `lease_until = clock_timestamp() + make_interval(secs => ${RUN_LEASE_SECONDS})`;

function replaced(source: string, runId: number): RunReplacedError {
  return new RunReplacedError(`Run ${runId} of ${source} was away for too long: another has taken its place.`);
}

/** Whoever holds this lock, and is named there, goes on alone. */
async function lockCheckpoint(client: pg.ClientBase, source: string, runId: number, processed?: number): Promise<void> {
  const { rows } = await client.query<{ runId: number; status: string; processed: number }>({
    name: 'lock-checkpoint',
    text: `SELECT run_id AS "runId", status, page_records AS processed FROM etl_checkpoints WHERE source = $1 FOR NO KEY UPDATE`,
    values: [source],
  });
  const [checkpoint] = rows;
  const isOurs = checkpoint?.runId === runId && checkpoint.status === 'running';
  if (!isOurs || (processed !== undefined && checkpoint.processed !== processed)) throw replaced(source, runId);
}

async function endRun(client: pg.ClientBase, runId: number, error?: string): Promise<void> {
  await client.query(
    `UPDATE etl_runs SET status = $2, error = $3, ended_at = clock_timestamp() WHERE run_id = $1 AND status = 'running'`,
    [runId, error === undefined ? 'completed' : 'failed', storableText(error)],
  );
}

async function readPage(client: pg.ClientBase, source: string): Promise<RecordPage | undefined> {
  const { rows } = await client.query<{
    page: string;
    nextPage: string | null;
    fetchedAt: Date;
    ids: string[];
    places: string[];
    payloads: string[];
  }>(
    `SELECT page, next_page AS "nextPage", fetched_at AS "fetchedAt", record_ids AS ids, places, payloads FROM etl_pages WHERE source = $1`,
    [source],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const records = row.ids.map((id, index) => ({
    id,
    place: row.places[index] ?? '',
    payload: row.payloads[index] ?? '',
  }));
  return { page: row.page, nextPage: row.nextPage, fetchedAt: row.fetchedAt, records };
}
