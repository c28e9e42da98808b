import type { Quote, SourceErrorKind } from '@app/domain';
import { parseFixture, valueAt, type JsonPath } from './mutate-json.contract.js';
import { WireNumber } from '../contract/read-json.js';
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

/** Where the time of each price stands in the first good body. */
export interface TimeFields {
  readonly paths: Readonly<Record<string, JsonPath>>;
  /** JSON texts that are no time of this source; default: another unit, zero, a negative one, a fraction. */
  readonly wrong?: readonly string[];
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
  /** Left out where the answer has no time of the price. */
  readonly timeFields?: TimeFields;
  /** Errors that this source wraps in a 200; default: none are known. */
  readonly errorBodies?: readonly ErrorBody[];
  /** Default: none are known beside what every status means. */
  readonly refusals?: readonly Refusal[];
  /** When the good bodies are taken to have arrived, not before the times in them; default: 5 s after the newest. */
  readonly receivedAt?: Date;
  /** The key to ask with, for a source that gives nothing without one. */
  readonly apiKey?: string;
}

/** A contract with everything that it left out. */
export type WholeContract = SourceContract &
  Required<Pick<SourceContract, 'errorBodies' | 'refusals' | 'receivedAt'>> & {
    readonly timeFields?: Required<TimeFields>;
  };

/** When answers without a time are taken to have arrived. */
const ANY_TIME = new Date('2026-01-01T12:00:00Z');

/** Fills in what a contract leaves out. */
export function wholeContract(contract: SourceContract): WholeContract {
  const { timeFields, ...others } = contract;
  return {
    errorBodies: [],
    refusals: [],
    receivedAt: arrivalOf(contract.goodBodies),
    ...others,
    ...(timeFields === undefined
      ? {}
      : { timeFields: { paths: timeFields.paths, wrong: timeFields.wrong ?? wrongTimesOf(contract, timeFields) } }),
  };
}

function arrivalOf(bodies: readonly GoodBody[]): Date {
  const times = bodies.flatMap(({ quotes }) => quotes.flatMap(({ sourceTime }) => sourceTime?.getTime() ?? []));
  return times.length === 0 ? ANY_TIME : new Date(Math.max(...times) + 5_000);
}

/** The time of the first good body in other units, and what is none at all. */
function wrongTimesOf({ goodBodies: [first] }: SourceContract, { paths }: TimeFields): readonly string[] {
  const [path = []] = Object.values(paths);
  const value = valueAt(parseFixture(first.body), path);
  const text = value instanceof WireNumber ? value.text : typeof value === 'string' ? value : '';
  if (!/^\d+$/.test(text)) return ['0', 'yesterday', String(Date.parse(text)), String(Date.parse(text) / 1000)];
  return [`${text}000`, text.slice(0, -3), '0', `-${text}`, `${text}.5`];
}
