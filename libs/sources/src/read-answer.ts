import {
  AnswerReader,
  type Drift,
  type DriftPolicy,
  endpointFor,
  type RequestedTicker,
  type Source,
  type SourceEndpoint,
  SourceError,
  type SourceReading,
  type SourceResponse,
  isQuote,
  KIND_OF_UNKNOWN_WORDS,
  longestWait,
  parseRetryAfter,
  readJson,
  tryReadJson,
  waitIn,
} from './contract/index.js';
import { refusalOf, refusalOfNetwork, saidBy, throttlingOf } from './http/refusal.js';

/** A longer body is no refusal that names a wait, in characters. */
const MAX_REFUSAL_LENGTH = 65_536;

/** How an answer is read. */
export interface ReadOptions {
  /** Name of the endpoint that was asked; without it the endpoint is known by the body's shape. */
  readonly endpoint?: string | undefined;
  readonly driftPolicy?: DriftPolicy | undefined;
  /** The clock, UNIX milliseconds, for a `Retry-After` that is a date. */
  readonly nowMs: number;
}

/** What an answer holds. */
export interface ReadAnswer {
  readonly endpoint: string;
  /** A ticker that was asked and is not among them was left out by the source. */
  readonly readings: readonly SourceReading[];
  /** Fields that had drifted, in readings that could be used all the same or that are rejected. */
  readonly drifts: readonly Drift[];
  /** When the answer was made, as far as its `Date` and `Age` tell: a cache hands on old ones with status 200. */
  readonly answeredAt: Date | undefined;
  /** Since when a cache has kept it, as far as its `Age` tells. */
  readonly cachedAt: Date | undefined;
}

/**
 * Reads an answer of a source: the one way from status, headers and body to readings, for a live call, a stored payload and the
 * command line alike. Knows no network and no clock.
 * @throws SourceError, and nothing else.
 */
export function readAnswer(
  source: Source,
  tickers: readonly RequestedTicker[],
  response: SourceResponse,
  options: ReadOptions,
): ReadAnswer {
  try {
    return read(source, tickers, response, options);
  } catch (error) {
    const failure = error instanceof SourceError ? error : unexpected(source, error);
    throw new SourceError(failure.kind, source.name, failure.detail, {
      cause: failure.cause,
      drift: failure.drift,
      httpStatus: response.status,
      retryAfterSeconds: waitAskedFor(failure, response, options.nowMs),
    });
  }
}

/**
 * Reads a list of a source, of its names or of its assets, as {@link readAnswer} reads prices: a refusal is one in whatever form and under whatever status it comes.
 * @throws SourceError, and nothing else.
 */
export function readList<List>(
  source: Source,
  { parse }: { readonly parse: (reader: AnswerReader) => List },
  response: SourceResponse,
  nowMs: number,
): List {
  try {
    if (response.status !== 200) throw refusalOf(source, response, nowMs);
    const json = jsonOf(source, response.body);
    const error = saidBy(source, json, response, nowMs);
    if (error !== undefined) throw refusalInstead(source, json, response.body, error);
    try {
      return parse(new AnswerReader(source.name, json));
    } catch (unread) {
      throw refusalInstead(source, json, response.body, unread);
    }
  } catch (error) {
    const failure = error instanceof SourceError ? error : unexpected(source, error);
    const { kind, detail, cause, drift } = failure;
    const retryAfterSeconds = waitAskedFor(failure, response, nowMs);
    throw new SourceError(kind, source.name, detail, { cause, drift, httpStatus: response.status, retryAfterSeconds });
  }
}

/**
 * How long a failed answer asks to be left alone, in seconds: by its `Retry-After`, by what the source's own form of an error says, and,
 * of a source that is throttled or not available, by what else stands in the body. The longest one counts; undefined when none is named.
 */
function waitAskedFor(failure: SourceError, { headers, body }: SourceResponse, nowMs: number): number | undefined {
  const isForNow = failure.kind === 'rate_limited' || failure.kind === 'unavailable';
  const inBody = isForNow && body.length <= MAX_REFUSAL_LENGTH ? waitIn(tryReadJson(body), body, nowMs) : undefined;
  return longestWait(parseRetryAfter(headers['retry-after'], nowMs), failure.retryAfterSeconds, inBody);
}

/**
 * When an answer was made, by its own headers: `Date` is the time at which the origin wrote it, by the origin's clock, and stays so in a
 * cache; `Age` counts the seconds since. `answeredAt` is by both, `cachedAt` by `Age` alone; undefined where they cannot be read.
 */
export function answerTimes(
  headers: Readonly<Record<string, string>>,
  receivedAtMs: number,
): Pick<ReadAnswer, 'answeredAt' | 'cachedAt'> {
  const date = headers['date'] === undefined ? NaN : Date.parse(headers['date']);
  const age = /^\d{1,9}$/.test(headers['age']?.trim() ?? '') ? Number(headers['age']) : undefined;
  const cachedAtMs = age === undefined ? undefined : receivedAtMs - age * 1000;
  // Some caches put a Date of their own beside the Age of what they keep: the older reading counts.
  const candidates = [date, cachedAtMs ?? NaN].filter((candidate) => !Number.isNaN(candidate));
  return {
    answeredAt: candidates.length === 0 ? undefined : new Date(Math.min(...candidates)),
    cachedAt: cachedAtMs === undefined ? undefined : new Date(cachedAtMs),
  };
}

function read(
  source: Source,
  tickers: readonly RequestedTicker[],
  response: SourceResponse,
  { endpoint: name, driftPolicy, nowMs }: ReadOptions,
): ReadAnswer {
  if (response.status !== 200) throw refusalOf(source, response, nowMs);
  const json = jsonOf(source, response.body);
  const error = saidBy(source, json, response, nowMs);
  if (error !== undefined) throw refusalInstead(source, json, response.body, error);
  const endpoint = endpointOf(source, tickers, json, name);
  const reader = new AnswerReader(source.name, json, driftPolicy);
  const readings = readingsOf(source, reader, response.body, () => endpoint.parse(reader, tickers));
  return { endpoint: endpoint.name, readings, drifts: reader.drifts, ...answerTimes(response.headers, nowMs) };
}

/** The readings of an answer. One without any price may be a refusal in a form that is not the source's own. */
function readingsOf(
  source: Source,
  reader: AnswerReader,
  body: string,
  parse: () => readonly SourceReading[],
): readonly SourceReading[] {
  let readings: readonly SourceReading[];
  try {
    readings = parse();
  } catch (error) {
    throw refusalInstead(source, reader.json, body, error);
  }
  const throttling = readings.some(isQuote) ? undefined : throttlingOf(reader.json, body);
  if (throttling === undefined) return readings;
  throw new SourceError(throttling.kind, source.name, throttling.detail);
}

/**
 * What an answer is that was taken for an error or could not be read, and is a refusal in a form that is not the source's own.
 * Where that form says what is the matter, it stands, but for a rate limit of the network.
 */
function refusalInstead(source: Source, json: unknown, body: string, error: unknown): unknown {
  if (!(error instanceof SourceError) || error.kind === 'rate_limited') return error;
  const isVague = error.kind === 'drift' || error.kind === KIND_OF_UNKNOWN_WORDS;
  const network = refusalOfNetwork(body);
  const refusal = isVague
    ? (throttlingOf(json, body) ?? network)
    : network?.kind === 'rate_limited'
      ? network
      : undefined;
  return refusal === undefined ? error : new SourceError(refusal.kind, source.name, refusal.detail, { cause: error });
}

function endpointOf(
  source: Source,
  tickers: readonly RequestedTicker[],
  json: unknown,
  name: string | undefined,
): SourceEndpoint {
  if (name === undefined) {
    return source.endpoints.find((endpoint) => endpoint.recognises(json)) ?? endpointFor(source, tickers);
  }
  const endpoint = source.endpoints.find((known) => known.name === name);
  if (endpoint === undefined) throw new SourceError('drift', source.name, `there is no endpoint ${name}`);
  return endpoint;
}

function jsonOf(source: Source, body: string): unknown {
  try {
    return readJson(source.name, body);
  } catch (error) {
    // Cloudflare's pages come with status 200 too when a proxy stands in between.
    const network = throttlingOf(undefined, body) ?? refusalOfNetwork(body);
    if (network !== undefined) throw new SourceError(network.kind, source.name, network.detail, { cause: error });
    throw error;
  }
}

/** A fault of ours in a source file: the answer was not understood, and the cause says where. */
function unexpected(source: Source, cause: unknown): SourceError {
  return new SourceError('drift', source.name, 'the answer could not be read', { cause });
}
