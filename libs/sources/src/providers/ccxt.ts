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
  wireText,
} from '../contract/index.js';

/** How long the list of an exchange's markets may take, in milliseconds; it is loaded once, and goes on when a call gives up. */
const MARKETS_TIMEOUT_MS = 30_000;

/** What an answer of ccxt is written as, so that it is kept and read again as any other. All numbers are texts. */
const ANSWER = z.object({
  symbol: wireText,
  last: wireText.nullable(),
  timestamp: wireText.nullable().transform((text, context) => {
    const time = text === null ? null : unixTime(text, 1000);
    if (time !== undefined) return time;
    context.addIssue({ code: 'custom', message: 'expected UNIX milliseconds between 2010 and 2100 as text' });
    return z.NEVER;
  }),
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
    parse: (reader, tickers) => {
      const { symbol, last, timestamp } = reader.shape(ANSWER);
      return reader.each(tickers, ({ ticker, sourceSymbol }) =>
        last === null || symbol !== sourceSymbol
          ? undefined
          : { ticker, price: last, sourceTime: timestamp ?? undefined },
      );
    },
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
    const { last, timestamp, ...ticker } = await exchange.fetchTicker(symbol);
    const body = {
      symbol: ticker.symbol ?? symbol,
      last: last === undefined ? null : String(last),
      timestamp: timestamp === undefined ? null : String(timestamp),
    };
    return { status: 200, headers: {}, body: JSON.stringify(body) };
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
