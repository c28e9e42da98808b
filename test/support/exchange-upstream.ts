import type { AnswerServer } from '../../libs/sources/src/testing/answer-server.contract.js';

/** How an exchange answers for many symbols in one call, as far as refusals go. */
interface Exchange {
  /** The symbols of a call for prices; undefined for a call for the list. */
  symbolsOf(url: URL): readonly string[] | undefined;
  prices(symbols: readonly string[], nowMs: number): unknown;
  list(symbols: readonly string[]): unknown;
  readonly refusal: { readonly status: number; readonly body: unknown };
}

/** Kraken and Binance with the answers that matter here. Every price is 100. */
export const EXCHANGES = {
  kraken: {
    symbolsOf: (url) => url.searchParams.get('pair')?.split(','),
    prices: (symbols) => ({
      error: [],
      result: Object.fromEntries(symbols.map((name) => [name, { c: ['100', '1'] }])),
    }),
    list: (symbols) => ({ error: [], result: Object.fromEntries(symbols.map((altname) => [altname, { altname }])) }),
    refusal: { status: 200, body: { error: ['EQuery:Unknown asset pair'] } },
  },
  binance: {
    symbolsOf: (url) => {
      const symbols = url.searchParams.get('symbols');
      return symbols === null ? undefined : (JSON.parse(symbols) as string[]);
    },
    prices: (symbols, nowMs) =>
      symbols.map((symbol) => ({
        ...{
          symbol,
          openPrice: '100',
          highPrice: '100',
          lowPrice: '100',
          lastPrice: '100',
          volume: '1',
          quoteVolume: '1',
        },
        ...{ openTime: 1, closeTime: nowMs, firstId: 1, lastId: 1, count: 1 },
      })),
    list: (symbols) => ({
      symbols: symbols.map((symbol) => ({ symbol, status: 'TRADING', baseAsset: 'X', quoteAsset: 'USDT' })),
    }),
    refusal: { status: 400, body: { code: -1121, msg: 'Invalid symbol.' } },
  },
} as const satisfies Record<string, Exchange>;

/** An exchange that refuses every call with a symbol that it does not know, and says what it was asked. */
export class ExchangeUpstream {
  /** Symbols of each call for prices, with commas between; `list` for one for the list. */
  calls: string[] = [];
  readonly delisted = new Set<string>();
  /** What its list has; undefined: its list answers {@link listStatus}. */
  listed: readonly string[] | undefined;
  listStatus = 503;
  /** Answers calls for prices in place of the usual: a status, or undefined for the usual. */
  failWith: (call: number) => number | undefined = () => undefined;
  /** Refuses everybody. */
  isConfused = false;

  constructor(
    server: AnswerServer,
    exchange: Exchange,
    /** The clock, milliseconds since 1970: every answer has its `Date`. */
    now: () => number,
  ) {
    server.answerWith((request, response) => {
      const symbols = exchange.symbolsOf(new URL(request.url ?? '', 'http://localhost'));
      this.calls.push(symbols?.join(',') ?? 'list');
      const send = (status: number, body: unknown): void => {
        response.writeHead(status, { 'content-type': 'application/json', date: new Date(now()).toUTCString() });
        response.end(JSON.stringify(body));
      };
      if (symbols === undefined) {
        if (this.listed === undefined) send(this.listStatus, {});
        else send(200, exchange.list(this.listed));
        return;
      }
      const failure = this.failWith(this.calls.length);
      if (failure !== undefined) send(failure, {});
      else if (this.isConfused || symbols.some((symbol) => this.delisted.has(symbol)))
        send(exchange.refusal.status, exchange.refusal.body);
      else send(200, exchange.prices(symbols, now()));
    });
  }
}
