import type { AssetValues } from '@app/domain';
import type { AnswerReader } from './answer-reader.js';
import type { SourceRequest } from './source-message.js';
import type { Source } from './source.js';

/** A record of a list, as it came. */
export interface ListedRecord {
  /** Unique in the list, and as long as the asset is in it: `bitcoin`; undefined: it has none that can be one. */
  readonly id: string | undefined;
  /** Its part of the answer, with every number as a `WireNumber`. */
  readonly row: unknown;
}

/** A page of a list. */
export interface ListedPage {
  /** In whatever order. */
  readonly records: readonly ListedRecord[];
  /** Whether others come after it. */
  readonly isLast: boolean;
}

/** The list of all assets of a source: requests for its pages, and what they say. Holds no state. */
export interface AssetList {
  /** Who gives it: its limit, its month and its queue hold for these calls too. */
  readonly source: Source;
  /** How many pages are read in a run unless the settings say otherwise. */
  readonly defaultPages: number;
  /** What the call for a page counts against limit and month; default 1. */
  readonly cost?: number;
  /** The longest page that is read, in bytes. */
  readonly maxBodyBytes: number;
  /** @param page from 1. */
  request(page: number): SourceRequest;
  /** @throws SourceError `drift` when it is no page of this list. */
  parse(reader: AnswerReader): ListedPage;
  /**
   * What a record says.
   * @param reader of the record alone.
   * @throws SourceError `drift` naming the field that differs, `malformed`.
   */
  read(reader: AnswerReader): AssetValues;
}
