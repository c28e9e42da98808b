import { ingest, RunFailedError, type IngestOutcome, type RecordList } from '@app/ingestion';
import type { LinkRule } from '@app/domain';
import type { Logger } from '@app/observability';
import { PostponedJobError, type IngestJob, type JobContext } from '@app/queue';
import {
  type AssetLinkRepository,
  type DriftRepository,
  type DriftSighting,
  isTransientDatabaseError,
  RunLockLostError,
  RunReplacedError,
  RunUnderWayError,
  type IngestionRepository,
} from '@app/storage';
import { driftTotal } from '../fetch-prices/call-metrics.js';
import { countRun } from './run-metrics.js';

/** What the job works with. */
export interface IngestAssetsOptions {
  readonly runs: IngestionRepository;
  readonly links: AssetLinkRepository;
  /** By which assets of different sources are one. */
  readonly linkRules: readonly LinkRule[];
  readonly logger: Logger;
  /** Opens the list of a source. @throws when it cannot be read, such as files without layouts. */
  readonly listOf: (source: string) => Promise<RecordList>;
  /** Keeps the fields of a list that had drifted. */
  readonly drifts: Pick<DriftRepository, 'record'>;
  readonly batchSize: number;
  readonly failAfterRecords?: number | undefined;
}

/** How long a job waits that found another run under way, or no database, in milliseconds. */
const LOOK_AGAIN_AFTER_MS = 5_000;

/** Reads a list of assets: one run, which goes on where the one before ended; then links its assets with those of the other lists. */
export class IngestAssetsJob {
  constructor(private readonly options: IngestAssetsOptions) {}

  /** @throws PostponedJobError when another run is under way or the database is away; what a run itself ends with is in its row. */
  async run({ source, after }: IngestJob, { ending }: Pick<JobContext<IngestJob>, 'ending'>): Promise<void> {
    const { runs, links, linkRules, logger, batchSize, failAfterRecords } = this.options;
    const beganMs = performance.now();
    const seconds = (): number => (performance.now() - beganMs) / 1000;
    try {
      // By another worker, which was slow and not gone, or from the command line.
      if (await runs.isReadSince(source, after)) return;
      const list = await this.open(source);
      if (list === undefined) return;
      const outcome = await ingest(list, {
        ...{ runs, batchSize, failAfterRecords, signal: ending },
        keepDrifts: (sightings) => this.keepDrifts(source, sightings),
      });
      countRun(source, outcome, { status: 'completed', seconds: seconds() });
      logger.info({ event: 'ingested', source, ...fieldsOf(outcome) }, 'a list of assets was read to its end');
      // What is not done here, since the process ends, the next run of any list does.
      const { linked, unlinked } = await links.link(linkRules);
      if (linked + unlinked > 0)
        logger.info(
          { event: 'assets_linked', source, linked, unlinked },
          'assets are linked with those of other lists',
        );
    } catch (error) {
      if (error instanceof RunUnderWayError) throw new PostponedJobError(error.message, LOOK_AGAIN_AFTER_MS);
      if (error instanceof RunReplacedError) {
        logger.warn({ event: 'ingestion_replaced', source }, error.message);
        return;
      }
      if (error instanceof RunFailedError) {
        countRun(source, error.outcome, { status: 'failed', seconds: seconds() });
        logger.warn({ event: 'ingestion_failed', source, ...fieldsOf(error.outcome) }, error.message);
        // Another worker, or this one a moment later, goes on at once.
        if (ending.aborted) throw new PostponedJobError(error.message, 0);
        if (isPassing(error.cause)) throw new PostponedJobError(error.message, LOOK_AGAIN_AFTER_MS);
        return;
      }
      // The run's own row says nothing of it: the next run ends it, and goes on.
      if (!isTransientDatabaseError(error)) throw error;
      throw new PostponedJobError(error instanceof Error ? error.message : String(error), LOOK_AGAIN_AFTER_MS);
    }
  }

  /** A list that cannot be opened, such as files without layouts, is a run that has failed; undefined then. @throws RunUnderWayError */
  private async open(source: string): Promise<RecordList | undefined> {
    const { runs, logger, listOf } = this.options;
    try {
      return await listOf(source);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const { runId, lock } = await runs.begin(source);
      try {
        await runs.end(source, runId, { error: message });
      } finally {
        await lock.release();
      }
      logger.warn({ event: 'ingestion_failed', source, run: runId }, message);
      return undefined;
    }
  }

  /** One line for each field that is news, however many records had it. */
  private async keepDrifts(source: string, sightings: readonly DriftSighting[]): Promise<void> {
    for (const { endpoint, count } of sightings) driftTotal.inc({ source, endpoint }, count);
    for (const { endpoint, field, detail } of await this.options.drifts.record(sightings))
      this.options.logger.warn(
        { event: 'source_drifted', source, endpoint, field, detail },
        'a source changed a field',
      );
  }
}

/** Whether a run ended because the database, or its connection, was away for a moment. */
function isPassing(cause: unknown): boolean {
  if (cause instanceof RunLockLostError) return true;
  return cause instanceof Error && 'code' in cause && isTransientDatabaseError(cause);
}

function fieldsOf({ runId, lastProcessedId, ...counts }: IngestOutcome) {
  return { run: runId, ...counts, last: lastProcessedId };
}
