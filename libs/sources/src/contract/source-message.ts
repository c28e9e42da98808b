import type { Quote } from '@app/domain';

/** A ticker with its name at the source that is asked. */
export interface RequestedTicker {
  readonly ticker: string;
  /** E.g. `btc_usd` at Deribit, `bitcoin` at CoinGecko. */
  readonly sourceSymbol: string;
}

/** One GET request: a path below the base URL, and its query in order. */
export interface SourceRequest {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
}

/** An answer as it came: header names in lower case, body as text. */
export interface SourceResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A quote, or why one ticker of an answer cannot be read while the others can. */
export type SourceReading = Quote | UnreadableQuote;

/**
 * One ticker of an answer whose part cannot be read: `drift` when it no longer has the documented shape, `not_a_decimal` when a value of
 * it is missing or `NaN`, where JSON has no such thing.
 */
export interface UnreadableQuote {
  readonly ticker: string;
  readonly rejected: 'drift' | 'not_a_decimal';
  readonly detail: string;
}

/** Whether a reading is a quote, which may be checked and used. */
export function isQuote(reading: SourceReading): reading is Quote {
  return !('rejected' in reading);
}

/** The bounds of a call that a source makes by itself. */
export interface OwnCallOptions {
  readonly timeoutMs: number;
  /** Aborted at the end of that time, and when the caller gives up. */
  readonly signal: AbortSignal;
}
