import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from '@app/observability';
import { sourceById } from '@app/sources';
import {
  CatalogueRepository,
  isSampledAs,
  type CataloguedTicker,
  type ChangeOutcome,
  type TickerPlan,
} from '@app/storage';
import { LOGGER } from '../tokens.js';
import { checkBatches, resolveTicker } from './resolve-ticker.js';
import type { TickerChange, TickerRequest } from './ticker-request.js';

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
    @Inject(LOGGER) private readonly logger: Logger,
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
    const plan = resolveTicker(request);
    const others = (await this.repository.list()).filter((known) => known.enabled && known.ticker !== plan.ticker);
    checkBatches([...others, plan]);
    return this.store(plan);
  }

  /** Changes parts of how a ticker is sampled. @throws CatalogueError when it cannot be sampled so. */
  async change(current: CataloguedTicker, change: TickerChange): Promise<ChangeOutcome> {
    const known = requestOf(current);
    const intervalSeconds = change.interval_seconds ?? known.interval_seconds;
    return this.put({
      ticker: known.ticker,
      rule: change.rule ?? known.rule,
      interval_seconds: intervalSeconds,
      sources: change.sources ?? rescale(known, intervalSeconds),
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
    const wanted =
      start.tickers ?? (known.length === 0 ? start.defaults : known.filter((ticker) => ticker.enabled).map(requestOf));
    const plans = wanted.map((request) => resolveTicker(atInterval(request, start.intervalSeconds)));
    checkBatches(plans);
    // Storing takes a transaction for each ticker, and nothing is planned before the last: most need none.
    const knownByName = new Map(known.map((ticker) => [ticker.ticker, ticker]));
    for (const plan of plans) {
      const current = knownByName.get(plan.ticker);
      if (current?.enabled !== true || !isSampledAs(current, plan)) await this.store(plan);
    }
    if (start.tickers === undefined) return;
    const kept = new Set(plans.map((plan) => plan.ticker));
    for (const ticker of known) if (ticker.enabled && !kept.has(ticker.ticker)) await this.disable(ticker.ticker);
  }

  private async store(plan: TickerPlan): Promise<ChangeOutcome> {
    const outcome = await this.repository.put(plan, Date.now());
    if (outcome !== 'unchanged') {
      this.logger.info(
        { event: `ticker_${outcome}`, ticker: plan.ticker, interval_seconds: plan.intervalSeconds },
        `ticker ${outcome}`,
      );
    }
    return outcome;
  }
}

/** A catalogued ticker in the form it could have been asked for. */
export function requestOf(ticker: CataloguedTicker): TickerRequest {
  return {
    ticker: ticker.ticker,
    rule: ticker.rule,
    interval_seconds: ticker.intervalSeconds,
    sources: ticker.sources.map((source) => ({
      source: sourceById(source.sourceId)?.name ?? String(source.sourceId),
      name: source.sourceName,
      batch: source.batch,
      interval_seconds: source.intervalSeconds,
    })),
  };
}

function atInterval(request: TickerRequest, intervalSeconds: number | undefined): TickerRequest {
  if (intervalSeconds === undefined) return request;
  return { ...request, interval_seconds: intervalSeconds, sources: rescale(request, intervalSeconds) };
}

/** Keeps how many intervals lie between two calls of a source when the interval changes. */
function rescale(request: TickerRequest, intervalSeconds: number): TickerRequest['sources'] {
  return request.sources.map((source) => ({
    ...source,
    interval_seconds:
      ((source.interval_seconds ?? request.interval_seconds) / request.interval_seconds) * intervalSeconds,
  }));
}
