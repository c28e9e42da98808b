import type { PriceStyle } from '../market/price-style.js';
import type { PriceWriter } from './price-writer.js';
import type { SourceAnswer } from './source-answer.js';

/** A call as a source sees it. */
export interface SourceRequest {
  /** Path below the source's base address, without a slash at the end. */
  readonly path: string;
  /** What stood in the place of `{}` in the route's path, decoded; empty when the path has none. */
  readonly parameter: string;
  /** A parameter of the query; the last one when it came several times, as the real services take it. */
  query(name: string): string | undefined;
  header(name: string): string | undefined;
}

/** What a call asks for. */
export interface Asked {
  /** By the source's own names. */
  readonly names: readonly string[];
  /** Set when it asks for everything there is, so that it meets the faults of every name. */
  readonly all?: boolean;
  /** What it costs of the source's limit; 1 without it. */
  readonly weight?: number;
}

/** What a name at a source stands for. */
export interface WireForm {
  readonly ticker: string;
  /** Set when the answer holds the inverse of the price: units of the coin for one unit of money. */
  readonly inverted?: true;
}

/** One path of a source. */
export interface SourceRoute {
  /** Below the source's base address, e.g. `/tickers/{}`; `{}` stands for one part. */
  readonly path: string;
  asked?(request: SourceRequest): Asked;
  /** The right answer; every price in it is written by the writer. */
  answer(request: SourceRequest, writer: PriceWriter): SourceAnswer;
}

/** A source of the simulated market: one file each, with its names, its paths and its answers. */
export interface SimulatedSource {
  /** That of the source in Tidemark. */
  readonly name: string;
  /** Where it answers, e.g. `/coinpaprika/v1`: the path of the real base address below the source's name. */
  readonly prefix: string;
  readonly style: PriceStyle;
  readonly routes: readonly SourceRoute[];
  /**
   * What a name stands for, in the order in which its answers are usually read; empty when the source does not know it.
   * Made-up assets are known here whether they are switched on or not.
   * @param quote the currency asked for; names of most sources hold their own.
   */
  formsOf(name: string, quote: string): readonly WireForm[];
  /** The currencies that a call asks for, where names do not hold their own. */
  quotesOf?(request: SourceRequest): readonly string[];
  /** What it answers under a status that a fault asks for: its own shape for it. */
  failing(status: number, request: SourceRequest, writer: PriceWriter): SourceAnswer;
  /** What it answers to a path that it does not have. */
  unknown(request: SourceRequest, writer: PriceWriter): SourceAnswer;
}
