import { OUTCOMES } from '@app/domain';
import { tickerName, unixSeconds, whole, type RouteAnswer } from '@app/openapi';
import { z } from 'zod';
import { nextCursor } from '../http/next-cursor.js';

const gapSchema = z
  .strictObject({
    from: unixSeconds('First missing slot: UNIX seconds'),
    to: unixSeconds('End: UNIX seconds, exclusive'),
    slots: whole().describe('Expected slots in it without a price'),
    reason: z.string().describe('Of the first source in order, or of the range that nobody planned'),
    sources: z
      .array(
        z.strictObject({
          source: z.string().describe('Name of the source'),
          outcome: z.enum(OUTCOMES).describe('What it came to'),
          reason: z.string().nullable().describe('Why; null when it was accepted'),
        }),
      )
      .describe('What every source that was asked came to; empty for a range that nobody planned'),
  })
  .meta({ id: 'Gap' });

const gapsSchema = z
  .strictObject({
    ticker: tickerName(),
    from: unixSeconds('Beginning of the range: UNIX seconds, inclusive'),
    to: unixSeconds('End of the range: UNIX seconds, exclusive'),
    decided_to: unixSeconds('UNIX seconds up to which every slot of the range is past its grace'),
    expected: whole().describe('Slots that should have a price by now'),
    stored: whole().describe('How many of them have one'),
    missing: whole().describe('How many have none'),
    unexplained: whole().describe('Missing slots without a recorded reason; should be 0'),
    gaps: z.array(gapSchema).describe('The missing ones, oldest first'),
    next: nextCursor(),
  })
  .meta({ id: 'Gaps' });

/** `/gaps` */
export const GAPS_ANSWER: RouteAnswer<typeof gapsSchema> = {
  description: 'What was expected, what is there, and what is missing.',
  schema: gapsSchema,
  example: {
    ticker: 'btc_usd',
    from: 1766000000,
    to: 1766003600,
    decided_to: 1766003600,
    expected: 60,
    stored: 57,
    missing: 3,
    unexplained: 0,
    gaps: [
      {
        from: 1766000040,
        to: 1766000100,
        slots: 1,
        reason: 'timeout',
        sources: [{ source: 'deribit', outcome: 'failed', reason: 'timeout' }],
      },
      { from: 1766001000, to: 1766001120, slots: 2, reason: 'not_planned', sources: [] },
    ],
    next: null,
  },
};
