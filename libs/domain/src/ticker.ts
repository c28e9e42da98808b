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
