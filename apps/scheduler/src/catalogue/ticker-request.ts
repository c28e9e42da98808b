import { MAX_TICKER_LENGTH, parseTicker, RULES } from '@app/domain';
import { z } from 'zod';

const MAX_INTERVAL_SECONDS = 86_400;

const interval = z
  .int({ error: 'must be a whole number of seconds, 1 to 86400' })
  .min(1, 'must be at least 1 second')
  .max(MAX_INTERVAL_SECONDS, 'must be at most 86400 seconds, a day');

const ticker = z
  .string({ error: 'must be a text such as btc_usd' })
  .max(MAX_TICKER_LENGTH, `must have at most ${MAX_TICKER_LENGTH} characters`)
  .refine((text) => parseTicker(text) !== undefined, 'must be base_quote in lower case, such as btc_usd');

const sourceObject = z.strictObject({
  source: z.string().describe('Name of the source, such as `deribit`.'),
  name: z
    .string()
    .min(1)
    .max(100)
    .regex(/^[\w.\-/:]+$/, 'must hold letters, digits and . _ - / : only')
    .optional()
    .describe("The ticker's name there; by default the source knows it."),
  batch: z
    .string()
    .regex(/^[a-z0-9_-]{1,63}$/, 'must be lower case letters, digits, _ and -, at most 63')
    .optional()
    .describe('Tickers of one source with the same batch are asked in one call.'),
  interval_seconds: interval.optional().describe('How often this source is asked: a multiple of the interval.'),
});

/** A source of a ticker: its name alone, or with its particulars. */
const source = z.union([
  z.string().transform((name): z.infer<typeof sourceObject> => ({ source: name })),
  sourceObject,
]);

const sources = z.array(source).min(1, 'must name at least one source').max(16, 'must name at most 16 sources');

/** A ticker to be sampled, as the control API takes it and as the catalogue file lists it. */
export const tickerRequestSchema = z.strictObject({
  ticker,
  interval_seconds: interval.default(60),
  rule: z.enum(RULES, { error: `must be one of ${RULES.join(', ')}` }).default('priority'),
  sources: sources.default([{ source: 'deribit' }]),
});
/** See {@link tickerRequestSchema}. */
export type TickerRequest = z.output<typeof tickerRequestSchema>;

/** A change of a ticker: what is left out stays as it is. */
export const tickerChangeSchema = z
  .strictObject({ interval_seconds: interval.optional(), rule: z.enum(RULES).optional(), sources: sources.optional() })
  .refine((change) => Object.values(change).some((value) => value !== undefined), 'must name something to change');
/** See {@link tickerChangeSchema}. */
export type TickerChange = z.output<typeof tickerChangeSchema>;

/** A file with the whole catalogue. */
export const catalogueFileSchema = z.strictObject({ tickers: z.array(tickerRequestSchema).max(50_000) });
