import { OUTCOMES } from '@app/domain';
import { unixSeconds, whole, type RouteAnswer } from '@app/openapi';
import { z } from 'zod';
import { nextCursor } from '../http/next-cursor.js';

const gapSchema = z
  .strictObject({
    from: unixSeconds(),
    to: unixSeconds('UNIX seconds, exclusive'),
    slots: whole().describe('Expected slots in it without a price'),
    reason: z.string().describe('Of the first source in order, or of the range that nobody planned'),
    sources: z
      .array(z.strictObject({ source: z.string(), outcome: z.enum(OUTCOMES), reason: z.string().nullable() }))
      .describe('What every source that was asked came to; empty for a range that nobody planned'),
  })
  .meta({ id: 'Gap' });

const gapsSchema = z
  .strictObject({
    ticker: z.string(),
    from: unixSeconds(),
    to: unixSeconds(),
    decided_to: unixSeconds('UNIX seconds up to which every slot of the range is past its grace'),
    expected: whole(),
    stored: whole(),
    missing: whole(),
    unexplained: whole().describe('Missing slots without a recorded reason; should be 0'),
    gaps: z.array(gapSchema),
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
