import type { BudgetAnswer } from '@app/domain';
import { ASSET_LISTS, SourceError, waitForRoom, type DriftPolicy, type Source } from '@app/sources';
import { csvRecordList } from './csv/csv-list.js';
import { httpRecordList } from './http-list.js';
import type { PageCallsOptions } from './page-calls.js';
import type { RecordList } from './record-list.js';

/** What lists are opened with. */
export interface OpenListOptions extends Omit<PageCallsOptions, 'takeCall'> {
  readonly driftPolicy: DriftPolicy;
  /** Folder with CSV files and their layouts; undefined: none. */
  readonly csvFolder: string | undefined;
  /** How many pages of a list are read, by source; default: what the list says. */
  readonly pages?: Readonly<Record<string, number>>;
  /** Asks limit and month for a call; undefined: anything is allowed. */
  readonly takeCall: TakeCall | undefined;
}

/** Asks limit and month for a call. @param keptFree the part of the limit that is left to others, from 0 to 1. */
export type TakeCall = (source: Source, cost: number, nowMs: number, keptFree: number) => Promise<BudgetAnswer>;

/** Lists leave this part of each limit to prices, which have to come in time. */
const KEPT_FREE = 0.5;

/** The source of the files of a folder. */
export const CSV_SOURCE = 'csv';

/** How long a run waits for room under the limit of its source, in milliseconds. */
const MAX_WAIT_MS = 120_000;

/** The sources whose lists can be read: those of APIs, and `csv` where a folder is named. */
export function listSources(csvFolder: string | undefined): string[] {
  return [...ASSET_LISTS.map(({ source }) => source.name), ...(csvFolder === undefined ? [] : [CSV_SOURCE])];
}

/** Opens the list of a source. @throws Error that names those that can be read; LayoutsError. */
export async function openList(source: string, options: OpenListOptions): Promise<RecordList> {
  const { csvFolder, pages, takeCall, onWait, now } = options;
  if (source === CSV_SOURCE && csvFolder !== undefined) return csvRecordList(csvFolder, { now });
  const list = ASSET_LISTS.find((each) => each.source.name === source);
  if (list === undefined)
    throw new Error(`there is no list of ${source}: known are ${listSources(csvFolder).join(', ')}`);
  return httpRecordList(list, {
    ...{ ...options, pages: pages?.[source] ?? list.defaultPages },
    takeCall: async ({ source: of, cost = 1 }, signal) => {
      if (takeCall === undefined) return;
      const take = (nowMs: number) => takeCall(of, cost, nowMs, KEPT_FREE);
      const said = (afterMs: number) => onWait?.({ source, afterMs, why: 'for room under its limit' });
      if (await waitForRoom(of, { take, now, maxWaitMs: MAX_WAIT_MS, signal, onWait: said })) return;
      throw new SourceError('rate_limited', of.name, 'the credits of this month are spent');
    },
  });
}
