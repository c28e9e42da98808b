import type { QuarantineDifference, ReprocessRepository, StoredRawRecord, ValueDifference } from '@app/storage';
import type { RecordList } from './record-list.js';

/** How raw records are read anew. */
export interface ReprocessOptions {
  readonly records: Pick<ReprocessRepository, 'rawRecords' | 'gather' | 'compareQuarantine' | 'differences'>;
  /** Whether what differs is stored. */
  readonly isApplied: boolean;
  /** Aborted when it has to end: between two batches. */
  readonly signal: AbortSignal;
  /** Told after each batch how many raw records are read. */
  readonly onProgress?: (read: number) => void;
}

/** What reading raw records anew came to. */
export interface ReprocessOutcome {
  /** Raw records. */
  readonly read: number;
  /** Values, each of an asset at a time, that are stored otherwise than they are read, and that are not stored. */
  readonly different: number;
  readonly missing: number;
  /** Records that leave the quarantine, and that come into it. */
  readonly readable: number;
  readonly unreadable: number;
  /** The first of each. */
  readonly examples: {
    readonly values: readonly ValueDifference[];
    readonly readable: readonly string[];
    readonly unreadable: readonly { readonly id: string; readonly reason: string }[];
  };
}

/** So many examples are given of each kind. */
const MAX_EXAMPLES = 5;

/** Reads raw records as they would be read today, and finds, or stores, what differs from what is stored. */
export async function reprocess(
  list: Pick<RecordList, 'read'>,
  { records, isApplied, signal, onProgress }: ReprocessOptions,
): Promise<ReprocessOutcome> {
  const counts = { read: 0, different: 0, missing: 0, readable: 0, unreadable: 0 };
  const values: ValueDifference[] = [];
  const readable: string[] = [];
  const unreadable: { id: string; reason: string }[] = [];
  for await (const batch of records.rawRecords()) {
    signal.throwIfAborted();
    const reread = batch.map((record: StoredRawRecord) => ({ ...record, ...list.read(record) }));
    await records.gather(reread);
    const moved: QuarantineDifference = await records.compareQuarantine(reread, isApplied);
    counts.read += batch.length;
    counts.readable += moved.readable.length;
    counts.unreadable += moved.unreadable.length;
    addExamples(readable, moved.readable);
    addExamples(
      unreadable,
      moved.unreadable.map(({ id, fault: reason }) => ({ id, reason })),
    );
    onProgress?.(counts.read);
  }
  for await (const batch of records.differences((record) => list.read(record), isApplied)) {
    signal.throwIfAborted();
    counts.missing += batch.filter(({ stored }) => stored === null).length;
    counts.different += batch.filter(({ stored }) => stored !== null).length;
    addExamples(values, batch);
  }
  return { ...counts, examples: { values, readable, unreadable } };
}

function addExamples<T>(examples: T[], found: readonly T[]): void {
  examples.push(...found.slice(0, MAX_EXAMPLES - examples.length));
}
