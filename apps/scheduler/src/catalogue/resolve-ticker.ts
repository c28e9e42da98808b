import {
  MAX_WINDOW_SECONDS,
  medianLimitsOf,
  MIN_INTERVAL_FOR_RETRIES_SECONDS,
  nearestNames,
  parseTicker,
  windowSeconds,
  type RuleOptions,
  type ScheduledSource,
} from '@app/domain';
import { endpointFor, quotedInOf, sourceByName, SOURCES, type RequestedTicker, type Source } from '@app/sources';
import type { TickerConfiguration } from '@app/storage';
import { MAX_INTERVAL_SECONDS, type TickerRequest } from './ticker-request.js';

/** Thrown when a ticker cannot be sampled as asked; one sentence for each fault, with its cure. */
export class CatalogueError extends Error {
  override readonly name = 'CatalogueError';
  /** At a start: no new one mends it. */
  readonly exitStatus = 2;

  constructor(readonly faults: readonly string[]) {
    super(faults.join('; '));
  }
}

/** Turns a request into a configuration: source names looked up, defaults filled in. @throws CatalogueError with every fault at once. */
export function resolveTicker(request: TickerRequest): TickerConfiguration {
  const faults: string[] = [];
  const sources = resolveSources(request, faults);
  if (new Set(sources.map((source) => source.sourceId)).size !== sources.length) {
    faults.push(`${request.ticker}: a source is named twice`);
  }
  if (sources.length > 0) faults.push(...standbyFaults(request, sources), ...medianFaults(request));
  const always = sources.filter((source) => !source.standby);
  if (always.length > 0 && always.every((source) => source.intervalSeconds !== request.interval_seconds)) {
    faults.push(
      `${request.ticker}: no source is asked every ${request.interval_seconds} s, so most slots could have no price`,
    );
  }
  if (faults.length > 0) throw new CatalogueError(faults);
  const ruleOptions: RuleOptions = {
    ...(request.checks === undefined ? {} : { checks: request.checks }),
    ...(request.median === undefined ? {} : { median: request.median }),
  };
  return {
    ticker: request.ticker,
    intervalSeconds: request.interval_seconds,
    rule: request.rule,
    ruleOptions,
    sources,
  };
}

/** The sources that can be asked; what is wrong with the others is added to the faults. */
function resolveSources(request: TickerRequest, faults: string[]): readonly ScheduledSource[] {
  return request.sources.flatMap((asked, position): ScheduledSource[] => {
    const source = sourceByName(asked.source);
    const parts = parseTicker(request.ticker);
    if (source === undefined || parts === undefined) {
      faults.push(unknownSource(request.ticker, asked.source));
      return [];
    }
    const sourceSymbol = asked.source_symbol ?? source.defaultSymbol(parts);
    if (sourceSymbol === undefined) {
      faults.push(
        `${request.ticker}: ${source.name} has no symbol for it that is known here; give one as "source_symbol"`,
      );
      return [];
    }
    const intervalSeconds = asked.interval_seconds ?? request.interval_seconds;
    if (intervalSeconds % request.interval_seconds !== 0) {
      faults.push(
        `${request.ticker}: ${source.name} every ${intervalSeconds} s is no multiple of ${request.interval_seconds} s`,
      );
    }
    if (intervalSeconds > MAX_INTERVAL_SECONDS) {
      faults.push(
        `${request.ticker}: ${source.name} every ${intervalSeconds} s is more than a day: name another interval_seconds for it`,
      );
    }
    return [
      {
        ...{ sourceId: source.id, position, sourceSymbol, batch: asked.batch ?? request.ticker, intervalSeconds },
        standby: asked.standby ?? false,
        quotedIn:
          asked.quoted_in === undefined
            ? quotedInOf(source, sourceSymbol, parts)
            : asked.quoted_in === parts.quote
              ? undefined
              : asked.quoted_in,
      },
    ];
  });
}

function standbyFaults({ ticker, interval_seconds }: TickerRequest, sources: readonly ScheduledSource[]): string[] {
  if (!sources.some((source) => source.standby)) return [];
  const faults: string[] = [];
  if (sources[0]?.standby) faults.push(`${ticker}: its first source cannot be a standby, since nobody comes before it`);
  if (interval_seconds < MIN_INTERVAL_FOR_RETRIES_SECONDS) {
    faults.push(
      `${ticker}: a standby source needs an interval of at least ${MIN_INTERVAL_FOR_RETRIES_SECONDS} s, there is no time to ask it in a shorter one`,
    );
  }
  return faults;
}

function medianFaults({ ticker, rule, median, sources }: TickerRequest): string[] {
  if (rule !== 'median') return median === undefined ? [] : [`${ticker}: "median" goes with the rule median only`];
  const { minimumSources } = medianLimitsOf({ median });
  if (sources.length >= minimumSources) return [];
  return [`${ticker}: rule median needs at least ${minimumSources} sources, and ${sources.length} is named`];
}

/**
 * Checks that no batch asks a source for more tickers in one call than it answers, and that one call can be in time for
 * all of them. @throws CatalogueError
 */
export function checkBatches(configurations: readonly TickerConfiguration[]): void {
  const faults = SOURCES.flatMap((source) => {
    const asked = configurations.flatMap((configuration) =>
      configuration.sources
        .filter(({ sourceId }) => sourceId === source.id)
        .map(({ batch, sourceSymbol }) => ({
          batch,
          intervalSeconds: configuration.intervalSeconds,
          asked: { ticker: configuration.ticker, sourceSymbol },
        })),
    );
    return [...Map.groupBy(asked, ({ batch }) => batch)].flatMap(([batch, members]) =>
      batchFaults(source, batch, members),
    );
  });
  if (faults.length > 0) throw new CatalogueError(faults);
}

function batchFaults(
  source: Source,
  batch: string,
  members: readonly { intervalSeconds: number; asked: RequestedTicker }[],
): string[] {
  const faults: string[] = [];
  const { maxBatch } = endpointFor(
    source,
    members.map(({ asked }) => asked),
  );
  if (members.length > maxBatch) {
    faults.push(
      `batch ${batch} asks ${source.name} for ${members.length} tickers in one call, it answers at most ${maxBatch}: use another batch`,
    );
  }
  // A call that begins late may be in time for the longer window only, and its answer goes to all members alike.
  const intervals = [...new Set(members.map(({ intervalSeconds }) => intervalSeconds))].sort((a, b) => a - b);
  if (new Set(intervals.map(windowSeconds)).size > 1) {
    faults.push(
      `batch ${batch} asks ${source.name} for tickers with intervals of ${intervals.join(' and ')} s: below ${MAX_WINDOW_SECONDS} s they need a batch for each interval`,
    );
  }
  return faults;
}

function unknownSource(ticker: string, name: string): string {
  const names = SOURCES.map((source) => source.name);
  return `${ticker}: there is no source ${name}; did you mean ${nearestNames(name, names, 1).join()}? Known: ${names.join(', ')}`;
}
