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

/** A new stand-in is one file and one line here. */
const known: SimulatedSource[] = [deribit, coingecko, coinpaprika, coincap, binance, coinbase, kraken, bitstamp];

/** Every simulated source: those of Tidemark's own sources, and those that {@link simulateSources} has added. */
export const SIMULATED_SOURCES: readonly SimulatedSource[] = known;

/** Adds stand-ins for the sources that the configuration declares. A simulator calls it once, before it listens. */
export function simulateSources(sources: readonly SimulatedSource[]): void {
  known.push(...sources);
}

/** The names of all simulated sources. */
export function simulatedNames(): readonly string[] {
  return SIMULATED_SOURCES.map(({ name }) => name);
}

/** The simulated source of this name. @throws RangeError when there is none. */
export function simulatedSource(name: string): SimulatedSource {
  const source = SIMULATED_SOURCES.find((candidate) => candidate.name === name);
  if (source === undefined) throw new RangeError(`there is no simulated source "${name}"`);
  return source;
}

/** How a source writes its prices. @throws RangeError when there is no simulated source of this name. */
export function styleOf(source: string): PriceStyle {
  return simulatedSource(source).style;
}

/**
 * What a source's own name stands for, in the order in which its answers are usually read: first what the source is asked for
 * by that name, then what else it writes under it.
 * @param quote the currency asked for; only CoinGecko and CoinPaprika need it.
 * @returns nothing when the source does not know the name or the currency.
 * @throws RangeError when there is no simulated source of this name.
 */
export function formsOf(source: string, name: string, quote: string): readonly WireForm[] {
  return simulatedSource(source).formsOf(name, quote);
}
