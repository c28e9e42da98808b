import { Controller, Get, Inject, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiAnswer, VERSIONS } from '@app/openapi';
import { PriceReader, type Order, type PriceRange } from '@app/storage';
import { ApiParameters, ApiProblems } from '../documentation/documentation.js';
import { databaseAway, notKnown, withoutPrice, withoutTicker, wrongTime } from '../documentation/problem-examples.js';
import { LATEST_ANSWER, PRICES_ANSWER } from './price.answer.js';
import { LatestPrices } from './latest-prices.service.js';
import { LATEST_PARAMETERS, PRICES_PARAMETERS } from './price.parameters.js';
import { answerPrices } from './price-stream.js';
import { noPriceYet } from '../http/problem.js';
import { MAX_UNIX_SECONDS } from '../http/instant.js';
import { cursorTextOf, type PagedQuestion } from '../http/paged-question.js';
import { checkRange, QueryReader, type RawQuery } from '../http/query.reader.js';
import { ReadyGuard } from '../health/ready.guard.js';
import { StreamSender } from './stream.sender.js';

/** What a question for prices is. */
const PRICES: PagedQuestion = { route: 'prices', parts: ['ticker', 'order', 'from', 'to'] };

/** The prices themselves. */
@ApiTags('prices')
@UseGuards(ReadyGuard)
@Controller({ path: 'prices', version: VERSIONS })
export class PriceController {
  constructor(
    @Inject(QueryReader) private readonly queries: QueryReader,
    @Inject(PriceReader) private readonly prices: PriceReader,
    @Inject(LatestPrices) private readonly latestPrices: LatestPrices,
    @Inject(StreamSender) private readonly sender: StreamSender,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'Stored prices of a ticker',
    description:
      'Oldest first, exactly as many digits as stood on the wire. A connection that breaks before the end of the JSON means that the answer is not complete.',
  })
  @ApiParameters(PRICES_PARAMETERS)
  @ApiAnswer(PRICES_ANSWER)
  @ApiProblems(wrongTime('/prices', 'from'), notKnown('/prices'), databaseAway('/prices?ticker=btc_usd'))
  async list(@Query() query: RawQuery, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { values, ticker, position } = await this.queries.readPaged(PRICES, PRICES_PARAMETERS, query, (given) =>
      checkRange(given.from, given.to),
    );
    const { order = 'asc', from, to } = values;
    const range: PriceRange = { tickerId: ticker.id, fromSlot: from ?? 0, toSlot: to ?? MAX_UNIX_SECONDS + 1 };
    const answer = await answerPrices(this.prices, {
      ticker: ticker.ticker,
      range: position === undefined ? range : restOf(range, order, position),
      order,
      limit: values.limit,
      cursorOf: (rest) => {
        const at = order === 'asc' ? rest.fromSlot : rest.toSlot;
        return cursorTextOf(PRICES, { ticker: ticker.ticker, order, from, to }, at);
      },
    });
    this.sender.send(answer, request, reply);
  }

  @Get('latest')
  @ApiOperation({ summary: 'The newest price of a ticker', description: 'With its age, and whether that is too old.' })
  @ApiParameters(LATEST_PARAMETERS)
  @ApiAnswer(LATEST_ANSWER)
  @ApiProblems(
    withoutTicker('/prices/latest'),
    notKnown('/prices/latest'),
    withoutPrice('/prices/latest'),
    databaseAway('/prices/latest?ticker=btc_usd'),
  )
  async latest(@Query() query: RawQuery): Promise<unknown> {
    const { ticker } = await this.queries.readWithTicker(LATEST_PARAMETERS, query, () => []);
    const latest = await this.latestPrices.of(ticker);
    if (latest === undefined) throw noPriceYet(ticker.ticker);
    return latest;
  }
}

/** The part of a range that a cursor leaves; never more than the range. */
function restOf(range: PriceRange, order: Order, position: number): PriceRange {
  return order === 'asc'
    ? { ...range, fromSlot: Math.max(range.fromSlot, position) }
    : { ...range, toSlot: Math.min(range.toSlot, position) };
}
