import type { Quote, TickerParts } from '@app/domain';
import type { SourceError } from './source-error.js';

/** A ticker with its name at the source that is asked. */
export interface RequestedTicker {
  readonly ticker: string;
  /** E.g. `btc_usd` at Deribit, `bitcoin` at CoinGecko. */
  readonly sourceName: string;
}

/** One GET request: a path below the source's base URL, and its query in order. */
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

/** What the source publishes as its limit for the plan that needs no key. */
export interface SourceLimit {
  readonly calls: number;
  readonly perSeconds: number;
  /** Where the number comes from. */
  readonly origin: string;
}

/** A price source: a request and a parse, and what is known of its manners. One file each; holds no state. */
export interface Source {
  /** Stored with every sample; never changes and is never used again. */
  readonly id: number;
  readonly name: string;
  /** Where the API lives, without a slash at the end. */
  readonly baseUrl: string;
  /** How many tickers one call may ask for. */
  readonly maxBatch: number;
  readonly limit: SourceLimit;
  /** The name of a ticker at this source when the catalogue gives none; undefined when it cannot be known. */
  defaultName(ticker: TickerParts): string | undefined;
  /** The one request that asks for these tickers. */
  request(tickers: readonly RequestedTicker[]): SourceRequest;
  /**
   * Reads an answer with status 200. A ticker that the answer leaves out is absent from the result, never 0.
   * @throws SourceError of a kind that follows from the body, never anything else.
   */
  parse(body: string, tickers: readonly RequestedTicker[]): readonly Quote[];
  /** Reads what this source writes into an answer with another status; undefined leaves it to the status alone. */
  explain?(response: SourceResponse): SourceError | undefined;
}
