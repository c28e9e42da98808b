import { alignColumns } from '../align-columns.js';
import { wrapLines } from '@app/process';
import type { Attempt } from './fetch-prices.js';

/** What a fetch has come to. */
export interface FetchReport {
  /** The prices that were asked for and accepted. */
  readonly prices: readonly Attempt[];
  /** The tickers that got none. */
  readonly missing: readonly string[];
  /** Everything that was asked, in order. */
  readonly attempts: readonly Attempt[];
  /** The snapshot; null when none was written. */
  readonly file: string | null;
}

/** The report as one JSON object; what is not known is null. */
export function fetchJson({ prices, missing, attempts, file }: FetchReport): string {
  return `${JSON.stringify({ prices: prices.map(wire), missing, attempts: attempts.map(wire), file }, null, 2)}\n`;
}

/** The report as a table. @param columns how wide it may be, in characters. */
export function fetchTable({ prices, missing, attempts, file }: FetchReport, columns: number): string {
  const head = ['TICKER', 'SOURCE', 'OUTCOME', 'PRICE', 'SOURCE TIME', 'LATENCY'];
  // Who was not asked is of interest only where nobody had the ticker.
  const said = attempts.filter(({ outcome, ticker }) => outcome !== 'unasked' || missing.includes(ticker));
  const rows = said.map((attempt) => [
    attempt.ticker,
    attempt.source,
    attempt.reason === undefined ? attempt.outcome : `${attempt.outcome}: ${attempt.reason}`,
    attempt.price ?? '-',
    attempt.sourceTime?.toISOString().replace(/\.\d+Z$/, 'Z') ?? '-',
    attempt.latencyMs === undefined ? '-' : `${attempt.latencyMs} ms`,
  ]);
  const notes = said.flatMap((attempt) => {
    const note = noteOf(attempt);
    return note === '' ? [] : [wrapLines(`  ${attempt.ticker}, ${attempt.source}: ${note}\n`, columns)];
  });
  const total = prices.length + missing.length;
  const lack = missing.length === 0 ? '' : `; none for ${missing.join(', ')}`;
  const written = file === null ? '' : `Written: ${file}\n`;
  const summary = wrapLines(`${prices.length} of ${total} tickers have a price${lack}.`, columns);
  return `${alignColumns([head, ...rows], columns)}${notes.join('')}\n${summary}\n${written}`;
}

function noteOf({ detail, quotedIn, raw, rate, rateTicker, flags = [] }: Attempt): string {
  if (detail !== undefined) return detail;
  if (quotedIn !== undefined)
    return `${raw} ${quotedIn} at ${rateTicker} ${rate}${flags.includes('at_par') ? ', taken for a dollar' : ''}`;
  return flags.join(', ');
}

function wire(attempt: Attempt) {
  return {
    ticker: attempt.ticker,
    source: attempt.source,
    outcome: attempt.outcome,
    reason: attempt.reason ?? null,
    detail: attempt.detail ?? null,
    price: attempt.price ?? null,
    source_symbol: attempt.sourceSymbol ?? null,
    raw: attempt.raw ?? null,
    quoted_in: attempt.quotedIn ?? null,
    rate: attempt.rate ?? null,
    rate_ticker: attempt.rateTicker ?? null,
    flags: attempt.flags ?? [],
    source_time: attempt.sourceTime?.toISOString() ?? null,
    requested_at: attempt.requestedAt?.toISOString() ?? null,
    received_at: attempt.receivedAt?.toISOString() ?? null,
    latency_ms: attempt.latencyMs ?? null,
  };
}
