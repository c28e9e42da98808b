import { OUTCOMES } from '@app/domain';
import { tickerName, unixSeconds, type RouteAnswer } from '@app/openapi';
import { z } from 'zod';

const extraFetchSchema = z
  .strictObject({
    ticker: tickerName(),
    source: z.string().describe('Name of the source'),
    timestamp: unixSeconds('UNIX seconds of the slot that runs'),
    state: z
      .enum([
        'fetching',
        'under_way',
        'sampled',
        'decided',
        'source_unavailable',
        'attempts_spent',
        'window_over',
        'not_due',
      ])
      .describe('What comes of it: `fetching` when a call is on its way, else why there is none'),
    detail: z.string().describe('The state for people'),
    outcome: z.enum(OUTCOMES).nullable().describe('What the source came to in this slot; null while there is none'),
    reason: z.string().nullable().describe('Why it is not accepted; null when it is, or while there is none'),
  })
  .meta({ id: 'ExtraFetch' });

/** An extra fetch as the control API shows it. */
export type PresentedFetch = z.output<typeof extraFetchSchema>;

const extraFetchesSchema = z
  .strictObject({ fetches: z.array(extraFetchSchema).describe('One for every ticker and source that was asked for') })
  .meta({ id: 'ExtraFetches' });

/** `/fetch` */
export const FETCH_ANSWER: RouteAnswer<typeof extraFetchesSchema> = {
  description: 'What comes of it, for every ticker and source.',
  schema: extraFetchesSchema,
  statuses: [202],
  example: {
    fetches: [
      {
        ticker: 'btc_usd',
        source: 'deribit',
        timestamp: 1765999980,
        state: 'fetching',
        detail: 'a call is on its way',
        outcome: null,
        reason: null,
      },
    ],
  },
};
