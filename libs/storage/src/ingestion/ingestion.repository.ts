import type { ReadRecord, RecordPage } from '@app/domain';
import type pg from 'pg';
import { inTransaction } from '../database/pool.js';
import { storableText } from '../database/storable-text.js';
import { readPage } from './stored-page.js';
import { quarantine, release, storeAssets, storeRaw, type Reading } from './store-records.js';
import { ensureRawPartitions, ensureValuePartitions, type KnownPartitions } from './asset-partitions.js';
import { holdsRunLock, RunLock } from './run-lock.js';

/** A run that has begun. */
export interface BegunRun {
  readonly runId: number;
  /** Keeps others from beginning; to be released when the run is over. */
  readonly lock: RunLock;
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
  /** Among all of these, those that had come in the same reading of the list, and those that the reading before had not. */
  readonly repeated: number;
  readonly returned: number;
}

/** Why a run failed. */
export interface RunFailure {
  readonly error: string;
  /** The first page that it asked for could not be had: the next run begins at the first page of the list. */
  readonly isStuck?: boolean;
}

/** Thrown when another run of the same source is under way. */
export class RunUnderWayError extends Error {
  override readonly name = 'RunUnderWayError';

  constructor(source: string, run: { readonly runId: number; readonly startedAt: Date } | undefined) {
    const which = run === undefined ? '' : `: run ${run.runId}, begun at ${run.startedAt.toISOString()}`;
    super(
      `Another process reads the list of ${source} now${which}. Another run can begin when it has ended, or its process is gone.`,
    );
  }
}

/** Thrown to a run whose lock was lost and whose place another run has taken: it must end, and has lost nothing. */
export class RunReplacedError extends Error {
  override readonly name = 'RunReplacedError';
}

/** The runs over lists of assets: what a run does is in Postgres batch by batch, so that it can stop at any record. */
export class IngestionRepository {
  private readonly known: KnownPartitions = new Set();

  constructor(private readonly pool: pg.Pool) {}

  /**
   * Which lists are due: those that were never read, and those whose newest run began so long ago and is over, or its process is gone.
   * @param intervals seconds, by source.
   * @returns each with the number of its newest run, 0 when there is none.
   */
  async due(intervals: ReadonlyMap<string, number>): Promise<{ readonly source: string; readonly after: number }[]> {
    const { rows } = await this.pool.query<{ source: string; after: number }>({
      name: 'due-lists',
      text: `SELECT s.source, coalesce(c.run_id, 0) AS after
             FROM unnest($1::text[], $2::int[]) AS s(source, seconds)
             LEFT JOIN etl_checkpoints c USING (source) LEFT JOIN etl_runs r ON r.run_id = c.run_id
             WHERE c.source IS NULL OR (r.started_at + make_interval(secs => s.seconds) <= clock_timestamp()
               AND (c.status <> 'running' OR NOT ${holdsRunLock('c.source')}))
             ORDER BY s.source`,
      values: [[...intervals.keys()], [...intervals.values()]],
    });
    return rows;
  }

  /** Whether a run that began after another came to the end of the list. @param after number of that other run. */
  async isReadSince(source: string, after: number): Promise<boolean> {
    const { rowCount } = await this.pool.query({
      name: 'is-list-read',
      text: `SELECT 1 FROM etl_checkpoints WHERE source = $1 AND run_id > $2 AND status = 'completed'`,
      values: [source, after],
    });
    return rowCount === 1;
  }

  /**
   * Begins a run where the one before ended.
   * @param isLive whether records move between the pages of the list while it is read, so that it is counted which come twice or not at
   * all; default: no.
   * @throws RunUnderWayError
   */
  async begin(source: string, { isLive = false }: { readonly isLive?: boolean } = {}): Promise<BegunRun> {
    const lock = await RunLock.take(this.pool, source);
    if (lock === undefined) throw new RunUnderWayError(source, await this.runUnderWay(source));
    try {
      await this.withClient((client) => ensureRawPartitions(client, source, Date.now() / 1000));
      return { lock, ...(await inTransaction(this.pool, (client) => beginRun(client, source, isLive))) };
    } catch (error) {
      await lock.release();
      throw error;
    }
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
      await client.query(`UPDATE etl_checkpoints SET page_records = 0 WHERE source = $1`, [source]);
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
    const instants = records.flatMap((record) => ('asset' in record ? [record.asset.updatedAt] : []));
    const store = async (): Promise<BatchCounts> => {
      await this.withClient((client) => ensureValuePartitions(client, instants, this.known));
      return this.storeRecords({ source, runId, processed }, records);
    };
    try {
      return await store();
    } catch (error) {
      if ((error as { code?: unknown }).code !== NO_PARTITION) throw error;
      // A month past its retention was dropped since it was last written to.
      this.known.clear();
      return store();
    }
  }

  private async storeRecords(
    { source, runId, processed }: { readonly source: string; readonly runId: number; readonly processed: number },
    records: readonly ReadRecord[],
  ): Promise<BatchCounts> {
    const assets = records.flatMap((record) => ('asset' in record ? [{ ...record.asset, id: record.id }] : []));
    const faults = records.flatMap((record) => ('fault' in record ? [record] : []));
    return inTransaction(this.pool, async (client) => {
      const reading = await lockCheckpoint(client, source, runId, processed);
      const { changed, repeated, returned } = await storeRaw(client, { source, runId, reading }, records);
      const isChanged = new Set(changed);
      await storeAssets(
        client,
        source,
        assets.filter(({ id }) => isChanged.has(id)),
      );
      await release(
        client,
        source,
        assets.map(({ id }) => id).filter((id) => isChanged.has(id)),
      );
      // One that comes again as it was is in quarantine already.
      await quarantine(
        client,
        source,
        runId,
        faults.filter(({ id }) => isChanged.has(id)),
      );
      const written = changed.length - faults.filter(({ id }) => isChanged.has(id)).length;
      const unchanged = records.length - faults.length - written;
      const counts = { written, quarantined: faults.length, unchanged, repeated, returned };
      await client.query({
        name: 'move-checkpoint',
        text: `UPDATE etl_checkpoints SET last_processed_id = $2, last_processed_at = clock_timestamp(), page_records = $3
               WHERE source = $1`,
        values: [source, records.at(-1)?.id, processed + records.length],
      });
      await client.query({
        name: 'count-records',
        text: `UPDATE etl_runs SET records_processed = records_processed + $2, records_written = records_written + $3,
                 records_unchanged = records_unchanged + $4, records_quarantined = records_quarantined + $5,
                 records_repeated = records_repeated + $6, records_returned = records_returned + $7 WHERE run_id = $1`,
        values: [runId, records.length, written, unchanged, faults.length, repeated, returned],
      });
      return counts;
    });
  }

  /**
   * Leaves a page whose last record was processed; after the last one the reading of the list is over.
   * @returns how many records the reading before had and this one has not; undefined when it is not over, or they are not counted.
   * @throws RunReplacedError
   */
  async endPage(source: string, runId: number): Promise<number | undefined> {
    return inTransaction(this.pool, async (client) => {
      const { from, before } = await lockCheckpoint(client, source, runId);
      const { rows } = await client.query<{ nextPage: string | null }>(
        `WITH page AS (DELETE FROM etl_pages WHERE source = $1 RETURNING next_page)
         UPDATE etl_checkpoints SET next_page = page.next_page, page_records = 0 FROM page WHERE etl_checkpoints.source = $1
         RETURNING page.next_page AS "nextPage"`,
        [source],
      );
      if (from === null || rows[0]?.nextPage !== null) return undefined;
      await client.query(
        `UPDATE etl_checkpoints SET reading_before = reading_from, reading_from = NULL WHERE source = $1`,
        [source],
      );
      const missed = await client.query<{ missed: number }>(
        `UPDATE etl_runs SET records_missed = (SELECT count(*) FROM etl_records WHERE source = $1 AND seen_run_id >= $3 AND seen_run_id < $4)
         WHERE run_id = $2 RETURNING records_missed AS missed`,
        [source, runId, before, from],
      );
      return missed.rows[0]?.missed;
    });
  }

  /** Ends a run; without a failure it came to the end of the list. @throws RunReplacedError */
  async end(source: string, runId: number, failure?: RunFailure): Promise<void> {
    await inTransaction(this.pool, async (client) => {
      await lockCheckpoint(client, source, runId);
      const status = failure === undefined ? 'completed' : 'failed';
      await client.query(
        `UPDATE etl_checkpoints SET status = $2, next_page = CASE WHEN $3 THEN NULL ELSE next_page END WHERE source = $1`,
        [source, status, failure?.isStuck === true],
      );
      await client.query(
        `UPDATE etl_runs SET status = $2, error = $3, ended_at = clock_timestamp() WHERE run_id = $1`,
        [runId, status, storableText(failure?.error)],
      );
    });
  }

  private async runUnderWay(source: string): Promise<{ runId: number; startedAt: Date } | undefined> {
    const { rows } = await this.pool.query<{ runId: number; startedAt: Date }>(
      `SELECT run_id AS "runId", started_at AS "startedAt" FROM etl_runs JOIN etl_checkpoints USING (run_id)
       WHERE etl_runs.source = $1 AND etl_runs.status = 'running'`,
      [source],
    );
    return rows[0];
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

/** The place of whoever was there before is taken in the same transaction: it can store nothing after that. */
async function beginRun(client: pg.ClientBase, source: string, isLive: boolean): Promise<Omit<BegunRun, 'lock'>> {
  const before = await client.query<{ lastProcessedId: string | null; processed: number; nextPage: string | null }>(
    `SELECT last_processed_id AS "lastProcessedId", page_records AS processed, next_page AS "nextPage"
     FROM etl_checkpoints WHERE source = $1 FOR UPDATE`,
    [source],
  );
  const [checkpoint] = before.rows;
  const begun = await client.query<{ runId: number }>(
    `WITH run AS (
       INSERT INTO etl_runs (source, status, started_at) VALUES ($1, 'running', clock_timestamp()) RETURNING run_id
     )
     INSERT INTO etl_checkpoints AS c (source, run_id, status) SELECT $1, run_id, 'running' FROM run
     ON CONFLICT (source) DO UPDATE SET run_id = EXCLUDED.run_id, status = 'running' RETURNING run_id AS "runId"`,
    [source],
  );
  const runId = begun.rows[0]?.runId ?? Number.NaN;
  await client.query(
    `UPDATE etl_runs SET status = 'failed', error = 'its process was gone', ended_at = clock_timestamp()
     WHERE source = $1 AND status = 'running' AND run_id <> $2`,
    [source, runId],
  );
  const page = await readPage(client, source);
  const isAtFirstPage = page === undefined && (checkpoint?.nextPage ?? null) === null;
  await client.query(
    `UPDATE etl_checkpoints SET reading_from = CASE WHEN NOT $3 THEN NULL WHEN $4 THEN $2 ELSE coalesce(reading_from, $2) END
     WHERE source = $1`,
    [source, runId, isLive, isAtFirstPage],
  );
  return {
    runId,
    unfinished: page && { ...page, processed: checkpoint?.processed ?? 0 },
    nextPage: checkpoint?.nextPage ?? null,
    lastProcessedId: checkpoint?.lastProcessedId ?? null,
  };
}

/** What Postgres says when a row is for a partition that is not there. */
const NO_PARTITION = '23514';

function replaced(source: string, runId: number): RunReplacedError {
  return new RunReplacedError(
    `Run ${runId} of ${source} was away for too long: another has taken its place, and goes on where it was.`,
  );
}

/** Whoever holds this lock, and is named there, goes on alone. */
async function lockCheckpoint(
  client: pg.ClientBase,
  source: string,
  runId: number,
  processed?: number,
): Promise<Reading> {
  const { rows } = await client.query<Reading & { runId: number; status: string; processed: number }>({
    name: 'lock-checkpoint',
    text: `SELECT run_id AS "runId", status, page_records AS processed, reading_from AS "from", reading_before AS before
           FROM etl_checkpoints WHERE source = $1 FOR NO KEY UPDATE`,
    values: [source],
  });
  const [checkpoint] = rows;
  const isOurs = checkpoint?.runId === runId && checkpoint.status === 'running';
  if (!isOurs || (processed !== undefined && checkpoint.processed !== processed)) throw replaced(source, runId);
  return checkpoint;
}
