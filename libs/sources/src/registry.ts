import { binanceSource } from './providers/binance.source.js';
import { bitstampSource } from './providers/bitstamp.source.js';
import { coinbaseSource } from './providers/coinbase.source.js';
import { coincapSource } from './providers/coincap.source.js';
import { coingeckoSource } from './providers/coingecko.source.js';
import { coinpaprikaSource } from './providers/coinpaprika.source.js';
import type { Source } from './contract/index.js';
import { SourceAccessError } from './http/source-access.js';
import { deribitSource } from './providers/deribit.source.js';
import { krakenSource } from './providers/kraken.source.js';

/** A new source is one file and one line here, at the end: its id is the next one, and none is ever used again. */
const known: Source[] = [
  deribitSource,
  coingeckoSource,
  coinpaprikaSource,
  coincapSource,
  binanceSource,
  coinbaseSource,
  krakenSource,
  bitstampSource,
];

/** Every source there is: those that Tidemark brings, and those that {@link declareSources} has added. */
export const SOURCES: readonly Source[] = known;

/**
 * Adds the sources that the configuration declares. A process calls it once, first of all: before settings, queues and catalogue
 * follow from the list.
 * @throws SourceAccessError naming every id, name or prefix of settings that is taken.
 */
export function declareSources(declared: readonly Source[]): void {
  const faults = conflictsOf([...known, ...declared]);
  if (faults.length > 0) throw new SourceAccessError('The declared sources are not usable', faults);
  known.push(...declared);
}

/** What two sources share that only one may have. */
export function conflictsOf(sources: readonly Source[]): string[] {
  const shared = (what: string, of: (source: Source) => string): string[] =>
    [...Map.groupBy(sources, of)].flatMap(([value, holders]) =>
      holders.length === 1 ? [] : [`${holders.map(({ name }) => name).join(' and ')} have the same ${what} ${value}`],
    );
  // Settings and queues have no place for the colon of ccxt:kraken, so a name that only differs in that is the same.
  return [...shared('id', ({ id }) => String(id)), ...shared('name', ({ name }) => name.replace(/[^a-z0-9]/g, '-'))];
}

/** The source of this name; undefined when there is none. */
export function sourceByName(name: string): Source | undefined {
  return SOURCES.find((source) => source.name === name);
}

/** The source of this stored id; undefined when there is none. */
export function sourceById(id: number): Source | undefined {
  return SOURCES.find((source) => source.id === id);
}
