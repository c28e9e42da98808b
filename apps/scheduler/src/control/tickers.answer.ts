import { RULES } from '@app/domain';
import { tickerName, unixSeconds, type RouteAnswer } from '@app/openapi';
import { z } from 'zod';
import { checksSchema, medianSchema } from '../catalogue/ticker-request.js';

const sourceSchema = z.strictObject({
  source: z.string().describe('Name of the source'),
  source_symbol: z.string().describe('What the source calls the ticker'),
  batch: z.string().describe('Tickers of one source with the same batch are asked in one call'),
  interval_seconds: z.int().describe('Seconds between two calls of this source'),
  standby: z.literal(true).optional().describe('Asked only in slots in which every source before it has failed'),
  quoted_in: z.string().optional().describe('The currency of the price there; left out when it is the usual one'),
});

const tickerSchema = z
  .strictObject({
    ticker: tickerName(),
    enabled: z.boolean().describe('Whether it is being sampled'),
    interval_seconds: z.int().describe('Seconds from one slot to the next'),
    rule: z.enum(RULES).describe('How a price is chosen from the samples of a slot'),
    sources: z.array(sourceSchema).describe('In order of preference'),
    checks: checksSchema.optional().describe('Why a quote is not believed; left out when all of it is as usual'),
    median: medianSchema.optional().describe('How rule `median` decides; left out when all of it is as usual'),
    since_slot: unixSeconds('UNIX seconds of the first slot that is sampled so'),
    until_slot: unixSeconds().nullable().describe('UNIX seconds, exclusive; null while it holds'),
    warnings: z
      .array(z.string())
      .min(1)
      .optional()
      .describe('After a change: what keeps it from having a price, one sentence each'),
  })
  .meta({ id: 'CataloguedTicker' });

const EXAMPLE: z.output<typeof tickerSchema> = {
  ticker: 'btc_usd',
  enabled: true,
  interval_seconds: 60,
  rule: 'priority',
  sources: [
    { source: 'deribit', source_symbol: 'btc_usd', batch: 'btc_usd', interval_seconds: 60 },
    { source: 'coingecko', source_symbol: 'bitcoin', batch: 'coingecko', interval_seconds: 300, standby: true },
  ],
  checks: { jump_ratio: 0.05 },
  since_slot: 1766000040,
  until_slot: null,
};

/** `GET /tickers/:ticker` */
export const TICKER_ANSWER: RouteAnswer<typeof tickerSchema> = {
  description: 'The ticker.',
  schema: tickerSchema,
  example: EXAMPLE,
};

/** `POST /tickers` */
export const CREATED_ANSWER: RouteAnswer<typeof tickerSchema> = {
  description: 'The ticker as it is sampled from the next slot on.',
  schema: tickerSchema,
  statuses: [201],
  example: EXAMPLE,
};

/** `PATCH /tickers/:ticker` */
export const CHANGED_ANSWER: RouteAnswer<typeof tickerSchema> = {
  description: 'The ticker as it is sampled from the next slot on.',
  schema: tickerSchema,
  example: { ...EXAMPLE, warnings: ['usdt_usd is not sampled: catalogue it, so that its price can convert.'] },
};

const disabledSchema = z
  .strictObject({ ticker: tickerName(), enabled: z.literal(false).describe('It is not sampled any more') })
  .meta({ id: 'DisabledTicker' });

/** `DELETE /tickers/:ticker` */
export const DISABLED_ANSWER: RouteAnswer<typeof disabledSchema> = {
  description: 'It is not sampled any more; what is stored stays.',
  schema: disabledSchema,
  example: { ticker: 'btc_usd', enabled: false },
};

const tickersSchema = z
  .strictObject({ tickers: z.array(tickerSchema).describe('By name') })
  .meta({ id: 'CataloguedTickers' });

/** `GET /tickers` */
export const TICKERS_ANSWER: RouteAnswer<typeof tickersSchema> = {
  description: 'Every ticker that was ever catalogued, by name.',
  schema: tickersSchema,
  example: { tickers: [EXAMPLE] },
};
