/** The sources that the simulator speaks. */
export const SOURCE_NAMES = [
  'deribit',
  'coingecko',
  'coinpaprika',
  'coincap',
  'binance',
  'coinbase',
  'kraken',
  'bitstamp',
] as const;

/** One of {@link SOURCE_NAMES}. */
export type SourceName = (typeof SOURCE_NAMES)[number];
