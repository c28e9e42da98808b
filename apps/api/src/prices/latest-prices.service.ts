import { Inject, Injectable } from '@nestjs/common';
import { flagNames, type PriceFlag } from '@app/domain';
import { PriceReader, type LatestPrice, type ListedTicker } from '@app/storage';
import { freshnessOf } from './freshness.js';
import { SingleFlight } from '../http/single-flight.js';
import { CLOCK, type Clock } from '../tokens.js';

/** The answer of `/prices/latest`. */
export interface LatestAnswer {
  readonly ticker: string;
  readonly timestamp: number;
  readonly price: string;
  readonly source: string;
  readonly observed_at: number;
  readonly flags: readonly PriceFlag[];
  readonly consensus: unknown;
  readonly age_seconds: number;
  readonly stale: boolean;
}

/** The newest prices; however many ask at once, one query answers them all. */
@Injectable()
export class LatestPrices {
  private readonly flights = new SingleFlight<number, LatestPrice | undefined>();

  constructor(
    @Inject(PriceReader) private readonly prices: PriceReader,
    @Inject(CLOCK) private readonly now: Clock,
  ) {}

  /** The newest price of a ticker; undefined before its first. @throws DatabaseUnavailableError */
  async of(ticker: ListedTicker): Promise<LatestAnswer | undefined> {
    const latest = await this.flights.do(ticker.id, () => this.prices.latest(ticker.id));
    if (latest === undefined) return undefined;
    const { ageSeconds, stale } = freshnessOf(latest.observedAt, ticker.intervalSeconds, this.now());
    return {
      ticker: ticker.ticker,
      timestamp: latest.slot,
      price: latest.price,
      source: latest.source,
      observed_at: latest.observedAt,
      flags: flagNames(latest.flags),
      consensus: latest.consensus,
      age_seconds: ageSeconds,
      stale,
    };
  }
}
