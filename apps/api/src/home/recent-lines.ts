import { Inject, Injectable } from '@nestjs/common';
import { PriceLineReader, type LinePoint, type ListedTicker } from '@app/storage';
import { SingleFlight } from '../http/single-flight.js';
import { CLOCK, type Clock } from '../tokens.js';
import { LINE_SECONDS, lineStepSeconds } from './price-line.js';

/** How long an answer may be used again, in milliseconds: however many keep the page open, the database is asked once a second. */
const FRESH_MS = 1_000;

/** The lines of the home page: the last hour of each ticker, by the ticker's id, oldest price first. */
export type RecentLines = ReadonlyMap<number, readonly LinePoint[]>;

/** Reads the lines of the home page, once a second at most. */
@Injectable()
export class RecentLinesReader {
  private readonly flights = new SingleFlight<'all', RecentLines>();
  private lines: RecentLines = new Map();
  private freshUntilMs = -Infinity;

  constructor(
    @Inject(PriceLineReader) private readonly reader: PriceLineReader,
    @Inject(CLOCK) private readonly now: Clock,
  ) {}

  /** One that had no price in the last hour is left out. @throws DatabaseUnavailableError */
  async of(tickers: readonly ListedTicker[]): Promise<RecentLines> {
    if (this.now() < this.freshUntilMs) return this.lines;
    return this.flights.do('all', async () => {
      const end = Math.floor(this.now() / 1000) + 1;
      const requests = tickers.map(({ id, intervalSeconds }) => ({
        tickerId: id,
        stepSeconds: lineStepSeconds(intervalSeconds),
      }));
      this.lines = await this.reader.lines(requests, end - LINE_SECONDS, end);
      this.freshUntilMs = this.now() + FRESH_MS;
      return this.lines;
    });
  }
}
