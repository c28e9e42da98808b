import { Controller, Get, Inject, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiAnswer, VERSIONS } from '@app/openapi';
import { PriceReader, type Order, type PriceRange } from '@app/storage';
import { decodeCursor, encodeCursor, type CursorKey } from '../http/cursor.js';
import { ApiParameters, ApiProblems } from '../documentation/documentation.js';
import { LATEST_ANSWER, PRICES_ANSWER } from './price.answer.js';
import { LatestPrices } from './latest-prices.service.js';
import { LATEST_PARAMETERS, PRICES_PARAMETERS } from './price.parameters.js';
import { answerPrices } from './price-stream.js';
import { noPriceYet } from '../http/problem.js';
import { MAX_UNIX_SECONDS } from '../http/query-parameters.js';
import { checkCursor, checkRange, QueryReader, type RawQuery } from '../http/query.reader.js';
import { ReadyGuard } from '../health/ready.guard.js';
import { StreamSender } from './stream.sender.js';

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
  @ApiProblems(400, 404, 503)
  async list(@Query() query: RawQuery, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { values, ticker } = await this.queries.readWithTicker(PRICES_PARAMETERS, query, (given) => [
      ...checkRange(given.from, given.to),
      ...checkCursor(given.cursor, keyOf(given)),
    ]);
    const order = values.order ?? 'asc';
    const cursor = values.cursor === undefined ? undefined : decodeCursor(values.cursor);
    const [, , , from = null, to = null] = cursor?.key ?? keyOf(values);
    const range = rangeOf(ticker.id, { from: Number(from ?? 0), to: Number(to ?? MAX_UNIX_SECONDS + 1) });
    const answer = await answerPrices(this.prices, {
      ticker: ticker.ticker,
      range: cursor === undefined ? range : restOf(range, order, cursor.position),
      order,
      limit: values.limit,
      cursorOf: (rest) =>
        encodeCursor({
          key: ['prices', ticker.ticker, order, from, to],
          position: order === 'asc' ? rest.fromSlot : rest.toSlot,
        }),
    });
    this.sender.send(answer, request, reply);
  }

  @Get('latest')
  @ApiOperation({ summary: 'The newest price of a ticker', description: 'With its age, and whether that is too old.' })
  @ApiParameters(LATEST_PARAMETERS)
  @ApiAnswer(LATEST_ANSWER)
  @ApiProblems(400, 404, 503)
  async latest(@Query() query: RawQuery): Promise<unknown> {
    const { ticker } = await this.queries.readWithTicker(LATEST_PARAMETERS, query, () => []);
    const latest = await this.latestPrices.of(ticker);
    if (latest === undefined) throw noPriceYet(ticker.ticker);
    return latest;
  }
}

/** What a question for prices is; a cursor belongs to one. */
function keyOf(values: {
  ticker?: string;
  order?: Order | undefined;
  from?: number | undefined;
  to?: number | undefined;
}) {
  return [
    'prices',
    values.ticker ?? null,
    values.order ?? 'asc',
    values.from ?? null,
    values.to ?? null,
  ] satisfies CursorKey;
}

function rangeOf(tickerId: number, { from, to }: { from: number; to: number }): PriceRange {
  return { tickerId, fromSlot: from, toSlot: to };
}

/** The part of a range that a cursor leaves; never more than the range. */
function restOf(range: PriceRange, order: Order, position: number): PriceRange {
  return order === 'asc'
    ? { ...range, fromSlot: Math.max(range.fromSlot, position) }
    : { ...range, toSlot: Math.min(range.toSlot, position) };
}
