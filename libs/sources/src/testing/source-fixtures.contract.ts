import type { Quote, SourceErrorKind } from '@app/domain';
import type { JsonPath } from './mutate-json.contract.js';
import type { Source } from '../contract/source.js';
import type { RequestedTicker } from '../contract/source-message.js';

/** An answer in the documented shape, and exactly the quotes that stand in it. */
export interface GoodBody {
  readonly name: string;
  readonly body: string;
  /** What was asked for; default: all tickers of the contract. */
  readonly tickers?: readonly RequestedTicker[];
  readonly quotes: readonly Quote[];
}

/** An error that comes with status 200. */
export interface ErrorBody {
  readonly name: string;
  readonly body: string;
  readonly kind: SourceErrorKind;
}

/** A refusal with a status of its own. */
export interface Refusal extends ErrorBody {
  readonly status: number;
}

/** What a source brings to be tested. The fixtures are written for the test, in the documented shape. */
export interface SourceContract {
  readonly source: Source;
  /** The endpoint that these tickers are asked at; default: the first. Each endpoint has a contract of its own. */
  readonly endpoint?: string;
  /** What is asked for, at most `maxBatch` of them; all are in the first good body. */
  readonly tickers: readonly RequestedTicker[];
  /** The first one is the one that is spoilt field by field; it has every field that the source documents. */
  readonly goodBodies: readonly [GoodBody, ...GoodBody[]];
  /** Where the price of each ticker stands in the first good body. */
  readonly priceFields: Readonly<Record<string, JsonPath>>;
  /** The last step of those paths is the name of a coin or currency, so that another name is another coin and no drift. */
  readonly priceFieldsAreNames?: true;
  /** Where the time of each price stands in it, and JSON texts that are no time of this source: another unit, zero. */
  readonly timeFields?: { readonly paths: Readonly<Record<string, JsonPath>>; readonly wrong: readonly string[] };
  readonly errorBodies: readonly ErrorBody[];
  readonly refusals: readonly Refusal[];
  /** When the good bodies are taken to have arrived: not before the times in them. */
  readonly receivedAt: Date;
  /** The key to ask with, for a source that gives nothing without one. */
  readonly apiKey?: string;
}
