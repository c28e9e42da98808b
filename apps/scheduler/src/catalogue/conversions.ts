import { isStablecoinToDollar, parseTicker, rateTickerOf } from '@app/domain';
import { quotedInOf, sourceById, SOURCES } from '@app/sources';
import type { TickerConfiguration } from '@app/storage';
import { CatalogueError } from './resolve-ticker.js';

/** A price that is converted by that of another ticker. */
interface Conversion {
  readonly ticker: string;
  readonly source: string;
  readonly quotedIn: string;
  readonly quote: string;
  readonly rateTicker: string;
}

/** A conversion whose rate nobody measures. */
export interface MissingRate {
  readonly ticker: string;
  readonly rateTicker: string;
  /** A sentence with its cure. */
  readonly message: string;
}

/** How many sources a sentence names as a cure. */
const MOST_SOURCES_NAMED = 3;

/** Checks that no price is converted by itself, over however many others. @throws CatalogueError */
export function checkConversions(configurations: readonly TickerConfiguration[]): void {
  const byTicker = Map.groupBy(configurations.flatMap(conversionsOf), ({ ticker }) => ticker);
  const faults = [...byTicker.values()].flatMap((conversions) =>
    conversions.flatMap((conversion) => {
      const way = wayBack(conversion, byTicker);
      if (way === undefined) return [];
      const { ticker, source, quotedIn, quote } = conversion;
      return [
        `${ticker}: ${source} quotes it in ${quotedIn}, and it would be converted by itself: ${way.join(', ')}; name sources that quote one of them in ${quote}`,
      ];
    }),
  );
  if (faults.length > 0) throw new CatalogueError(faults);
}

/** The rates that tickers need and the catalogue does not have. @param stablecoinsAtPar none is needed from USDT or USDC to USD. */
export function missingRates(
  of: readonly TickerConfiguration[],
  catalogue: readonly TickerConfiguration[],
  stablecoinsAtPar: boolean,
): MissingRate[] {
  const known = new Set(catalogue.map(({ ticker }) => ticker));
  return of
    .flatMap(conversionsOf)
    .filter(({ rateTicker }) => !known.has(rateTicker))
    .filter(({ quotedIn, quote }) => !stablecoinsAtPar || !isStablecoinToDollar(quotedIn, quote))
    .map(({ ticker, source, quotedIn, rateTicker }) => ({
      ticker,
      rateTicker,
      message: `${ticker}: ${source} quotes it in ${quotedIn}, and every sample of it will be rejected as no_conversion_rate until ${rateTicker} is sampled too: POST /tickers ${cure(rateTicker)}`,
    }));
}

function conversionsOf({ ticker, sources }: TickerConfiguration): Conversion[] {
  const parts = parseTicker(ticker);
  if (parts === undefined) return [];
  return sources.flatMap(({ sourceId, quotedIn }) =>
    quotedIn === undefined
      ? []
      : [
          {
            ticker,
            source: sourceById(sourceId)?.name ?? String(sourceId),
            quotedIn,
            quote: parts.quote,
            rateTicker: rateTickerOf(quotedIn, parts.quote),
          },
        ],
  );
}

/** The tickers by which a conversion comes back to its own; undefined when it does not. */
function wayBack(first: Conversion, byTicker: ReadonlyMap<string, readonly Conversion[]>): string[] | undefined {
  const ways: string[][] = [[first.ticker, first.rateTicker]];
  const seen = new Set<string>();
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    const last = way.at(-1) ?? '';
    if (last === first.ticker) return way.slice(1);
    if (seen.has(last)) continue;
    seen.add(last);
    for (const next of byTicker.get(last) ?? []) ways.push([...way, next.rateTicker]);
  }
  return undefined;
}

/** The request that makes a rate be sampled, by sources that quote it as it is. */
function cure(rateTicker: string): string {
  const parts = parseTicker(rateTicker);
  const sources = SOURCES.filter((source) => {
    const name = parts === undefined ? undefined : source.defaultSymbol(parts);
    return parts !== undefined && name !== undefined && quotedInOf(source, name, parts) === undefined;
  });
  const names = sources.slice(0, MOST_SOURCES_NAMED).map(({ name }) => name);
  return JSON.stringify({ ticker: rateTicker, sources: names.length === 0 ? ['...'] : names });
}
