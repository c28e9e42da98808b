import { type RequestedTicker, SourceError } from '../contract/index.js';
import { type IsolatedSymbols, isolateSymbols, type SymbolCall, type SymbolGroup } from '../http/isolate-symbols.js';

/** A call with a symbol that is not known. */
export const REFUSAL = new SourceError('not_found', 'kraken', 'error EQuery:Unknown asset pair');
/** A call too many. */
export const LIMITED = new SourceError('rate_limited', 'kraken', 'HTTP 429');
/** A call that says nothing of a symbol. */
export const DOWN = new SourceError('unavailable', 'kraken', 'HTTP 503');

/** A source that refuses every call with a symbol that it does not know, and counts. */
export class RefusingUpstream {
  /** The symbols of each call. */
  readonly calls: string[] = [];
  /** How often its list was asked for. */
  lists = 0;

  constructor(
    private readonly unknown: ReadonlySet<string>,
    /** What its list has; undefined: it has none. */
    private readonly listed?: ReadonlySet<string>,
  ) {}

  /** Answers a call for these. */
  ask(members: readonly RequestedTicker[]): SymbolCall<string> {
    const symbols = members.map(({ sourceSymbol }) => sourceSymbol);
    this.calls.push(symbols.join(','));
    return symbols.some((symbol) => this.unknown.has(symbol))
      ? { kind: 'refused', error: REFUSAL }
      : { kind: 'answered', answer: symbols.join(',') };
  }

  /** Which of these its list lacks. */
  async unlisted(symbols: readonly string[]): Promise<ReadonlySet<string> | undefined> {
    this.lists += 1;
    return this.listed && new Set(symbols.filter((symbol) => !this.listed?.has(symbol)));
  }
}

/** A ticker for each symbol. */
export function members(...symbols: readonly string[]): RequestedTicker[] {
  return symbols.map((sourceSymbol) => ({ ticker: `${sourceSymbol.toLowerCase()}_usd`, sourceSymbol }));
}

/** Isolates what the upstream refuses. */
export function isolate(
  upstream: RefusingUpstream,
  groups: readonly SymbolGroup<RequestedTicker>[],
  { room = Infinity, together = false } = {},
): Promise<IsolatedSymbols<RequestedTicker, string>> {
  let left = room;
  return isolateSymbols({
    groups,
    together,
    ask: async (asked) => (left-- > 0 ? upstream.ask(asked) : { kind: 'not_asked' }),
    unlisted: (symbols) => upstream.unlisted(symbols),
  });
}

/** A batch of which nothing bad is known. */
export const whole = (...symbols: readonly string[]): SymbolGroup<RequestedTicker>[] => [
  { members: members(...symbols), isSuspect: false },
];
