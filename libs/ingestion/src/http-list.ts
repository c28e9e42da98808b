import type { RecordPage } from '@app/domain';
import {
  AnswerReader,
  readJson,
  SourceError,
  wireJson,
  type AssetList,
  type Drift,
  type DriftPolicy,
} from '@app/sources';
import { DriftTally } from '@app/storage';
import { PageCalls, type PageCallsOptions } from './page-calls.js';
import { inOrder, type RecordList } from './record-list.js';
import { timeFault } from './time-fault.js';

/** How the list of a source is read. */
export interface HttpListOptions extends PageCallsOptions {
  /** How many pages a run reads. */
  readonly pages: number;
  readonly driftPolicy: DriftPolicy;
}

/** Names the lists among the endpoints of a source whose fields may drift. */
const ENDPOINT = 'asset-list';

/** The list of a source as records. */
export function httpRecordList(list: AssetList, options: HttpListOptions): RecordList {
  const { pages, driftPolicy, now } = options;
  const { name, id: sourceId } = list.source;
  const calls = new PageCalls(list, options);
  const drifts = new DriftTally();
  const noteDrift = ({ field, detail }: Drift): void =>
    drifts.add({ source: name, sourceId }, { endpoint: ENDPOINT, field, detail, names: [], seenAt: new Date(now()) });
  return {
    source: name,
    firstPage: '1',
    isLive: true,
    drifts,
    fetchPage: async (page, signal): Promise<RecordPage> => {
      const number = Number(page);
      try {
        const { records, isLast, fetchedAt } = await calls.call(number, signal);
        const raw = records.map(({ id, row }, index) => {
          const place = `row ${index + 1} of page ${page}`;
          // One without a name is read all the same, and found to have none.
          return { id: id ?? place, place, payload: wireJson(row) };
        });
        const nextPage = isLast || number >= pages ? null : String(number + 1);
        return { page, fetchedAt, records: inOrder(raw), nextPage };
      } catch (error) {
        if (error instanceof SourceError && error.kind === 'drift')
          noteDrift(error.drift ?? { field: [], detail: error.detail });
        throw error;
      }
    },
    read: (record) => {
      const reader = new AnswerReader(name, readJson(name, record.payload), driftPolicy);
      try {
        const asset = list.read(reader);
        const fault = timeFault(asset.updatedAt, now());
        return fault === undefined ? { ...record, asset } : { ...record, fault };
      } catch (error) {
        if (!(error instanceof SourceError)) throw error;
        return { ...record, fault: error.detail };
      } finally {
        for (const drift of reader.drifts) noteDrift(drift);
      }
    },
  };
}
