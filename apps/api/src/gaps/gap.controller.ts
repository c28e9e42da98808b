import { Controller, Get, Inject, Query, UseGuards } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiAnswer, VERSIONS } from '@app/openapi';
import { GapReader } from '@app/storage';
import { ApiParameters, ApiProblems } from '../documentation/documentation.js';
import { databaseAway, notKnown, wrongTime } from '../documentation/problem-examples.js';
import { GAPS_ANSWER } from './gap.answer.js';
import { DEFAULT_GAPS, GAPS_PARAMETERS } from './gap.parameters.js';
import { cursorTextOf, type PagedQuestion } from '../http/paged-question.js';
import { checkRange, QueryReader, type RawQuery } from '../http/query.reader.js';
import { ReadyGuard } from '../health/ready.guard.js';
import { CLOCK, type Clock } from '../tokens.js';

/** What a question for gaps is. */
const GAPS: PagedQuestion = { route: 'gaps', parts: ['ticker', 'from', 'to'] };

/** What is missing, and why: every expected slot has a price or stands here with a reason. */
@ApiTags('gaps')
@UseGuards(ReadyGuard)
@Controller({ path: 'gaps', version: VERSIONS })
export class GapController {
  constructor(
    @Inject(QueryReader) private readonly queries: QueryReader,
    @Inject(GapReader) private readonly gaps: GapReader,
    @Inject(CLOCK) private readonly now: Clock,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'Missing slots of a ticker, each with its reason',
    description:
      '`expected` counts the slots of every schedule that held in the range and whose grace (window and 10 s) is over; up to `decided_to` that is every slot. `expected` = `stored` + `missing`. Neighbours with the same outcomes stand in one entry. `unexplained` is how many missing slots have no recorded reason; it should be 0.',
  })
  @ApiParameters(GAPS_PARAMETERS)
  @ApiAnswer(GAPS_ANSWER)
  @ApiProblems(wrongTime('/gaps', 'from'), notKnown('/gaps'), databaseAway('/gaps?ticker=btc_usd'))
  async list(@Query() query: RawQuery): Promise<unknown> {
    const { values, ticker, position } = await this.queries.readPaged(GAPS, GAPS_PARAMETERS, query, (given) =>
      checkRange(given.from, given.to),
    );
    const nowSeconds = Math.floor(this.now() / 1000);
    const { from, to } = rangeOf(values, ticker.firstSlot, nowSeconds);
    const after = Math.max(from, position ?? from);
    const limit = values.limit ?? DEFAULT_GAPS;
    const report = await this.gaps.report({ tickerId: ticker.id, from, to, nowSeconds, after, limit });
    return {
      ticker: ticker.ticker,
      from,
      to,
      decided_to: report.decidedTo,
      expected: report.expected,
      stored: report.stored,
      missing: report.missing,
      unexplained: report.unexplained,
      gaps: report.entries,
      // The range that was left open is held too: pages of one question share it, however long the client takes.
      next: report.next === undefined ? null : cursorTextOf(GAPS, { ticker: ticker.ticker, from, to }, report.next),
    };
  }
}

/** The range asked for: from the first expected slot up to now, where it is left open. */
function rangeOf(
  given: { from: number | undefined; to: number | undefined },
  firstSlot: number | null,
  nowSeconds: number,
): { from: number; to: number } {
  const from = given.from ?? Math.min(firstSlot ?? Infinity, given.to ?? nowSeconds);
  return { from, to: given.to ?? Math.max(from, nowSeconds) };
}
