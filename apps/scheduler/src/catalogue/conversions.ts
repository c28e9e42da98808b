import { checkLimitsOf, isStablecoinToDollar, parseTicker, rateTickerOf } from '@app/domain';
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
  /** Seconds between two slots in which the source is asked. */
  readonly intervalSeconds: number;
  /** The oldest rate that the ticker takes; undefined: of any age. */
  readonly maxRateAgeSeconds: number | undefined;
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

/** Which conversions {@link checkRateAges} looks at. */
export interface RateAgeOptions {
  /** None is needed from USDT or USDC to USD. */
  readonly stablecoinsAtPar: boolean;
  /** Only conversions of this ticker and by it: another fault of a stored catalogue is no reason to refuse a change. Default: all. */
  readonly about?: string | undefined;
}

/** Checks that no price would be converted at a rate that is older than its ticker takes. @throws CatalogueError */
export function checkRateAges(configurations: readonly TickerConfiguration[], options: RateAgeOptions): void {
  const intervals = new Map(configurations.map(({ ticker, intervalSeconds }) => [ticker, intervalSeconds]));
  const faults = configurations
    .flatMap(conversionsOf)
    .filter(({ ticker, rateTicker }) => options.about === undefined || [ticker, rateTicker].includes(options.about))
    .filter((conversion) => isMeasured(conversion, options.stablecoinsAtPar))
    .flatMap((conversion) => rateAgeFaults(conversion, intervals.get(conversion.rateTicker)));
  if (faults.length > 0) throw new CatalogueError(faults);
}

/** @param rateInterval undefined when nobody measures the rate, which is a matter of {@link missingRates}. */
function rateAgeFaults(conversion: Conversion, rateInterval: number | undefined): string[] {
  const { ticker, source, quotedIn, rateTicker, intervalSeconds, maxRateAgeSeconds } = conversion;
  if (rateInterval === undefined || maxRateAgeSeconds === undefined) return [];
  // A slot takes the rate of the slot of the rate in which it lies: the last one before the next is furthest from its beginning.
  const oldestSeconds = rateInterval - greatestCommonDivisor(rateInterval, intervalSeconds);
  if (oldestSeconds <= maxRateAgeSeconds) return [];
  return [
    `${ticker}: ${source} quotes it in ${quotedIn}, and ${rateTicker} is sampled every ${rateInterval} s, so that the rate could be ${oldestSeconds} s old, more than the ${maxRateAgeSeconds} s of max_rate_age_seconds: sample ${rateTicker} ${rateCure(conversion, maxRateAgeSeconds)}, or raise max_rate_age_seconds in the checks of ${ticker}`,
  ];
}

/**
 * How often the rate has to be sampled. As often as its age, or more often, it is never too old, whatever slots both have in common; an
 * interval that is longer than that serves only when it is that of the price, so that both have the same slots.
 */
function rateCure({ ticker, intervalSeconds }: Conversion, maxRateAgeSeconds: number): string {
  const cures = [
    ...(intervalSeconds > maxRateAgeSeconds ? [`every ${intervalSeconds} s as ${ticker} is`] : []),
    ...(maxRateAgeSeconds > 0 ? [`every ${maxRateAgeSeconds} s or more often`] : []),
  ];
  return cures.join(', or ');
}

function greatestCommonDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestCommonDivisor(right, left % right);
}

function isMeasured({ quotedIn, quote }: Conversion, stablecoinsAtPar: boolean): boolean {
  return !stablecoinsAtPar || !isStablecoinToDollar(quotedIn, quote);
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
    .filter((conversion) => isMeasured(conversion, stablecoinsAtPar))
    .map(({ ticker, source, quotedIn, rateTicker }) => ({
      ticker,
      rateTicker,
      message: `${ticker}: ${source} quotes it in ${quotedIn}, and every sample of it will be rejected as no_conversion_rate until ${rateTicker} is sampled too: POST /tickers ${cure(rateTicker)}`,
    }));
}

function conversionsOf({ ticker, sources, ruleOptions }: TickerConfiguration): Conversion[] {
  const parts = parseTicker(ticker);
  if (parts === undefined) return [];
  const { maxRateAgeSeconds } = checkLimitsOf(ruleOptions ?? {});
  return sources.flatMap(({ sourceId, quotedIn, intervalSeconds }) =>
    quotedIn === undefined
      ? []
      : [
          {
            ticker,
            source: sourceById(sourceId)?.name ?? String(sourceId),
            quotedIn,
            quote: parts.quote,
            rateTicker: rateTickerOf(quotedIn, parts.quote),
            intervalSeconds,
            maxRateAgeSeconds,
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
