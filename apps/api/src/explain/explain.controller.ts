import { Controller, Get, Inject, Query, Req, UseGuards } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ApiAnswer, prefixOf, VERSIONS } from '@app/openapi';
import { ExplainReader } from '@app/storage';
import { EXPLAIN_ANSWER } from './explain.answer.js';
import { ApiParameters, ApiProblems } from '../documentation/documentation.js';
import { databaseAway, notKnown, wrongTime } from '../documentation/problem-examples.js';
import { explainAnswer } from './explain-answer.js';
import { EXPLAIN_PARAMETERS } from './explain.parameters.js';
import { QueryReader, type RawQuery } from '../http/query.reader.js';
import { ReadyGuard } from '../health/ready.guard.js';
import { CLOCK, type Clock } from '../tokens.js';

/** The longest body that stands in an explanation itself, in bytes; a longer one has its link. */
const MAX_INLINE_BODY_BYTES = 65_536;

/** Where a price came from and why it was believed. */
@ApiTags('prices')
@UseGuards(ReadyGuard)
@Controller({ path: 'prices/explain', version: VERSIONS })
export class ExplainController {
  constructor(
    @Inject(QueryReader) private readonly queries: QueryReader,
    @Inject(ExplainReader) private readonly explanations: ExplainReader,
    @Inject(CLOCK) private readonly now: Clock,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'The way back from a price to what its sources answered',
    description:
      'The price of the slot that `timestamp` lies in (without it: of the newest slot that is decided), with its revisions; the schedule that held; what every source came to, and why; the call behind it, and the answer as it came: in place up to 64 KiB, and at its `link`, which is `/payloads/{sha256}`. A slot without a price says why it has none.',
  })
  @ApiParameters(EXPLAIN_PARAMETERS)
  @ApiAnswer(EXPLAIN_ANSWER)
  @ApiProblems(
    wrongTime('/prices/explain', 'timestamp'),
    notKnown('/prices/explain'),
    databaseAway('/prices/explain?ticker=btc_usd'),
  )
  async explain(@Query() query: RawQuery, @Req() request: FastifyRequest): Promise<unknown> {
    const { values, ticker } = await this.queries.readWithTicker(EXPLAIN_PARAMETERS, query, () => []);
    const nowSeconds = Math.floor(this.now() / 1000);
    const explanation = await this.explanations.explain({
      tickerId: ticker.id,
      second: values.timestamp,
      nowSeconds,
      maxBodyBytes: MAX_INLINE_BODY_BYTES,
    });
    const timestamp = values.timestamp ?? explanation.slot ?? nowSeconds;
    const asked = { ticker: ticker.ticker, timestamp, nowSeconds, prefix: prefixOf(request.url) };
    return explainAnswer(asked, explanation);
  }
}
