import type { RawRecord, ReadRecord, RecordPage } from '@app/domain';
import { AnswerReader, readJson, SourceError, wireJson, type AssetList, type DriftPolicy } from '@app/sources';
import { PageCalls, type PageCallsOptions } from './page-calls.js';
import { inOrder, type RecordList } from './record-list.js';

/** How the list of a source is read. */
export interface HttpListOptions extends PageCallsOptions {
  /** How many pages a run reads. */
  readonly pages: number;
  readonly driftPolicy: DriftPolicy;
}

/** The list of a source as records. */
export function httpRecordList(list: AssetList, options: HttpListOptions): RecordList {
  const { pages, driftPolicy } = options;
  const calls = new PageCalls(list, options);
  const source = list.source.name;
  return {
    source,
    firstPage: '1',
    fetchPage: async (page, signal): Promise<RecordPage> => {
      const number = Number(page);
      const { records, isLast, fetchedAt } = await calls.call(number, signal);
      const raw = records.map(({ id, row }, index) => ({
        ...{ id, payload: wireJson(row) },
        place: `row ${index + 1} of page ${page}`,
      }));
      return {
        ...{ page, fetchedAt, records: inOrder(raw) },
        nextPage: isLast || number >= pages ? null : String(number + 1),
      };
    },
    read: (record) => readListed(list, record, driftPolicy),
  };
}

function readListed(list: AssetList, record: RawRecord, driftPolicy: DriftPolicy): ReadRecord {
  try {
    const json = readJson(list.source.name, record.payload);
    return { ...record, asset: list.read(new AnswerReader(list.source.name, json, driftPolicy)) };
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return { ...record, fault: error.detail };
  }
}
