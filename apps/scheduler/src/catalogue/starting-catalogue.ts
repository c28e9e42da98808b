import { configuredSources, keepsSourceLimits, prefixOf, type schedulerSettings, type SettingsOf } from '@app/config';
import { checkPlans, lacksKey, sourceByName, SOURCES, type SourceAccesses } from '@app/sources';
import type { TickerConfiguration } from '@app/storage';
import { CatalogueFileError, readCatalogueFile } from './catalogue-file.js';
import { checkConversions, checkRateAges } from './conversions.js';
import { CatalogueError, checkBatches, resolveTicker } from './resolve-ticker.js';
import { SourceLoad } from './source-load.js';
import type { TickerRequest } from './ticker-request.js';

/** What a scheduler begins with, as far as it follows from its environment alone. */
export interface Start {
  /** How the sources are reached. */
  readonly access: SourceAccesses;
  /** The whole catalogue, from a file; undefined when none is named. */
  readonly tickers: readonly TickerRequest[] | undefined;
}

/**
 * Reads and checks all that a scheduler begins with and that needs no database.
 * @param settings those of the scheduler and of every source.
 * @throws SourceAccessError, CatalogueFileError: with every fault at once, which no new start mends.
 */
export async function readStart(settings: SettingsOf<typeof schedulerSettings>): Promise<Start> {
  const { CATALOGUE_FILE: file, SAMPLE_INTERVAL_SECONDS: intervalSeconds } = settings;
  const access = configuredSources(settings, SOURCES);
  checkPlans(SOURCES, access);
  if (file === undefined) return { access, tickers: undefined };
  const tickers = await readCatalogueFile(file);
  const stablecoinsAtPar = settings.ASSUME_STABLECOINS_AT_PAR === 'true';
  const load = new SourceLoad(access, keepsSourceLimits(settings));
  const faults = [
    ...tickers.flatMap((request) => keyFaults(request, access)),
    ...faultsOf(() => resolveCatalogue(tickers, intervalSeconds, { load, stablecoinsAtPar })),
  ];
  if (faults.length > 0) throw new CatalogueFileError(`CATALOGUE_FILE ${file}`, faults);
  return { access, tickers };
}

/**
 * How the tickers of a whole catalogue are to be sampled.
 * @param intervalSeconds every ticker is sampled at this interval; undefined: each at its own.
 * @throws CatalogueError with every fault: of each ticker, or else of all of them together.
 */
export function resolveCatalogue(
  requests: readonly TickerRequest[],
  intervalSeconds: number | undefined,
  { load, stablecoinsAtPar }: { readonly load: SourceLoad; readonly stablecoinsAtPar: boolean },
): TickerConfiguration[] {
  const configurations: TickerConfiguration[] = [];
  const faults = requests.flatMap((request) =>
    faultsOf(() => configurations.push(resolveTicker(atInterval(request, intervalSeconds)))),
  );
  if (faults.length > 0) throw new CatalogueError(faults);
  const together = [
    ...faultsOf(() => checkBatches(configurations)),
    ...faultsOf(() => checkConversions(configurations)),
    ...faultsOf(() => checkRateAges(configurations, { stablecoinsAtPar })),
    ...faultsOf(() => load.check(configurations)),
  ];
  if (together.length > 0) throw new CatalogueError(together);
  return configurations;
}

/** Keeps how many intervals lie between two calls of a source when the interval changes. */
export function rescale(request: TickerRequest, intervalSeconds: number): TickerRequest['sources'] {
  return request.sources.map((source) => ({
    ...source,
    interval_seconds:
      ((source.interval_seconds ?? request.interval_seconds) / request.interval_seconds) * intervalSeconds,
  }));
}

/**
 * Sources as they are given together with an interval. Where they do not fit it, those that are asked most often follow it: of sources that
 * were read with another interval, these are the ones asked in every slot. It depends on nothing else, so that the same again is the same.
 */
export function followInterval(sources: TickerRequest['sources'], intervalSeconds: number): TickerRequest['sources'] {
  const intervalOf = (source: TickerRequest['sources'][number]) => source.interval_seconds ?? intervalSeconds;
  const always = sources.filter((source) => source.standby !== true).map(intervalOf);
  const fits =
    always.includes(intervalSeconds) && sources.every((source) => intervalOf(source) % intervalSeconds === 0);
  if (fits) return sources;
  const shortest = Math.min(...always);
  return sources.map((source) =>
    intervalOf(source) === shortest ? { ...source, interval_seconds: intervalSeconds } : source,
  );
}

function atInterval(request: TickerRequest, intervalSeconds: number | undefined): TickerRequest {
  if (intervalSeconds === undefined) return request;
  return { ...request, interval_seconds: intervalSeconds, sources: rescale(request, intervalSeconds) };
}

/** A ticker that no source answers could never have a price. One that another source answers may wait for its key. */
function keyFaults({ ticker, sources }: TickerRequest, access: SourceAccesses): string[] {
  const asked = sources.flatMap(({ source }) => sourceByName(source) ?? []);
  if (asked.length === 0 || !asked.every((source) => lacksKey(source, access[source.name]))) return [];
  const names = asked.map(({ name }) => name).join(' and ');
  const keys = asked.map((source) => `${prefixOf(source)}_API_KEY`).join(' or ');
  return [`${ticker}: ${names} answers nobody without a key: set ${keys}, or name another source for it`];
}

/** What a check says: none when it throws nothing. */
export function faultsOf(check: () => unknown): readonly string[] {
  try {
    check();
    return [];
  } catch (error) {
    if (error instanceof CatalogueError) return error.faults;
    throw error;
  }
}
