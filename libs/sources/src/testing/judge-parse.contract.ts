import { type Quote, SOURCE_ERROR_KINDS, type SourceErrorKind, checkQuote } from '@app/domain';
import { readAnswer } from '../read-answer.js';
import { SourceError } from '../contract/source-error.js';
import { type Source } from '../contract/source.js';
import { isQuote, type RequestedTicker } from '../contract/source-message.js';

/** What became of one body. */
export type ParseOutcome =
  | { readonly quotes: readonly Quote[]; readonly unreadable: readonly string[] }
  | { readonly kind: SourceErrorKind; readonly detail: string }
  | { readonly thrown: unknown };

/** A body to be parsed, and what an honest parser may make of it. */
export interface ParseCase {
  readonly source: Source;
  readonly endpoint?: string | undefined;
  readonly body: string;
  readonly asked: readonly RequestedTicker[];
  /** The quotes that the unspoilt answer holds. */
  readonly expected: readonly Quote[];
  /** When the answer is taken to have arrived, for the domain's check. */
  readonly receivedAt: Date;
}

/** Reads a body with status 200 and says what became of it; never throws. */
export function outcomeOf(
  source: Source,
  body: string,
  asked: readonly RequestedTicker[],
  endpoint?: string,
): ParseOutcome {
  try {
    const { readings } = readAnswer(source, asked, { status: 200, headers: {}, body }, { endpoint, nowMs: 0 });
    return {
      quotes: readings.filter(isQuote),
      unreadable: readings.filter((reading) => !isQuote(reading)).map((reading) => reading.ticker),
    };
  } catch (error) {
    const isOurs = error instanceof SourceError && SOURCE_ERROR_KINDS.includes(error.kind);
    // A parser that stumbled is called drift in the end; here it is a fault.
    if (isOurs && error.kind === 'drift' && error.cause instanceof Error) return { thrown: error.cause };
    return isOurs ? { kind: error.kind, detail: error.detail } : { thrown: error };
  }
}

/**
 * What is wrong with the way a source read a spoilt answer; empty when nothing is. It may throw a SourceError, leave
 * tickers out, give the true quotes where the spoilt field does not matter, or give a quote that the domain's check
 * rejects.
 */
export function faultsOf(parsed: ParseCase): string[] {
  const outcome = outcomeOf(parsed.source, parsed.body, parsed.asked, parsed.endpoint);
  if ('thrown' in outcome) return [`threw something else than a SourceError: ${String(outcome.thrown)}`];
  if ('kind' in outcome) return [];
  const faults = outcome.quotes.flatMap((quote) => faultsOfQuote(quote, parsed));
  const tickers = outcome.quotes.map((quote) => quote.ticker);
  return new Set(tickers).size === tickers.length ? faults : [...faults, 'gave a ticker twice'];
}

/** The tickers of which an answer gave a quote that the domain accepts. */
export function acceptedTickers(parsed: ParseCase): string[] {
  const outcome = outcomeOf(parsed.source, parsed.body, parsed.asked, parsed.endpoint);
  if (!('quotes' in outcome)) return [];
  return outcome.quotes.filter((quote) => isAccepted(quote, parsed.receivedAt)).map((quote) => quote.ticker);
}

function faultsOfQuote(quote: Quote, { asked, expected, receivedAt }: ParseCase): string[] {
  if (!asked.some(({ ticker }) => ticker === quote.ticker)) return [`gave ${quote.ticker}, which nobody asked for`];
  if (typeof quote.price !== 'string') return [`gave a price for ${quote.ticker} that is no text`];
  if (!isAccepted(quote, receivedAt)) return [];
  const right = expected.find(({ ticker }) => ticker === quote.ticker);
  if (right?.price !== quote.price) return [`gave ${quote.price} for ${quote.ticker}, which is wrong and accepted`];
  // To claim no time is never wrong; to claim another one is.
  const isSameTime = quote.sourceTime === undefined || quote.sourceTime.getTime() === right.sourceTime?.getTime();
  return isSameTime ? [] : [`gave a wrong time for ${quote.ticker}`];
}

function isAccepted(quote: Quote, receivedAt: Date): boolean {
  return checkQuote(quote, { receivedAt }).outcome === 'accepted';
}
