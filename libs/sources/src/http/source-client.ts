import { performance } from 'node:perf_hooks';
import {
  type AssetList,
  type DriftPolicy,
  endpointFor,
  type ListedName,
  type ListedPage,
  type RequestedTicker,
  type Source,
  type SourceEndpoint,
  SourceError,
  type SourcePlan,
  type CallRecord,
  type SourceRequest,
  type SourceResponse,
} from '../contract/index.js';
import { makeCall } from './call.js';
import { withoutSecrets } from './hide-secrets.js';
import { ConnectionPool, type HttpAgentsOptions } from './http-agents.js';
import { type ReadAnswer, readAnswer, readList } from '../read-answer.js';
import { lacksKey, planOf, type SourceAccess, type SourceAccesses } from './source-access.js';
import { transportFailure } from './transport-failure.js';

/** The longest body that is read, in bytes: 5 MiB. The largest answer of these APIs that was taped, a page of 250 coins, has 0.3 MiB. */
export const DEFAULT_MAX_BODY_BYTES = 5 * 1024 * 1024;

/** The longest list of names, in bytes: CoinGecko's has about 1 MiB, the markets of Binance some 10. */
const MAX_LIST_BYTES = 32 * 1024 * 1024;

/** How a {@link SourceClient} works. */
export interface SourceClientOptions extends HttpAgentsOptions {
  /** Keys, plans and other addresses of the sources, by name. */
  readonly access?: SourceAccesses;
  /** What is done about a field that has drifted. Default: `reject`. */
  readonly driftPolicy?: DriftPolicy;
  /** The longest body that is read, in bytes after decompression. Default: what the endpoint says, else 5 MiB. */
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

/** A call that was answered. A ticker that was asked and is not among the readings was left out by the source. */
export interface SourceAnswer extends ReadAnswer {
  readonly requestedAt: Date;
  readonly receivedAt: Date;
  readonly httpStatus: number;
  /** By a clock that never steps back. */
  readonly latencyMs: number;
  /** What was asked and answered, for the record. */
  readonly call: CallRecord;
}

/** A page of a list of assets. */
export interface FetchedPage extends ListedPage {
  /** When its answer was there. */
  readonly fetchedAt: Date;
}

/** Asks sources over HTTP. One per process; {@link SourceClient.close} it at the end. */
export class SourceClient {
  private readonly pool: ConnectionPool;
  private readonly userAgent: string;

  /** @throws Error when a base URL, plan or the proxy cannot be used; the message does not repeat it. */
  constructor(private readonly options: SourceClientOptions) {
    for (const [name, access] of Object.entries(options.access ?? {})) {
      const url = access?.baseUrl;
      if (url !== undefined && !(URL.canParse(url) && /^https?:$/.test(new URL(url).protocol))) {
        throw new Error(`The base URL of ${name} does not begin with http:// or https://.`);
      }
    }
    this.pool = new ConnectionPool(options);
    this.userAgent = options.version === undefined ? 'tidemark' : `tidemark/${options.version}`;
  }

  /**
   * Asks a source once for these tickers.
   * @throws SourceError, and nothing else: with the kind, the status and `Retry-After` where there are any, the
   * times of the call, and what was answered. A call given up by the caller's signal is `unavailable`.
   */
  async fetch(source: Source, tickers: readonly RequestedTicker[], options: FetchOptions): Promise<SourceAnswer> {
    const requestedAt = new Date(this.options.now());
    const startedMs = performance.now();
    let made: CallRecord | undefined;
    let receivedAt: Date | undefined;
    try {
      const endpoint = endpointFor(source, tickers);
      checkBatch(source, tickers, endpoint.maxBatch);
      const url = this.urlOf(source, endpoint.request(tickers), endpoint.baseUrl);
      const maxBodyBytes = this.options.maxBodyBytes ?? endpoint.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
      const own =
        endpoint.call === undefined ? undefined : this.ownCallOf(source, endpoint, tickers, options.timeoutMs);
      const response = await this.call(source, { url, maxBodyBytes, own }, options);
      receivedAt = new Date(this.options.now());
      const latencyMs = Math.round(performance.now() - startedMs);
      made = { url: url.href, endpoint: endpoint.name, response };
      const answer = readAnswer(source, tickers, response, {
        endpoint: endpoint.name,
        driftPolicy: this.options.driftPolicy,
        nowMs: receivedAt.getTime(),
      });
      return { ...answer, requestedAt, receivedAt, httpStatus: response.status, latencyMs, call: made };
    } catch (error) {
      const failure = error instanceof SourceError ? error : unexpected(source, error);
      const { drift } = failure;
      throw new SourceError(failure.kind, source.name, this.safe(source, failure.detail), {
        cause: failure.cause,
        drift: drift === undefined ? undefined : { ...drift, detail: this.safe(source, drift.detail) },
        call: made,
        httpStatus: made?.response.status,
        retryAfterSeconds: failure.retryAfterSeconds,
        requestedAt,
        receivedAt,
      });
    }
  }

  /**
   * Asks a source for its own list of names; undefined when it has none.
   * @throws SourceError, and nothing else.
   */
  async fetchNames(source: Source, options: FetchOptions): Promise<readonly ListedName[] | undefined> {
    const { names } = source;
    if (names === undefined) return undefined;
    try {
      const url = this.urlOf(source, names.request, names.baseUrl);
      const response = await this.call(source, { url, maxBodyBytes: MAX_LIST_BYTES }, options);
      return readList(source, { parse: (reader) => names.parse(reader) }, response, this.options.now());
    } catch (error) {
      throw this.failureOf(source, error);
    }
  }

  /**
   * Asks a source for a page of its list of assets.
   * @param page from 1.
   * @throws SourceError, and nothing else.
   */
  async fetchPage(list: AssetList, page: number, options: FetchOptions): Promise<FetchedPage> {
    const { source, maxBodyBytes } = list;
    try {
      const response = await this.call(source, { url: this.urlOf(source, list.request(page)), maxBodyBytes }, options);
      const fetchedAt = new Date(this.options.now());
      return {
        ...readList(source, { parse: (reader) => list.parse(reader) }, response, fetchedAt.getTime()),
        fetchedAt,
      };
    } catch (error) {
      throw this.failureOf(source, error);
    }
  }

  private failureOf(source: Source, error: unknown): SourceError {
    const failure = error instanceof SourceError ? error : unexpected(source, error);
    const { kind, detail, cause, drift, httpStatus, retryAfterSeconds } = failure;
    return new SourceError(kind, source.name, this.safe(source, detail), {
      cause,
      drift: drift === undefined ? undefined : { ...drift, detail: this.safe(source, drift.detail) },
      httpStatus,
      retryAfterSeconds,
    });
  }

  /** Closes all connections; calls that are under way fail. */
  close(): void {
    this.pool.destroy();
  }

  private async call(
    source: Source,
    { url, maxBodyBytes, own }: SourceCall,
    options: FetchOptions,
  ): Promise<SourceResponse> {
    const access = this.accessOf(source);
    if (lacksKey(source, access)) throw new SourceError('unauthorized', source.name, 'needs a key, and none is set');
    if (!(options.timeoutMs > 0)) throw new SourceError('timeout', source.name, 'no time left for the call');
    if (isAborted(options.signal)) throw new SourceError('unavailable', source.name, 'given up before the call');
    // One signal over everything: a time-out of got's own begins anew with every attempt. 2^31 - 1 ms is what a timer
    // can hold.
    const deadline = AbortSignal.timeout(Math.min(Math.ceil(options.timeoutMs), 2 ** 31 - 1));
    const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]);
    try {
      if (own !== undefined) return await own(signal);
      const plan = planOf(source, access);
      return await makeCall(source, {
        url: withKey(url, plan, access.apiKey),
        agents: this.pool.agents,
        userAgent: this.userAgent,
        keyHeader: access.apiKey === undefined ? undefined : plan.keyHeader?.(access.apiKey),
        signal,
        maxBodyBytes,
      });
    } catch (error) {
      if (error instanceof SourceError) throw error;
      if (isAborted(options.signal)) throw new SourceError('unavailable', source.name, 'given up by the caller');
      if (deadline.aborted) throw new SourceError('timeout', source.name, `no answer in ${options.timeoutMs} ms`);
      throw transportFailure(source, error);
    }
  }

  private ownCallOf(
    source: Source,
    endpoint: SourceEndpoint,
    tickers: readonly RequestedTicker[],
    timeoutMs: number,
  ): (signal: AbortSignal) => Promise<SourceResponse> {
    const { call } = endpoint;
    // A simulated run must never get a real price from a library that knows nothing of the other address.
    if (call === undefined || this.accessOf(source).baseUrl !== undefined) {
      throw new SourceError('unavailable', source.name, 'cannot be asked at another address than its own');
    }
    return (signal) => call(tickers, { timeoutMs, signal });
  }

  private urlOf(source: Source, { path, query }: SourceRequest, ownBaseUrl?: string): URL {
    const access = this.accessOf(source);
    const base = access.baseUrl ?? ownBaseUrl ?? planOf(source, access).baseUrl;
    const url = new URL(base.replace(/\/+$/, '') + path);
    for (const [name, value] of Object.entries(query)) url.searchParams.append(name, value);
    return url;
  }

  /** A source may repeat the key in its refusal, or the address with it. */
  private safe(source: Source, text: string): string {
    const { apiKey } = this.accessOf(source);
    return apiKey === undefined ? text : withoutSecrets(text, [apiKey]);
  }

  private accessOf(source: Source): SourceAccess {
    return this.options.access?.[source.name] ?? {};
  }
}

/** What is called, and how much of its answer is read. */
interface SourceCall {
  readonly url: URL;
  readonly maxBodyBytes: number;
  /** Makes the call, for a source that brings its own HTTP. */
  readonly own?: ((signal: AbortSignal) => Promise<SourceResponse>) | undefined;
}

/** The address with the key, where a parameter carries it: what is kept of the call has the address without. */
function withKey(url: URL, { keyParameter }: SourcePlan, apiKey: string | undefined): URL {
  if (keyParameter === undefined || apiKey === undefined) return url;
  const keyed = new URL(url);
  keyed.searchParams.append(keyParameter, apiKey);
  return keyed;
}

function checkBatch(source: Source, tickers: readonly RequestedTicker[], maxBatch: number): void {
  if (tickers.length > 0 && tickers.length <= maxBatch) return;
  throw new SourceError('drift', source.name, `asked for ${tickers.length} tickers, takes 1 to ${maxBatch}`);
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

/** A fault of ours in a source file: the answer was not understood, and the cause says where. */
function unexpected(source: Source, cause: unknown): SourceError {
  return new SourceError('drift', source.name, 'the answer could not be read', { cause });
}
