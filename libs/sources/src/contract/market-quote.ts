/** How the markets of an exchange are named whose names are base and quote run together. */
export interface RunTogetherNames {
  /** Currencies that the exchange quotes in, in lower case. */
  readonly quotes: readonly string[];
  /** Assets that are known as the first half of a name, in lower case; they decide where a name could be cut in two places. */
  readonly bases: ReadonlySet<string>;
}

/**
 * The currency in which a market is quoted, in lower case: `usdt` for `SOLUSDT`. `USDTUSD` ends in `tusd` as well as in `usd`; it is
 * cut where the first half is an asset that is known, else at the longer one.
 * @returns the last three letters when no currency is known, which is right for most and in any case never takes a market in an
 * unknown currency for one in the ticker's own.
 */
export function quoteOfMarket(name: string, { quotes, bases }: RunTogetherNames): string {
  const market = name.toLowerCase();
  const candidates = quotes
    .filter((quote) => market.endsWith(quote) && market.length > quote.length)
    .sort((left, right) => right.length - left.length);
  const known = candidates.find((quote) => bases.has(market.slice(0, -quote.length)));
  return known ?? candidates[0] ?? market.slice(-3);
}
