import { Inject, Injectable } from '@nestjs/common';
import { TickerReader, type ListedTicker } from '@app/storage';
import { SingleFlight } from '../http/single-flight.js';
import { CLOCK, type Clock } from '../tokens.js';

/** How long the list may be used before it is read again, in milliseconds: a new ticker is known a second later. */
const FRESH_MS = 1_000;

/** The tickers of the catalogue, kept for a second, so that checking a ticker's name costs no query. */
@Injectable()
export class TickerDirectory {
  private readonly flights = new SingleFlight<'all', ReadonlyMap<string, ListedTicker>>();
  private tickers: ReadonlyMap<string, ListedTicker> = new Map();
  private freshUntilMs = -Infinity;

  constructor(
    private readonly reader: TickerReader,
    @Inject(CLOCK) private readonly now: Clock,
  ) {}

  /** Every ticker by its name, in the order of names. @throws DatabaseUnavailableError */
  async all(): Promise<ReadonlyMap<string, ListedTicker>> {
    if (this.now() < this.freshUntilMs) return this.tickers;
    return this.flights.do('all', () => this.read());
  }

  private async read(): Promise<ReadonlyMap<string, ListedTicker>> {
    const tickers = await this.reader.list();
    this.tickers = new Map(tickers.map((ticker) => [ticker.ticker, ticker]));
    this.freshUntilMs = this.now() + FRESH_MS;
    return this.tickers;
  }
}
