import { nearestNames, nearNames } from './nearest-names.js';

/** A ticker taken apart: `btc_usd` is base `btc` priced in quote `usd`. */
export interface TickerParts {
  readonly ticker: string;
  readonly base: string;
  readonly quote: string;
}

/** The longest ticker accepted, in characters; two names of at most 31 and the underscore. */
export const MAX_TICKER_LENGTH = 63;

const TICKER = /^([a-z0-9-]{1,31})_([a-z0-9-]{1,31})$/;

/**
 * Takes a ticker apart.
 * @returns undefined when the text is not `base_quote` in lower case.
 */
export function parseTicker(text: string): TickerParts | undefined {
  const match = TICKER.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  return { ticker: text, base: match[1], quote: match[2] };
}

/** How the name of a ticker that a person wrote was understood. */
export type ReadTicker =
  | { readonly parts: TickerParts; readonly fault?: undefined }
  /** Why it could not be, as the rest of a sentence that begins with the name. */
  | { readonly parts?: undefined; readonly fault: string };

/** What {@link readTicker} understands, as a pattern for documents. */
export const TICKER_PATTERN = '^[A-Za-z0-9-]{1,31}[_/-][A-Za-z0-9-]{1,31}$';

/**
 * Understands a ticker as people write it: `btc_usd`, `BTC_USD`, `BTC/USD` or `BTC-USD`. Names may hold hyphens (`usd-coin_usd`), so a
 * hyphen separates base and quote only where it is the one hyphen and nothing else separates them.
 */
export function readTicker(text: string): ReadTicker {
  const noTicker = { fault: 'is no ticker: write base and quote as in btc_usd, BTC/USD or BTC-USD' };
  // Only ASCII: there are letters of other scripts that become one of ours in lower case.
  if (!/^[A-Za-z0-9_/-]+$/.test(text)) return noTicker;
  const lower = text.toLowerCase();
  const separated = lower.replace('/', '_');
  const hyphens = lower.split('-').length - 1;
  if (!separated.includes('_') && hyphens > 1) {
    return { fault: `has ${hyphens} hyphens, so base and quote cannot be told apart: write ${likelyTickers(lower)}` };
  }
  const parts = parseTicker(separated.includes('_') ? separated : lower.replace('-', '_'));
  return parts === undefined ? noTicker : { parts };
}

/** Longest part of a wrong text that is repeated, in characters. */
const MAX_REPEATED_LENGTH = 64;

/** Says of a ticker that nobody knows what is wrong with it, and which of the known ones may be meant. @param known canonical tickers. */
export function unknownTickerFault(written: string, known: readonly string[]): string {
  const { parts, fault } = readTicker(written);
  const name = parts?.ticker ?? written;
  const near = nearNames(name, known);
  const suggestion =
    near.length > 0
      ? `did you mean ${near.join(' or ')}?`
      : known.length > 0
        ? `the nearest are ${nearestNames(name, known).join(', ')}`
        : 'none is catalogued yet';
  const repeated = name.length <= MAX_REPEATED_LENGTH ? name : `${name.slice(0, MAX_REPEATED_LENGTH)}…`;
  return `${repeated} ${fault === undefined ? 'is not known: ' : `${fault}; `}${suggestion}`;
}

/** The two that a text with several hyphens most likely stands for: the quote is seldom the longer name. */
function likelyTickers(text: string): string {
  const [first, last] = [text.indexOf('-'), text.lastIndexOf('-')];
  return [last, first].map((at) => `${text.slice(0, at)}_${text.slice(at + 1)}`).join(' or ');
}
