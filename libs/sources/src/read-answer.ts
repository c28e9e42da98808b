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
  readJson,
} from './contract/index.js';
import { refusalOf, refusalOfNetwork } from './http/refusal.js';
import { parseRetryAfter } from './contract/retry-after.js';

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
      retryAfterSeconds: parseRetryAfter(response.headers['retry-after'], options.nowMs) ?? failure.retryAfterSeconds,
    });
  }
}

/**
 * When an answer was made, by its own headers: `Date` is the time at which the origin wrote it, and stays so in a cache; `Age` counts
 * the seconds since. Undefined when neither can be read.
 */
export function answeredAt(headers: Readonly<Record<string, string>>, receivedAtMs: number): Date | undefined {
  const date = headers['date'] === undefined ? NaN : Date.parse(headers['date']);
  const age = /^\d{1,9}$/.test(headers['age']?.trim() ?? '') ? Number(headers['age']) : undefined;
  const candidates = [
    ...(Number.isNaN(date) ? [] : [date]),
    // Some caches put a Date of their own beside the Age of what they keep: the older reading counts.
    ...(age === undefined ? [] : [receivedAtMs - age * 1000]),
  ];
  return candidates.length === 0 ? undefined : new Date(Math.min(...candidates));
}

function read(
  source: Source,
  tickers: readonly RequestedTicker[],
  response: SourceResponse,
  { endpoint: name, driftPolicy, nowMs }: ReadOptions,
): ReadAnswer {
  if (response.status !== 200) throw refusalOf(source, response, nowMs);
  const json = jsonOf(source, response.body);
  const error = source.explain?.(json, response, nowMs);
  if (error !== undefined) throw error;
  const endpoint = endpointOf(source, tickers, json, name);
  const reader = new AnswerReader(source.name, json, driftPolicy);
  const readings = endpoint.parse(reader, tickers);
  return { endpoint: endpoint.name, readings, drifts: reader.drifts, answeredAt: answeredAt(response.headers, nowMs) };
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
    const network = refusalOfNetwork(body);
    if (network !== undefined) throw new SourceError(network.kind, source.name, network.detail, { cause: error });
    throw error;
  }
}

/** A fault of ours in a source file: the answer was not understood, and the cause says where. */
function unexpected(source: Source, cause: unknown): SourceError {
  return new SourceError('drift', source.name, 'the answer could not be read', { cause });
}
