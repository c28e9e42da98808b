import { Inject, Injectable } from '@nestjs/common';
import { PriceLineReader, type LinePoint, type ListedTicker } from '@app/storage';
import { KeptBriefly } from '../http/kept-briefly.js';
import { CLOCK, type Clock } from '../tokens.js';
import { LINE_SECONDS, lineStepSeconds } from './price-line.js';

/** The lines of the home page: the last hour of each ticker, by the ticker's id, oldest price first. */
export type RecentLines = ReadonlyMap<number, readonly LinePoint[]>;

/** Reads the lines of the home page, once a second at most. */
@Injectable()
export class RecentLinesReader {
  private readonly kept: KeptBriefly<RecentLines>;

  constructor(
    @Inject(PriceLineReader) private readonly reader: PriceLineReader,
    @Inject(CLOCK) private readonly now: Clock,
  ) {
    this.kept = new KeptBriefly(now);
  }

  /** One that had no price in the last hour is left out. @throws DatabaseUnavailableError */
  async of(tickers: readonly ListedTicker[]): Promise<RecentLines> {
    return this.kept.get(async () => {
      const end = Math.floor(this.now() / 1000) + 1;
      const requests = tickers.map(({ id, intervalSeconds }) => ({
        tickerId: id,
        stepSeconds: lineStepSeconds(intervalSeconds),
      }));
      return this.reader.lines(requests, end - LINE_SECONDS, end);
    });
  }
}
