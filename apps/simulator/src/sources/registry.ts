import type { PriceStyle } from '../market/price-style.js';
import { binance } from './binance.source.js';
import { bitstamp } from './bitstamp.source.js';
import { coinbase } from './coinbase.source.js';
import { coincap } from './coincap.source.js';
import { coingecko } from './coingecko.source.js';
import { coinpaprika } from './coinpaprika.source.js';
import { deribit } from './deribit.source.js';
import { kraken } from './kraken.source.js';
import type { SimulatedSource, WireForm } from './simulated-source.js';
import type { SourceName } from './source-names.js';

/** Every simulated source, by its name. */
export const SIMULATED_SOURCES: Readonly<Record<SourceName, SimulatedSource>> = {
  deribit,
  coingecko,
  coinpaprika,
  coincap,
  binance,
  coinbase,
  kraken,
  bitstamp,
};

const STYLES: ReadonlyMap<string, PriceStyle> = new Map(
  Object.values(SIMULATED_SOURCES).map(({ name, style }) => [name, style] as const),
);

/** How a source writes its prices. */
export function styleOf(source: string): PriceStyle {
  const style = STYLES.get(source);
  if (style === undefined) throw new RangeError(`there is no simulated source "${source}"`);
  return style;
}

/**
 * What a source's own name stands for, in the order in which its answers are usually read: first what the source is asked for
 * by that name, then what else it writes under it.
 * @param quote the currency asked for; only CoinGecko and CoinPaprika need it.
 * @returns nothing when the source does not know the name or the currency.
 */
export function formsOf(source: SourceName, name: string, quote: string): readonly WireForm[] {
  return SIMULATED_SOURCES[source].formsOf(name, quote);
}
