import type { SourceErrorKind } from '@app/domain';
import { z } from 'zod';
import { ccxtSourceId } from './ccxt-exchanges.js';
import { type CcxtExchange, type CcxtLibrary, loadCcxt } from './ccxt-library.js';
import {
  KIND_OF_UNKNOWN_WORDS,
  type OwnCallOptions,
  oneLine,
  type RequestedTicker,
  type Source,
  type SourceEndpoint,
  SourceError,
  type SourceResponse,
  saysRateLimit,
  unixTime,
  waitIn,
  wireIsoTime,
  wireText,
} from '../contract/index.js';

/** How long the list of an exchange's markets may take, in milliseconds; it is loaded once, and goes on when a call gives up. */
const MARKETS_TIMEOUT_MS = 30_000;

/** A time that is further ahead of our clock is none of a price that was just asked for, in milliseconds. */
const MAX_LEAD_MS = 60_000;

/** Two times of one ticker that lie further apart are not one time in two forms, in milliseconds. */
const MAX_DIFFERENCE_MS = 1_000;

/** What an answer of ccxt is written as, so that it is kept and read again as any other. All numbers are texts. */
const ANSWER = z.object({
  symbol: wireText,
  last: wireText.nullable(),
  timestamp: wireText.nullish(),
  datetime: wireText.nullish(),
});

/**
 * An exchange that is asked by the ccxt library, which brings its own HTTP and knows how each exchange is spoken to.
 * @returns undefined for an exchange that is not in the list of ids.
 */
export function ccxtSource(
  exchange: string,
  load: () => Promise<CcxtLibrary> = loadCcxt,
  now: () => number = Date.now,
): Source | undefined {
  const id = ccxtSourceId(exchange);
  if (id === undefined) return undefined;
  const name = `ccxt:${exchange}`;
  const market = new CcxtMarket(exchange, name, load, now);
  const ticker: SourceEndpoint = {
    name: 'fetch-ticker',
    maxBatch: 1,
    // What is kept of the call; ccxt decides which address it asks.
    request: (tickers) => ({
      path: '/fetch-ticker',
      query: { symbol: tickers.map(({ sourceSymbol }) => sourceSymbol).join(',') },
    }),
    call: (tickers, options) => market.fetch(tickers, options),
    recognises: () => true,
    parse: (reader, tickers) =>
      reader.each(tickers, ({ ticker, sourceSymbol }) => {
        const { symbol, last, ...times } = reader.shape(ANSWER);
        return last === null || symbol !== sourceSymbol
          ? undefined
          : { ticker, price: last, sourceTime: timeOf(times) };
      }),
  };
  return {
    id,
    name,
    title: `${exchange} by ccxt`,
    plans: [
      {
        name: 'free',
        baseUrl: `ccxt://${exchange}`,
        limit: {
          calls: 1,
          perSeconds: 1,
          origin: 'ccxt keeps the limit of each exchange by itself; no more than this is asked of it',
        },
      },
    ],
    endpoints: [ticker],
    defaultSymbol: ({ base, quote }) => `${base}/${quote}`.toUpperCase(),
    quoteOf: (symbol) => /\/([^/:]+)/.exec(symbol)?.[1]?.toLowerCase(),
  };
}

/** The time of a ticker in the two forms of ccxt; it makes the second of the first, where the exchange has one. */
interface TickerTimes {
  /** UNIX milliseconds. */
  readonly timestamp?: string | null | undefined;
  /** ISO 8601, in UTC. */
  readonly datetime?: string | null | undefined;
}

/**
 * The time of a ticker. Some exchanges have only one of both forms, and for some the number is in another unit, which its length tells;
 * a price without a time is none the worse.
 * @returns undefined when neither is a time between 2010 and 2100, or when they are two different ones.
 */
function timeOf({ timestamp, datetime }: TickerTimes): Date | undefined {
  const iso = wireIsoTime.safeParse(datetime);
  const [time, other] = [unixTimeOfAnyUnit(timestamp ?? ''), iso.data].filter((read) => read !== undefined);
  if (time === undefined || other === undefined) return time;
  return Math.abs(time.getTime() - other.getTime()) < MAX_DIFFERENCE_MS ? time : undefined;
}

/** Reads UNIX seconds, milliseconds, microseconds or nanoseconds, with a decimal fraction or without. */
function unixTimeOfAnyUnit(text: string): Date | undefined {
  const [, whole = '', fraction = ''] = /^(\d{10}|\d{13}|\d{16}|\d{19})(?:\.(\d*))?$/.exec(text) ?? [];
  return unixTime(`${whole}${whole.length === 10 ? fraction.padEnd(3, '0') : ''}`.slice(0, 13), 1000);
}

/** A value as text; undefined for what an exchange does not give. */
function textOf(value: string | number | null | undefined): string | undefined {
  return value === null || value === undefined ? undefined : String(value);
}

/** One exchange of the library, made when it is asked for the first time. */
class CcxtMarket {
  private ready: Promise<CcxtExchange> | undefined;

  constructor(
    private readonly exchange: string,
    private readonly source: string,
    private readonly load: () => Promise<CcxtLibrary>,
    private readonly now: () => number,
  ) {}

  /** @throws SourceError */
  async fetch([asked]: readonly RequestedTicker[], { timeoutMs, signal }: OwnCallOptions): Promise<SourceResponse> {
    const symbol = asked?.sourceSymbol ?? '';
    try {
      // Whoever gives up waiting leaves the rest to go on by itself: its time is bounded too.
      return await Promise.race([this.ask(symbol, timeoutMs), rejected(signal)]);
    } catch (error) {
      if (error instanceof SourceError || signal.aborted) throw error;
      const words = error instanceof Error ? error.message : String(error);
      const kind = kindOf(error);
      const isThrottled = kind === 'rate_limited' || (kind === KIND_OF_UNKNOWN_WORDS && saysRateLimit(words));
      throw new SourceError(isThrottled ? 'rate_limited' : kind, this.source, oneLine(words), {
        cause: error,
        retryAfterSeconds: isThrottled ? waitIn(undefined, words, this.now()) : undefined,
      });
    }
  }

  private async ask(symbol: string, timeoutMs: number): Promise<SourceResponse> {
    this.ready ??= this.open();
    const exchange = await this.ready;
    exchange.timeout = Math.ceil(timeoutMs);
    const ticker = await exchange.fetchTicker(symbol);
    const body = {
      symbol: ticker.symbol ?? symbol,
      last: textOf(ticker.last) ?? null,
      ...this.timesOf({ timestamp: textOf(ticker.timestamp), datetime: textOf(ticker.datetime) }),
    };
    return { status: 200, headers: {}, body: JSON.stringify(body) };
  }

  /** The times as they came. Those that lie ahead are kept as what they are, and read by nobody. */
  private timesOf(times: TickerTimes): Readonly<Record<string, unknown>> {
    const isAhead = (timeOf(times)?.getTime() ?? 0) > this.now() + MAX_LEAD_MS;
    return isAhead ? { timestamp: null, ahead: times } : { ...times, timestamp: times.timestamp ?? null };
  }

  private async open(): Promise<CcxtExchange> {
    try {
      const Exchange = (await this.library())[this.exchange];
      if (Exchange === undefined) {
        throw new SourceError('not_found', this.source, `the installed ccxt has no exchange ${this.exchange}`);
      }
      // Numbers as the texts that stood on the wire; its own limit on top of ours.
      const exchange = new Exchange({ number: String, enableRateLimit: true, timeout: MARKETS_TIMEOUT_MS });
      await exchange.loadMarkets();
      return exchange;
    } catch (error) {
      this.ready = undefined;
      throw error;
    }
  }

  private async library(): Promise<CcxtLibrary> {
    try {
      return await this.load();
    } catch (cause) {
      const detail =
        'the package ccxt cannot be loaded: it is optional, and `npm install --include=optional` brings it';
      throw new SourceError('unavailable', this.source, detail, { cause });
    }
  }
}

/** Never resolves. */
function rejected(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}

/** By the names of ccxt's errors, the narrower before the wider: RateLimitExceeded is a NetworkError too. */
const KIND_OF_ERROR: ReadonlyMap<string, SourceErrorKind> = new Map([
  ['RateLimitExceeded', 'rate_limited'],
  ['DDoSProtection', 'rate_limited'],
  ['RequestTimeout', 'timeout'],
  ['PermissionDenied', 'forbidden_region'],
  ['RestrictedLocation', 'forbidden_region'],
  ['AuthenticationError', 'unauthorized'],
  ['BadSymbol', 'not_found'],
  ['NetworkError', 'unavailable'],
  ['ExchangeClosedByUser', 'unavailable'],
  ['OnMaintenance', 'unavailable'],
  ['BadResponse', 'malformed'],
  ['NullResponse', 'malformed'],
  // What an exchange says in words that ccxt does not know: see KIND_OF_UNKNOWN_WORDS.
  ['OperationFailed', KIND_OF_UNKNOWN_WORDS],
  ['ExchangeError', KIND_OF_UNKNOWN_WORDS],
]);

function kindOf(error: unknown): SourceErrorKind {
  let type: unknown = typeof error === 'object' && error !== null ? error.constructor : undefined;
  while (typeof type === 'function' && type.name !== '') {
    const kind = KIND_OF_ERROR.get(type.name);
    if (kind !== undefined) return kind;
    type = Object.getPrototypeOf(type) as unknown;
  }
  return 'drift';
}
