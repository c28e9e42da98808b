import type { RawRecord, ReadRecord, RecordPage } from '@app/domain';
import { storableText, type DriftTally } from '@app/storage';

/** Something whose records are collected: the list of a source, or files in a folder. A new one is one file. */
export interface RecordList {
  /** Names it in tables, settings and answers: `coingecko`, `csv`. */
  readonly source: string;
  /** The page with which a run begins that has nothing to go on with. */
  readonly firstPage: string;
  /**
   * Brings a page. Its records come in the order of their ids, none twice.
   * @param signal aborted when the run has to end.
   * @throws whatever went wrong; the run fails with it, and the next one asks for this page again.
   */
  fetchPage(page: string, signal: AbortSignal): Promise<RecordPage>;
  /** Whether records move between pages while they are read, so that some come twice and others not at all; default: no. */
  readonly isLive?: boolean;
  /** Fields that were not what the list is known for, since they were taken last; undefined where there is nothing to compare with. */
  readonly drifts?: Pick<DriftTally, 'take'> | undefined;
  /** Reads a record. What it cannot read it says in one sentence. */
  read(record: RawRecord): ReadRecord;
}

/**
 * The records of a page in the order of their ids, by the bytes of their characters; of several with one id the last. Ids are as Postgres
 * gives them back, so that a page is the same before and after it was there.
 */
export function inOrder(records: readonly RawRecord[]): RawRecord[] {
  const byId = new Map(
    records.map(({ id, ...record }) => {
      const stored = storableText(id.toWellFormed());
      return [stored, { ...record, id: stored }];
    }),
  );
  return [...byId.values()].toSorted((left, right) => (left.id < right.id ? -1 : 1));
}
