import { Inject, Injectable } from '@nestjs/common';
import { TickerReader, type ListedTicker } from '@app/storage';
import { KeptBriefly } from '../http/kept-briefly.js';
import { CLOCK, type Clock } from '../tokens.js';

/** The tickers of the catalogue, kept for a second, so that checking a ticker's name costs no query; a new one is known a second later. */
@Injectable()
export class TickerDirectory {
  private readonly kept: KeptBriefly<ReadonlyMap<string, ListedTicker>>;

  constructor(
    private readonly reader: TickerReader,
    @Inject(CLOCK) now: Clock,
  ) {
    this.kept = new KeptBriefly(now);
  }

  /** Every ticker by its name, in the order of names. @throws DatabaseUnavailableError */
  async all(): Promise<ReadonlyMap<string, ListedTicker>> {
    return this.kept.get(async () => {
      const tickers = await this.reader.list();
      return new Map(tickers.map((ticker) => [ticker.ticker, ticker]));
    });
  }
}
