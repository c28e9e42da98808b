import { parseTicker, type ScheduledSource } from '@app/domain';
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from '@app/observability';
import { quotedInOf, sourceById } from '@app/sources';
import {
  CatalogueRepository,
  isSampledAs,
  type CataloguedTicker,
  type ChangeOutcome,
  type TickerConfiguration,
} from '@app/storage';
import { LOGGER, STABLECOINS_AT_PAR } from '../tokens.js';
import { SymbolDirectory } from './symbol-directory.js';
import { SourceLoad, type SourceCost } from './source-load.js';
import { checkConversions, checkRateAges, missingRates } from './conversions.js';
import { batchesOf } from './batch-ranks.js';
import { CatalogueError, checkBatches, resolveTicker } from './resolve-ticker.js';
import { faultsOf, followInterval, rescale, resolveCatalogue } from './starting-catalogue.js';
import type { SamplingChange, TickerRequest } from './ticker-request.js';

/** What shall be sampled from the start of a process on. */
export interface StartingCatalogue {
  /** The whole catalogue, from a file; undefined leaves it as it is, or begins with the default one. */
  readonly tickers: readonly TickerRequest[] | undefined;
  readonly defaults: readonly TickerRequest[];
  /** Every ticker is sampled at this interval instead of its own. */
  readonly intervalSeconds: number | undefined;
}

/** Changes to what is sampled, checked against the sources. */
@Injectable()
export class CatalogueService {
  constructor(
    private readonly repository: CatalogueRepository,
    private readonly names: SymbolDirectory,
    private readonly load: SourceLoad,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(STABLECOINS_AT_PAR) private readonly stablecoinsAtPar = false,
  ) {}

  /** Every ticker, by name. */
  list(): Promise<CataloguedTicker[]> {
    return this.repository.list();
  }

  /** One ticker; undefined when it was never catalogued. */
  find(ticker: string): Promise<CataloguedTicker | undefined> {
    return this.repository.find(ticker);
  }

  /** Makes a ticker be sampled as asked. @throws CatalogueError when it cannot be. */
  async put(request: TickerRequest): Promise<ChangeOutcome> {
    const configuration = resolveTicker(await this.names.complete(request));
    const others = (await this.repository.list()).filter(
      (known) => known.enabled && known.ticker !== configuration.ticker,
    );
    checkBatches([...others, configuration]);
    await this.names.checkBatches(configuration.ticker, [...others, configuration]);
    checkConversions([...others, configuration]);
    checkRateAges([...others, configuration], {
      about: configuration.ticker,
      stablecoinsAtPar: this.stablecoinsAtPar,
    });
    this.load.check([...others, configuration]);
    const outcome = await this.store(configuration);
    this.warnOfMissingRates([configuration], [...others, configuration]);
    return outcome;
  }

  /**
   * Makes further tickers be sampled, all or none of them. @param isTried only look: nothing is stored.
   * @returns what is against it, one sentence with its cure each, and what the whole catalogue costs then.
   */
  async addAll(
    requests: readonly TickerRequest[],
    { isTried }: { readonly isTried: boolean },
  ): Promise<{ readonly faults: readonly string[]; readonly costs: readonly SourceCost[] }> {
    const others = (await this.repository.list()).filter(({ enabled }) => enabled);
    const added: TickerConfiguration[] = [];
    const wrong = requests.flatMap((request) => faultsOf(() => added.push(resolveTicker(request))));
    const all = [...others, ...added];
    const stablecoinsAtPar = this.stablecoinsAtPar;
    const faults = [
      ...wrong,
      ...faultsOf(() => checkBatches(all)),
      ...faultsOf(() => checkConversions(all)),
      ...added.flatMap(({ ticker }) => faultsOf(() => checkRateAges(all, { about: ticker, stablecoinsAtPar }))),
      ...faultsOf(() => this.load.check(all)),
    ];
    if (faults.length === 0 && !isTried) {
      await this.repository.putAll(added, Date.now());
      for (const { ticker, intervalSeconds } of added)
        this.logger.info({ event: 'ticker_created', ticker, interval_seconds: intervalSeconds }, 'ticker created');
    }
    return { faults, costs: this.load.costs(all) };
  }

  /** What keeps a ticker from having a price as it is catalogued now, one sentence each, with its cure. */
  async warningsOf(ticker: string): Promise<string[]> {
    const enabled = (await this.repository.list()).filter((known) => known.enabled);
    return missingRates(
      enabled.filter((known) => known.ticker === ticker),
      enabled,
      this.stablecoinsAtPar,
    ).map(({ message }) => message);
  }

  /**
   * Changes parts of how a ticker is sampled, or was last: one that is disabled is sampled again. Limits of a median go with the rule.
   * With another interval, sources that are not given keep how many intervals lie between two calls; see {@link followInterval} for given ones.
   * @throws CatalogueError when it cannot be sampled so.
   */
  async change(current: CataloguedTicker, change: SamplingChange): Promise<ChangeOutcome> {
    const known = requestOf(current);
    const intervalSeconds = change.interval_seconds ?? known.interval_seconds;
    const rule = change.rule ?? known.rule;
    const median = rule === 'median' ? known.median : undefined;
    return this.put({
      ticker: known.ticker,
      rule,
      interval_seconds: intervalSeconds,
      sources: sourcesAfter(known, change),
      checks: change.checks === undefined ? known.checks : (change.checks ?? undefined),
      median: change.median === undefined ? median : (change.median ?? undefined),
    });
  }

  /** Stops sampling a ticker; what is stored stays. @returns false when it was not being sampled. */
  async disable(ticker: string): Promise<boolean> {
    const disabled = await this.repository.disable(ticker, Date.now());
    if (disabled) this.logger.info({ event: 'ticker_disabled', ticker }, 'ticker disabled');
    return disabled;
  }

  /** Brings the catalogue to where it shall be when a process starts; the same again changes nothing. */
  async begin(start: StartingCatalogue): Promise<void> {
    const known = await this.repository.list();
    if (start.tickers === undefined && start.intervalSeconds === undefined && known.length > 0) return this.goOn(known);
    const wanted =
      start.tickers ?? (known.length === 0 ? start.defaults : known.filter((ticker) => ticker.enabled).map(requestOf));
    const configurations = resolveCatalogue(wanted, start.intervalSeconds, {
      load: this.load,
      stablecoinsAtPar: this.stablecoinsAtPar,
    });
    this.warnOfMissingRates(configurations, configurations);
    // Storing takes a transaction for each ticker, and nothing is planned before the last: most need none.
    const knownByName = new Map(known.map((ticker) => [ticker.ticker, ticker]));
    for (const configuration of configurations) {
      const current = knownByName.get(configuration.ticker);
      if (current?.enabled !== true || !isSampledAs(current, configuration)) await this.store(configuration);
    }
    if (start.tickers === undefined) return;
    const kept = new Set(configurations.map((configuration) => configuration.ticker));
    for (const ticker of known) if (ticker.enabled && !kept.has(ticker.ticker)) await this.disable(ticker.ticker);
  }

  /**
   * Goes on with the catalogue as it is stored. What is wrong with it by now (a source that is no longer declared, a limit that has
   * become too small) is said and keeps nobody from starting: the control API, by which it can be mended, is in this process.
   */
  private goOn(known: readonly CataloguedTicker[]): void {
    const enabled = known.filter((ticker) => ticker.enabled);
    for (const check of [
      checkBatches,
      checkConversions,
      (configurations: readonly TickerConfiguration[]) =>
        checkRateAges(configurations, { stablecoinsAtPar: this.stablecoinsAtPar }),
      (configurations: readonly TickerConfiguration[]) => this.load.check(configurations),
    ]) {
      try {
        check(enabled);
      } catch (error) {
        if (!(error instanceof CatalogueError)) throw error;
        for (const fault of error.faults) this.logger.warn({ event: 'catalogue_does_not_fit' }, fault);
      }
    }
    for (const { ticker, sources } of enabled) {
      for (const { sourceId } of sources) {
        if (sourceById(sourceId) !== undefined) continue;
        this.logger.error(
          { event: 'source_unknown', ticker, source_id: sourceId },
          'this build does not know the source, or it is no longer declared: its slots will be missed',
        );
      }
    }
    this.warnOfMissingRates(enabled, enabled);
  }

  /** Holds every name of the catalogue against the sources' own lists, and says which they do not have. Never throws. */
  async checkNames(): Promise<void> {
    const names = new Map<string, Set<string>>();
    const sampled = (await this.repository.list()).filter(({ enabled }) => enabled);
    for (const { sources } of sampled) {
      for (const { sourceId, sourceSymbol } of sources) {
        const source = sourceById(sourceId)?.name ?? String(sourceId);
        names.set(source, (names.get(source) ?? new Set()).add(sourceSymbol));
      }
    }
    await this.names.check(names, batchesOf(sampled));
  }

  private warnOfMissingRates(of: readonly TickerConfiguration[], catalogue: readonly TickerConfiguration[]): void {
    for (const { ticker, rateTicker, message } of missingRates(of, catalogue, this.stablecoinsAtPar)) {
      this.logger.warn({ event: 'conversion_rate_missing', ticker, rate_ticker: rateTicker }, message);
    }
  }

  private async store(configuration: TickerConfiguration): Promise<ChangeOutcome> {
    const outcome = await this.repository.put(configuration, Date.now());
    if (outcome !== 'unchanged') {
      this.logger.info(
        { event: `ticker_${outcome}`, ticker: configuration.ticker, interval_seconds: configuration.intervalSeconds },
        `ticker ${outcome}`,
      );
    }
    return outcome;
  }
}

function sourcesAfter(known: TickerRequest, { sources, interval_seconds }: SamplingChange): TickerRequest['sources'] {
  if (sources === undefined) return rescale(known, interval_seconds ?? known.interval_seconds);
  return interval_seconds === undefined ? sources : followInterval(sources, interval_seconds);
}

/** A catalogued ticker in the form it could have been asked for. */
export function requestOf(ticker: CataloguedTicker): TickerRequest {
  const { checks, median } = ticker.ruleOptions;
  return {
    ticker: ticker.ticker,
    rule: ticker.rule,
    interval_seconds: ticker.intervalSeconds,
    sources: ticker.sources.map((source) => ({
      source: sourceById(source.sourceId)?.name ?? String(source.sourceId),
      source_symbol: source.sourceSymbol,
      batch: source.batch,
      interval_seconds: source.intervalSeconds,
      ...(source.standby === true ? { standby: true } : {}),
      ...quotedInAsked(ticker.ticker, source),
    })),
    ...(checks === undefined ? {} : { checks }),
    ...(median === undefined ? {} : { median }),
  };
}

/** Named when it is another currency than the ticker's, or when the source would say that it is. */
function quotedInAsked(
  ticker: string,
  { sourceId, sourceSymbol, quotedIn }: ScheduledSource,
): { quoted_in?: string | undefined } {
  const [source, parts] = [sourceById(sourceId), parseTicker(ticker)];
  if (quotedIn !== undefined) return { quoted_in: quotedIn };
  if (source === undefined || parts === undefined || quotedInOf(source, sourceSymbol, parts) === undefined) return {};
  return { quoted_in: parts.quote };
}
