import { Controller, Get, Inject, Query } from '@nestjs/common';
import { z } from 'zod';
import { simulatedName, wholeNumber } from '../request-fields.js';
import { simulatedNames } from '../sources/registry.js';
import { CallLog, type CallPage } from './call-log.js';
import { CallRates } from './call-rates.js';

const MOST_CALLS_PER_PAGE = 10_000;
const MOST_WINDOWS = 20;
const LONGEST_WINDOW_SECONDS = 2_678_400;

const callsQuery = z.strictObject({
  after: wholeNumber(0, Number.MAX_SAFE_INTEGER).default(0),
  source: simulatedName().optional(),
  limit: wholeNumber(1, MOST_CALLS_PER_PAGE).default(1_000),
});

const windowsFault = `must be up to ${MOST_WINDOWS} lengths in seconds, e.g. 1,60`;
const countersQuery = z.strictObject({
  windows: z
    .string()
    .regex(/^\d{1,7}(\.\d{1,3})?(,\d{1,7}(\.\d{1,3})?)*$/, windowsFault)
    .default('1,60')
    .transform((text) => text.split(',').map(Number))
    .refine(
      (lengths) =>
        lengths.length <= MOST_WINDOWS && lengths.every((length) => length > 0 && length <= LONGEST_WINDOW_SECONDS),
      windowsFault,
    ),
});

/** What was asked of the simulated sources. */
@Controller('simulator')
export class CallsController {
  constructor(
    @Inject(CallLog) private readonly log: CallLog,
    @Inject(CallRates) private readonly rates: CallRates,
  ) {}

  @Get('calls')
  calls(@Query({ schema: callsQuery }) query: z.output<typeof callsQuery>): CallPage {
    return this.log.page(query.after, query.limit, query.source);
  }

  /** Counts since the start, with the most calls and weight that came within any sliding window of each length asked for. */
  @Get('counters')
  counters(@Query({ schema: countersQuery }) { windows }: z.output<typeof countersQuery>): object {
    const { calls, sources } = this.log.totals();
    const counted = simulatedNames().flatMap((source) => {
      const counter = sources[source];
      return counter === undefined ? [] : [[source, { ...counter, ...this.rates.of(source, windows) }] as const];
    });
    return { calls, sources: Object.fromEntries(counted) };
  }
}
