import type { RecordPage } from '@app/domain';
import {
  RunReplacedError,
  type BatchCounts,
  type BegunRun,
  type DriftSighting,
  type IngestionRepository,
} from '@app/storage';
import type { RecordList } from './record-list.js';

/** How a run works. */
export interface IngestOptions {
  readonly runs: Pick<IngestionRepository, 'begin' | 'keepPage' | 'storeBatch' | 'endPage' | 'end'>;
  /** Records stored in one transaction. */
  readonly batchSize: number;
  /** The run fails once more than this share of its records cannot be read, from 0 to 1; default 0.1. */
  readonly maxBadShare?: number;
  /** Ends the run as failed after exactly so many records, to try what happens then; undefined: never. */
  readonly failAfterRecords?: number | undefined;
  /** Aborted when the process has to end: the run fails where it is, and the next one goes on there. */
  readonly signal: AbortSignal;
  /** Keeps the fields that had drifted, of many records at once; default: they are forgotten. */
  readonly keepDrifts?: ((sightings: readonly DriftSighting[]) => Promise<void>) | undefined;
  /** Told after each batch. */
  readonly onProgress?: (progress: Progress) => void;
}

/** How far a run has come. */
export interface Progress extends BatchCounts {
  readonly processed: number;
  readonly page: string;
  /** Records of that page, and how many of them are done. */
  readonly pageRecords: number;
  readonly pageDone: number;
}

/** What a run came to. */
export interface IngestOutcome extends BatchCounts {
  readonly runId: number;
  readonly processed: number;
  readonly pages: number;
  /** Records that the reading of the list before had, and this one has not; known at its end. */
  readonly missed: number;
  readonly lastProcessedId: string | null;
}

/** Thrown when a run has failed; what it had stored is kept, and the next run goes on after it. */
export class RunFailedError extends Error {
  override readonly name = 'RunFailedError';

  constructor(
    message: string,
    readonly outcome: IngestOutcome,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const MAX_BAD_SHARE = 0.1;

/** Fewer records than this are too few to say that too many of them are bad. */
const MIN_JUDGED = 20;

/**
 * One run over a list: first what an earlier run left of its page, then page by page to the end. A page is in Postgres before its first
 * record is processed, and each batch is stored with the place up to which the page is processed.
 * @throws RunUnderWayError when another run of this list is under way; RunReplacedError when another took this one's place;
 * RunFailedError.
 */
export async function ingest(list: RecordList, options: IngestOptions): Promise<IngestOutcome> {
  const begun = await options.runs.begin(list.source, { isLive: list.isLive ?? false });
  const { lock, runId, lastProcessedId } = begun;
  // Without its lock another may be at work already.
  const signal = AbortSignal.any([options.signal, lock.lost]);
  const run = new Run(list, { ...options, signal }, runId, lastProcessedId);
  try {
    return await run.readFrom(begun);
  } catch (error) {
    if (error instanceof RunReplacedError) throw error;
    throw await run.fail(error);
  } finally {
    await lock.release();
  }
}

/** So often a run asks for pages that it had already, as after a file was written anew. */
const MAX_PAGES_AGAIN = 10;

class Run {
  readonly outcome: { -readonly [Name in keyof IngestOutcome]: IngestOutcome[Name] };
  /** Records of the pages that were finished, and how many of them cannot be read. */
  private judged = 0;
  private unread = 0;

  constructor(
    private readonly list: RecordList,
    private readonly options: IngestOptions,
    private readonly runId: number,
    lastProcessedId: string | null,
  ) {
    const counts = { written: 0, unchanged: 0, quarantined: 0, repeated: 0, returned: 0 };
    this.outcome = { runId, processed: 0, pages: 0, missed: 0, ...counts, lastProcessedId };
  }

  async readFrom({ unfinished, nextPage }: BegunRun): Promise<IngestOutcome> {
    const { list, runId } = this;
    const { runs, signal } = this.options;
    let page = nextPage ?? list.firstPage;
    if (unfinished !== undefined) {
      await this.process(unfinished, unfinished.processed);
      if (unfinished.nextPage === null) return await this.complete();
      page = unfinished.nextPage;
    }
    const read = new Set<string>();
    for (let again = 0; ;) {
      signal.throwIfAborted();
      if (read.has(page)) again += 1;
      if (again > MAX_PAGES_AGAIN) throw new Error(`page ${page} comes again and again: the list has no end`);
      read.add(page);
      const fetched = await list.fetchPage(page, signal);
      await runs.keepPage(list.source, runId, fetched);
      this.outcome.pages += 1;
      await this.process(fetched, 0);
      if (fetched.nextPage === null) return await this.complete();
      page = fetched.nextPage;
    }
  }

  /** Processes a page from a record on. */
  private async process({ page, records }: RecordPage, from: number): Promise<void> {
    const { runs, signal, onProgress } = this.options;
    const { source } = this.list;
    const before = this.outcome.quarantined;
    for (let done = from; done < records.length;) {
      signal.throwIfAborted();
      const batch = records.slice(done, done + this.roomForBatch());
      const read = batch.map((record) => this.list.read(record));
      const counts = await runs.storeBatch({ source, runId: this.runId, processed: done }, read);
      done += batch.length;
      this.count(counts, batch.length, batch.at(-1)?.id ?? null);
      onProgress?.({ ...this.outcome, page, pageRecords: records.length, pageDone: done });
      if (this.outcome.processed === this.options.failAfterRecords)
        throw new Error(`stopped after ${this.outcome.processed} records, as FAIL_AFTER_N_RECORDS asks`);
    }
    await this.keepDrifts();
    this.outcome.missed = (await runs.endPage(source, this.runId)) ?? 0;
    // What an earlier run processed of the page counts too. The page is left before: the next run goes on after it.
    this.judged += records.length;
    this.unread += this.outcome.quarantined - before;
    for (const record of records.slice(0, from)) if ('fault' in this.list.read(record)) this.unread += 1;
    this.judge(MIN_JUDGED);
  }

  private async complete(): Promise<IngestOutcome> {
    // A short list is judged as a whole: one of which nothing can be read was not read.
    if (this.judged === this.unread) this.judge(1);
    await this.options.runs.end(this.list.source, this.runId);
    return this.outcome;
  }

  /** @returns what is thrown to the caller. */
  async fail(error: unknown): Promise<RunFailedError> {
    const message = reasonOf(this.options.signal.aborted ? this.options.signal.reason : error);
    await this.keepDrifts();
    // A page that cannot be had does not keep those before it from being read again.
    const isStuck = this.outcome.pages === 0 && this.outcome.processed === 0;
    await this.options.runs.end(this.list.source, this.runId, { error: message, isStuck });
    return new RunFailedError(message, this.outcome, { cause: error });
  }

  private async keepDrifts(): Promise<void> {
    const sightings = this.list.drifts?.take() ?? [];
    if (sightings.length > 0) await this.options.keepDrifts?.(sightings);
  }

  /** So that a run that is to fail after some records has stored exactly these. */
  private roomForBatch(): number {
    const { batchSize, failAfterRecords = Infinity } = this.options;
    return Math.min(batchSize, failAfterRecords - this.outcome.processed);
  }

  private count(counts: BatchCounts, records: number, lastId: string | null): void {
    this.outcome.processed += records;
    for (const name of ['written', 'unchanged', 'quarantined', 'repeated', 'returned'] as const)
      this.outcome[name] += counts[name];
    this.outcome.lastProcessedId = lastId;
  }

  /** @param least so many records can be judged. @throws Error when too many cannot be read. */
  private judge(least: number): void {
    const { maxBadShare = MAX_BAD_SHARE } = this.options;
    const { judged, unread } = this;
    if (judged < least || unread <= judged * maxBadShare) return;
    throw new Error(
      `${unread} of ${judged} records cannot be read, more than ${maxBadShare * 100} %: the list may have changed. tidemark etl quarantine --source ${this.list.source} shows them.`,
    );
  }
}

/** A signal that was aborted without a reason says nothing that people understand. */
function reasonOf(error: unknown): string {
  if (error instanceof DOMException) return 'the process was told to end';
  return error instanceof Error ? error.message : String(error);
}
