import type { RawRecord, ReadRecord, RecordPage } from '@app/domain';
import {
  AnswerReader,
  readJson,
  SourceError,
  wireJson,
  type AssetList,
  type DriftPolicy,
  type SourceClient,
} from '@app/sources';
import { inOrder, type RecordList } from './record-list.js';

/** How the list of a source is read. */
export interface HttpListOptions {
  readonly client: Pick<SourceClient, 'fetchPage'>;
  /** How many pages a run reads. */
  readonly pages: number;
  readonly driftPolicy: DriftPolicy;
  /** Waits until the source's limit and month have room for a call. @throws when they will not have in time. */
  readonly takeCall: (list: AssetList, signal: AbortSignal) => Promise<void>;
}

/** The time for one page, in milliseconds. */
const PAGE_TIMEOUT_MS = 30_000;

/** The list of a source as records. */
export function httpRecordList(list: AssetList, options: HttpListOptions): RecordList {
  const { client, pages, driftPolicy, takeCall } = options;
  const source = list.source.name;
  return {
    source,
    firstPage: '1',
    fetchPage: async (page, signal): Promise<RecordPage> => {
      await takeCall(list, signal);
      const number = Number(page);
      const { records, isLast, fetchedAt } = await client.fetchPage(list, number, {
        timeoutMs: PAGE_TIMEOUT_MS,
        signal,
      });
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
