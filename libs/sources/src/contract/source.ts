import type { TickerParts } from '@app/domain';
import type { AnswerReader } from './answer-reader.js';
import type {
  OwnCallOptions,
  RequestedTicker,
  SourceReading,
  SourceRequest,
  SourceResponse,
} from './source-message.js';
import type { SourceError } from './source-error.js';

/** What the source publishes as its limit for a plan. */
export interface SourceLimit {
  /** How many calls, or how much weight where calls weigh differently. */
  readonly calls: number;
  readonly perSeconds: number;
  /** Where the number comes from. */
  readonly origin: string;
}

/** What a month of a plan allows, in calls or credits. */
export interface MonthlyCredits {
  readonly credits: number;
  /** Where the number comes from. */
  readonly origin: string;
}

/** One way to be a customer of a source: without a key, with a free one, with a paid one. */
export interface SourcePlan {
  /** E.g. `free`, `demo`, `pro`. */
  readonly name: string;
  /** Where the API lives for this plan, without a slash at the end. */
  readonly baseUrl: string;
  readonly limit: SourceLimit;
  readonly monthly?: MonthlyCredits;
  /** The request header that carries the key; undefined for a plan without one. */
  readonly keyHeader?: (key: string) => readonly [name: string, value: string];
  /** The query parameter that carries the key, where no header does. It is added to the call alone and stands in no record of it. */
  readonly keyParameter?: string;
}

/** Whether a plan asks with a key. */
export function takesKey(plan: Pick<SourcePlan, 'keyHeader' | 'keyParameter'>): boolean {
  return plan.keyHeader !== undefined || plan.keyParameter !== undefined;
}

/** One route of a source that gives prices: a request and a parse. Holds no state. */
export interface SourceEndpoint {
  /** E.g. `simple-price`; stored with every fetch. */
  readonly name: string;
  /** Where it lives when not at the plan's own base URL. A base URL from the settings wins over both. */
  readonly baseUrl?: string;
  /** How many tickers one call may ask for. */
  readonly maxBatch: number;
  /** The longest answer that is read, in bytes, where the client's own bound is too short for an honest one. */
  readonly maxBodyBytes?: number;
  /**
   * The last rank in the source's list that an answer goes to, by the name of the plan: a coin after it is never in it, and has to be asked
   * for at another endpoint. Default: every coin of the list can be in it.
   */
  readonly maxRank?: Readonly<Record<string, number>>;
  /** What a call for so many tickers counts against limit and month; default 1. */
  cost?(tickers: number): number;
  /** The one request that asks for these tickers. */
  request(tickers: readonly RequestedTicker[]): SourceRequest;
  /**
   * Makes the call, where a library brings its own HTTP; `request` is then only what is kept of it. Default: the shared client.
   * @throws SourceError, or anything once the signal is aborted.
   */
  readonly call?: (tickers: readonly RequestedTicker[], options: OwnCallOptions) => Promise<SourceResponse>;
  /** Whether an answer has the outline of this endpoint's, in which it differs from the source's other endpoints. */
  recognises(json: unknown): boolean;
  /**
   * Reads an answer with status 200 that holds no error. A ticker that the answer leaves out, or gives null for, is absent from the
   * result, never 0.
   * @throws SourceError of a kind that follows from the body, never anything else.
   */
  parse(reader: AnswerReader, tickers: readonly RequestedTicker[]): readonly SourceReading[];
}

/** A name in the source's own list. */
export interface ListedName {
  /** As the source is asked for it: `bitcoin`, `XBTUSD`. */
  readonly name: string;
  /** Symbol or base asset in lower case, `btc`; several names may share one. */
  readonly symbol: string;
  /** What the name is priced in, in lower case, when it names a market: `usdt`. Undefined when any currency can be asked for. */
  readonly quote?: string | undefined;
  /** For people: `Bitcoin`. */
  readonly title?: string | undefined;
  /** Its place by size, from 1, where the source names it. */
  readonly rank?: number | undefined;
}

/** The source's own list of what it has a price for. */
export interface SourceNames {
  readonly baseUrl?: string;
  readonly request: SourceRequest;
  /** What the call counts against limit and month; default 1. */
  readonly cost?: number;
  /** Whether a name is of the kind that the list holds; default: every name is. */
  covers?(name: string): boolean;
  /** @throws SourceError */
  parse(reader: AnswerReader): readonly ListedName[];
}

/** A price source: its plans, its endpoints, and its names for things. One file each; holds no state. */
export interface Source {
  /** Stored with every sample; never changes and is never used again. */
  readonly id: number;
  /** Lower case; also the prefix of its settings, in capitals: `COINGECKO_API_KEY`. */
  readonly name: string;
  /** For people: `CoinGecko`. */
  readonly title: string;
  /** The first one is used without a key, unless it needs one itself; the second is the default with a key. */
  readonly plans: readonly [SourcePlan, ...SourcePlan[]];
  /** The first one is the default. */
  readonly endpoints: readonly [SourceEndpoint, ...SourceEndpoint[]];
  /** Which endpoint answers for these tickers; default: the first. */
  endpointFor?(tickers: readonly RequestedTicker[]): SourceEndpoint;
  /** What this source calls a ticker when the catalogue does not say; undefined when it cannot be known. */
  defaultSymbol(ticker: TickerParts): string | undefined;
  /** The currency in which this symbol is quoted, in lower case; default: that of the ticker, since the source converts. */
  quoteOf?(sourceSymbol: string): string | undefined;
  /**
   * The error that an answer holds, under whatever status; undefined when it holds none. Kind `drift` is for words that are not
   * understood; what such an answer is called in the end follows from its status, and is never drift, see `saidBy`.
   * @param json undefined when it is no JSON.
   * @param nowMs the clock, UNIX milliseconds, for an error that names a time until which it lasts.
   */
  explain?(json: unknown, response: SourceResponse, nowMs: number): SourceError | undefined;
  readonly names?: SourceNames;
}

/** The endpoint of a source that answers for these tickers. */
export function endpointFor(source: Source, tickers: readonly RequestedTicker[]): SourceEndpoint {
  return source.endpointFor?.(tickers) ?? source.endpoints[0];
}

/** Of whom an answer is that does not say so itself: of the first that was asked, and of nobody else. */
export function onlyFirst(tickers: readonly RequestedTicker[]): readonly RequestedTicker[] {
  return tickers.slice(0, 1);
}

/** The currency that a name is quoted in, where it is not the ticker's own. */
export function quotedInOf(source: Source, sourceSymbol: string, { quote }: TickerParts): string | undefined {
  const quotedIn = source.quoteOf?.(sourceSymbol);
  return quotedIn === quote ? undefined : quotedIn;
}
