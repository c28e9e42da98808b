import { Controller, Get, Inject, Query } from '@nestjs/common';
import { z } from 'zod';
import { CallLog, type CallPage } from './call-log.js';
import { wholeNumber } from './request-fields.js';
import { SOURCE_NAMES } from './source-names.js';

const MOST_CALLS_PER_PAGE = 10_000;

const callsQuery = z.strictObject({
  after: wholeNumber(0, Number.MAX_SAFE_INTEGER).default(0),
  source: z.enum(SOURCE_NAMES).optional(),
  limit: wholeNumber(1, MOST_CALLS_PER_PAGE).default(1_000),
});

/** What was asked of the simulated sources. */
@Controller('simulator')
export class CallsController {
  constructor(@Inject(CallLog) private readonly log: CallLog) {}

  @Get('calls')
  calls(@Query({ schema: callsQuery }) query: z.output<typeof callsQuery>): CallPage {
    return this.log.page(query.after, query.limit, query.source);
  }

  @Get('counters')
  counters(): object {
    return this.log.totals();
  }
}
