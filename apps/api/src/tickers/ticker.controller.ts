import { Controller, Get, Inject, Query, UseGuards } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiAnswer, VERSIONS } from '@app/openapi';
import { ApiProblems } from '../documentation/documentation.js';
import { databaseAway, notAParameter } from '../documentation/problem-examples.js';
import { TICKERS_ANSWER } from './ticker.answer.js';
import { QueryReader, type RawQuery } from '../http/query.reader.js';
import { ReadyGuard } from '../health/ready.guard.js';
import { TickerDirectory } from './ticker.directory.js';

/** The catalogue, as readers of prices need it. */
@ApiTags('tickers')
@UseGuards(ReadyGuard)
@Controller({ path: 'tickers', version: VERSIONS })
export class TickerController {
  constructor(
    @Inject(QueryReader) private readonly queries: QueryReader,
    @Inject(TickerDirectory) private readonly directory: TickerDirectory,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Every ticker, how it is sampled, and its newest price' })
  @ApiAnswer(TICKERS_ANSWER)
  @ApiProblems(notAParameter('/tickers', 'ticker', 'is not a parameter here: there is none'), databaseAway('/tickers'))
  async list(@Query() query: RawQuery): Promise<unknown> {
    this.queries.read({}, query);
    const tickers = await this.directory.all();
    return {
      tickers: [...tickers.values()].map((ticker) => ({
        ticker: ticker.ticker,
        base: ticker.base,
        quote: ticker.quote,
        enabled: ticker.enabled,
        interval_seconds: ticker.intervalSeconds,
        rule: ticker.rule,
        sources: ticker.sources,
        first_slot: ticker.firstSlot,
        last_slot: ticker.lastSlot,
        last_price: ticker.lastPrice,
      })),
    };
  }
}
