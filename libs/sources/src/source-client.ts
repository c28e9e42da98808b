import { performance } from 'node:perf_hooks';
import type { Quote } from '@app/domain';
import { type RequestedTicker, type Source, SourceError, type SourceResponse } from './contract/index.js';
import { exchange } from './exchange.js';
import { ConnectionPool, type HttpAgentsOptions } from './http-agents.js';
import { refusalOf, refusalOfNetwork } from './refusal.js';
import { parseRetryAfter } from './retry-after.js';
import { transportFailure } from './transport-failure.js';

/** 5 MiB: the largest answer of these APIs that was taped, a page of 250 coins, has 0.3 MiB. */
const DEFAULT_MAX_BODY_BYTES = 5 * 1024 * 1024;

/** How a {@link SourceClient} works. */
export interface SourceClientOptions extends HttpAgentsOptions {
  /** Where a source is asked instead of at its own address, by the source's name: the simulator, or a mirror. */
  readonly baseUrls?: Readonly<Record<string, string | undefined>>;
  /** The longest body that is read, in bytes after decompression. Default: 5 MiB. */
  readonly maxBodyBytes?: number;
  /** Told to the sources as `User-Agent: tidemark/<version>`. */
  readonly version?: string;
  /** The clock, in UNIX milliseconds: `Date.now`, or a test's. */
  readonly now: () => number;
}

/** The bounds of one call. */
export interface FetchOptions {
  /** The time for all of it, from the first name looked up to the last byte. */
  readonly timeoutMs: number;
  /** Gives the call up, when the worker stops. */
  readonly signal?: AbortSignal | undefined;
}

/** A call that was answered. A ticker that was asked and is not among the quotes was left out by the source. */
export interface SourceAnswer {
  readonly quotes: readonly Quote[];
  readonly requestedAt: Date;
  readonly receivedAt: Date;
  readonly httpStatus: number;
  /** By a clock that never steps back. */
  readonly latencyMs: number;
}

/** Asks sources over HTTP. One per process; {@link SourceClient.close} it at the end. */
export class SourceClient {
  private readonly pool: ConnectionPool;
  private readonly userAgent: string;
  private readonly maxBodyBytes: number;

  /** @throws Error when a base URL or the proxy is no http or https URL; the message does not repeat it. */
  constructor(private readonly options: SourceClientOptions) {
    for (const [name, url] of Object.entries(options.baseUrls ?? {})) {
      if (url !== undefined && !(URL.canParse(url) && /^https?:$/.test(new URL(url).protocol))) {
        throw new Error(`The base URL of ${name} does not begin with http:// or https://.`);
      }
    }
    this.pool = new ConnectionPool(options);
    this.userAgent = options.version === undefined ? 'tidemark' : `tidemark/${options.version}`;
    this.maxBodyBytes = options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
  }

  /**
   * Asks a source once for these tickers.
   * @throws SourceError, and nothing else: with the kind, the status and `Retry-After` where there are any, and the
   * times of the call. A call given up by the caller's signal is `unavailable`.
   */
  async fetch(source: Source, tickers: readonly RequestedTicker[], options: FetchOptions): Promise<SourceAnswer> {
    const requestedAt = new Date(this.options.now());
    const startedMs = performance.now();
    let response: SourceResponse | undefined;
    let receivedAt: Date | undefined;
    try {
      response = await this.call(source, tickers, options);
      receivedAt = new Date(this.options.now());
      const latencyMs = Math.round(performance.now() - startedMs);
      const quotes = readQuotes(source, tickers, response);
      return { quotes, requestedAt, receivedAt, httpStatus: response.status, latencyMs };
    } catch (error) {
      const failure = error instanceof SourceError ? error : unexpected(source, error);
      throw new SourceError(failure.kind, source.name, failure.detail, {
        cause: failure.cause,
        httpStatus: response?.status,
        retryAfterSeconds: parseRetryAfter(response?.headers['retry-after'], this.options.now()),
        requestedAt,
        receivedAt,
      });
    }
  }

  /** Closes all connections; calls that are under way fail. */
  close(): void {
    this.pool.destroy();
  }

  private async call(
    source: Source,
    tickers: readonly RequestedTicker[],
    options: FetchOptions,
  ): Promise<SourceResponse> {
    if (tickers.length === 0 || tickers.length > source.maxBatch) {
      throw new SourceError('drift', source.name, `asked for ${tickers.length} tickers, takes 1 to ${source.maxBatch}`);
    }
    if (!(options.timeoutMs > 0)) throw new SourceError('timeout', source.name, 'no time left for the call');
    if (isAborted(options.signal)) throw new SourceError('unavailable', source.name, 'given up before the call');
    const url = this.urlOf(source, tickers);
    // One signal over everything: a time-out of got's own begins anew with every attempt. 2^31 - 1 ms is what a timer
    // can hold.
    const deadline = AbortSignal.timeout(Math.min(Math.ceil(options.timeoutMs), 2 ** 31 - 1));
    const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]);
    try {
      return await exchange(source, {
        url,
        agents: this.pool.agentsFor(url),
        userAgent: this.userAgent,
        signal,
        maxBodyBytes: this.maxBodyBytes,
      });
    } catch (error) {
      if (error instanceof SourceError) throw error;
      if (isAborted(options.signal)) throw new SourceError('unavailable', source.name, 'given up by the caller');
      if (deadline.aborted) throw new SourceError('timeout', source.name, `no answer in ${options.timeoutMs} ms`);
      throw transportFailure(source, error);
    }
  }

  private urlOf(source: Source, tickers: readonly RequestedTicker[]): URL {
    const { path, query } = source.request(tickers);
    const base = this.options.baseUrls?.[source.name] ?? source.baseUrl;
    const url = new URL(base.replace(/\/+$/, '') + path);
    for (const [name, value] of Object.entries(query)) url.searchParams.append(name, value);
    return url;
  }
}

function readQuotes(source: Source, tickers: readonly RequestedTicker[], response: SourceResponse): readonly Quote[] {
  if (response.status !== 200) throw refusalOf(source, response);
  try {
    return source.parse(response.body, tickers);
  } catch (error) {
    const network = error instanceof SourceError && error.kind === 'malformed' && refusalOfNetwork(response.body);
    // Cloudflare's pages come with status 200 too when a proxy stands in between.
    if (network) throw new SourceError(network.kind, source.name, network.detail, { cause: error });
    throw error;
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

/** A fault of ours in a source file: the answer was not understood, and the cause says where. */
function unexpected(source: Source, cause: unknown): SourceError {
  return new SourceError('drift', source.name, 'the answer could not be read', { cause });
}
