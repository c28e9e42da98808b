import { MAX_TICKER_LENGTH, parseTicker, RULES } from '@app/domain';
import { z } from 'zod';

/** A day: what is asked less often is no series of prices. */
export const MAX_INTERVAL_SECONDS = 86_400;

const interval = z
  .int({ error: 'must be a whole number of seconds, 1 to 86400' })
  .min(1, 'must be at least 1 second')
  .max(MAX_INTERVAL_SECONDS, 'must be at most 86400 seconds, a day');

const ticker = z
  .string({ error: 'must be a text such as btc_usd' })
  .max(MAX_TICKER_LENGTH, `must have at most ${MAX_TICKER_LENGTH} characters`)
  .refine((text) => parseTicker(text) !== undefined, 'must be base_quote in lower case, such as btc_usd');

const sourceFields = {
  source: z
    .string({ error: 'must be the name of a source' })
    .min(1, 'must be the name of a source')
    .max(63, 'must have at most 63 characters')
    .describe('Name of the source, such as `deribit`.'),
  name: z
    .string({ error: 'must be a text' })
    .regex(/^[\w.\-/:]{1,100}$/, 'must hold letters, digits and . _ - / : only, at most 100')
    .optional()
    .describe("The ticker's name there; by default the source knows it."),
  batch: z
    .string({ error: 'must be a text' })
    .regex(/^[a-z0-9_-]{1,63}$/, 'must be lower case letters, digits, _ and -, at most 63')
    .optional()
    .describe('Tickers of one source with the same batch are asked in one call.'),
  interval_seconds: interval.optional().describe('How often this source is asked: a multiple of the interval.'),
};

/** A source of a ticker: its name alone, or with its particulars. No union, whose faults would not name the wrong field. */
const source = z.preprocess(
  (asked) => (typeof asked === 'string' ? { source: asked } : asked),
  z.strictObject(sourceFields, { error: notAnObject('must be the name of a source, or an object with it') }),
);

const sources = z
  .array(source, { error: 'must be a list of sources' })
  .min(1, 'must name at least one source')
  .max(16, 'must name at most 16 sources');

const rule = z.enum(RULES, { error: `must be one of ${RULES.join(', ')}` });

/** A ticker to be sampled, as the control API takes it and as the catalogue file lists it. */
export const tickerRequestSchema = z.strictObject(
  {
    ticker,
    interval_seconds: interval.default(60),
    rule: rule.default('priority'),
    sources: sources.default([{ source: 'deribit' }]),
  },
  { error: notAnObject('must be an object with a ticker') },
);
/** See {@link tickerRequestSchema}. */
export type TickerRequest = z.output<typeof tickerRequestSchema>;

/** A change of a ticker: what is left out stays as it is. */
export const tickerChangeSchema = z
  .strictObject(
    { interval_seconds: interval.optional(), rule: rule.optional(), sources: sources.optional() },
    { error: notAnObject('must be an object with what shall change') },
  )
  .refine((change) => Object.values(change).some((value) => value !== undefined), 'must name something to change');
/** See {@link tickerChangeSchema}. */
export type TickerChange = z.output<typeof tickerChangeSchema>;

/** A file with the whole catalogue. */
export const catalogueFileSchema = z.strictObject(
  {
    tickers: z
      .array(tickerRequestSchema, { error: 'must be a list of tickers' })
      .max(50_000, 'must list at most 50000 tickers'),
  },
  { error: notAnObject('must be an object with a list of tickers') },
);

/** Says what must stand where no object stands; unknown fields of an object are told by their names. */
function notAnObject(message: string) {
  return (issue: { readonly code: string }): string | undefined =>
    issue.code === 'invalid_type' ? message : undefined;
}
