import type { SourceResponse } from './source-message.js';

/** One call as it went over the wire, without secrets. */
export interface CallRecord {
  /** Whole address that was asked; a key never stands in it: one that travels as a parameter is left out. */
  readonly url: string;
  /** Name of the endpoint that was asked. */
  readonly endpoint: string;
  readonly response: SourceResponse;
}
