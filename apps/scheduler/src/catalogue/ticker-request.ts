import {
  compareDecimals,
  MAX_FROZEN_AFTER_SECONDS,
  MAX_JUMP_MEMORY_SECONDS,
  MAX_TICKER_LENGTH,
  plainDecimal,
  readTicker,
  RULES,
} from '@app/domain';
import { z } from 'zod';
import { strictFields } from '@app/yaml-file';

/** A day: what is asked less often is no series of prices. */
export const MAX_INTERVAL_SECONDS = 86_400;

const interval = z
  .int({ error: 'must be a whole number of seconds, 1 to 86400' })
  .min(1, 'must be at least 1 second')
  .max(MAX_INTERVAL_SECONDS, 'must be at most 86400 seconds, a day');

const slot = z.int({ error: 'must be whole UNIX seconds' });

/** Describes a field that may be sent back as it was read. */
function readOnly(what: string): string {
  return `${what}. Read-only: what GET shows is accepted, anything else is refused.`;
}

const INTERVAL = 'How often it is sampled: seconds from one slot to the next, 1 to 86400.';
const RULE =
  'How a price is chosen from the samples of a slot: `priority`, that of the first source in order that was accepted, or `median`, the middle of all that were.';
const SOURCES =
  'Who is asked, in order of preference; each by its name alone or with its particulars. At least one, at most 16.';

const ticker = z
  .string({ error: 'must be a text such as btc_usd' })
  .max(MAX_TICKER_LENGTH, `must have at most ${MAX_TICKER_LENGTH} characters`)
  .transform((text, context) => {
    const { parts, fault } = readTicker(text);
    if (parts !== undefined) return parts.ticker;
    context.addIssue(fault);
    return z.NEVER;
  });

/** What a source may call a ticker. */
export const SOURCE_SYMBOL = /^[\w.\-/:]{1,100}$/;

const sourceFields = {
  source: z
    .string({ error: 'must be the name of a source' })
    .min(1, 'must be the name of a source')
    .max(63, 'must have at most 63 characters')
    .meta({ description: 'Name of the source.', examples: ['coingecko'] }),
  source_symbol: z
    .string({ error: 'must be a text' })
    .regex(SOURCE_SYMBOL, 'must hold letters, digits and . _ - / : only, at most 100')
    .optional()
    .meta({
      description: 'What the source calls the ticker; without it the source knows it itself.',
      examples: ['bitcoin'],
    }),
  batch: z
    .string({ error: 'must be a text' })
    .regex(/^[a-z0-9_-]{1,63}$/, 'must be lower case letters, digits, _ and -, at most 63')
    .optional()
    .meta({
      description: 'Tickers of one source with the same batch are asked in one call; without it, the ticker alone.',
      examples: ['coins'],
    }),
  interval_seconds: interval.optional().meta({
    description:
      'Seconds between two calls of this source: a multiple of the interval of the ticker, which it is without it.',
    examples: [300],
  }),
  standby: z
    .boolean({ error: 'must be true or false' })
    .optional()
    .meta({
      description: 'Asked only in slots in which every source before it has failed, to save its credits.',
      default: false,
      examples: [true],
    }),
  quoted_in: z
    .string({ error: 'must be a currency in lower case, such as usdt' })
    .regex(/^[a-z0-9-]{1,31}$/, 'must be a currency in lower case, such as usdt')
    .optional()
    .meta({
      description:
        "The currency of the price there, when it is not the ticker's own: it is converted by a measured price. Without it the source knows it.",
      examples: ['usdt'],
    }),
};

/** A source of a ticker: its name alone, or with its particulars. No union, whose faults would not name the wrong field. */
const source = z
  .preprocess(
    (asked) => (typeof asked === 'string' ? { source: asked } : asked),
    strictFields(sourceFields, 'must be the name of a source, or an object with it'),
  )
  .meta({ type: ['string', 'object'], description: 'Name of the source, or an object with its particulars.' });

const sources = z
  .array(source, { error: 'must be a list of sources' })
  .min(1, 'must name at least one source')
  .max(16, 'must name at most 16 sources');

/** A number from a minimum up to a maximum, the minimum itself excluded when nothing less than more than it makes sense. */
function ratio(minimum: number, maximum: number, { orMinimum = true } = {}) {
  const fault = `must be a number ${orMinimum ? 'from' : 'above'} ${minimum} ${orMinimum ? 'to' : 'and at most'} ${maximum}`;
  const number = z.number({ error: fault }).max(maximum, fault);
  return orMinimum ? number.min(minimum, fault) : number.gt(minimum, fault);
}

const price = z
  .string({ error: 'must be a decimal as text, such as "0.01"' })
  .refine(
    (text) => compareDecimals(plainDecimal(text) ?? '0', '0') > 0,
    'must be a decimal above 0 with at most 40 digits',
  );

/** Why a quote is not believed; what is left out is as usual, null switches a check off. */
export const checksSchema = strictFields(
  {
    max_age_seconds: ratio(1, 604_800)
      .nullable()
      .optional()
      .meta({
        description:
          'In seconds: a price older than this by its own time, or by that of a cached answer, is `stale`. Null: any age.',
        default: 600,
        examples: [900],
      }),
    max_lead_seconds: ratio(0, 86_400)
      .nullable()
      .optional()
      .meta({
        description: 'In seconds: a price whose time is further ahead is `in_the_future`. Null: any time.',
        default: 60,
        examples: [5],
      }),
    minimum: price.optional().meta({
      description: 'A decimal as text, in the quote: a price below is `absurd`.',
      default: '1e-18',
      examples: ['0.01'],
    }),
    maximum: price.optional().meta({
      description: 'A decimal as text, in the quote: a price above is `absurd`.',
      default: '1e12',
      examples: ['10000000'],
    }),
    jump_ratio: ratio(0, 1_000, { orMinimum: false })
      .nullable()
      .optional()
      .meta({
        description:
          'In parts of the last price: a price further from it is a `jump`, until another source agrees, or three distinct observations over half a minute do. Null: no price is a jump.',
        default: 0.1,
        examples: [0.05],
      }),
    jump_memory_seconds: z
      .int({ error: 'must be a whole number of seconds' })
      .min(1, 'must be at least 1 second')
      .max(MAX_JUMP_MEMORY_SECONDS, `must be at most ${MAX_JUMP_MEMORY_SECONDS} seconds, a week`)
      .optional()
      .meta({
        description:
          'In seconds: a price older than this is no last price any more, nor one older than three intervals and ten minutes where those are more.',
        default: 3600,
        examples: [600],
      }),
    agreement_ratio: ratio(0, 0.5)
      .optional()
      .meta({
        description: 'In parts of the price: two sources agree when their prices lie no further apart.',
        default: 0.02,
        examples: [0.01],
      }),
    max_uncertainty_ratio: ratio(0, 1, { orMinimum: false })
      .nullable()
      .optional()
      .meta({
        description:
          'In parts of the price: one that was inverted or converted and is known less well, by half a unit of the last digit of each number that it was made of, is `imprecise`. Null: any.',
        default: 0.001,
        examples: [0.005],
      }),
    max_rate_age_seconds: z
      .int({ error: 'must be a whole number of seconds' })
      .min(0, 'must be at least 0 seconds')
      .max(MAX_INTERVAL_SECONDS, `must be at most ${MAX_INTERVAL_SECONDS} seconds, a day`)
      .nullable()
      .optional()
      .meta({
        description:
          'In seconds: a price whose rate is of a slot that began longer ago than this is `rate_too_old`. Null: a rate of any age.',
        default: 3600,
        examples: [600],
      }),
    frozen_after_seconds: z
      .int({ error: 'must be a whole number of seconds' })
      .min(1, 'must be at least 1 second')
      .max(MAX_FROZEN_AFTER_SECONDS, `must be at most ${MAX_FROZEN_AFTER_SECONDS} seconds, a week`)
      .nullable()
      .optional()
      .meta({
        description:
          'In seconds: a source with the same digits for longer, and for ten of its intervals, is `frozen` when another one moved by more than `agreement_ratio` meanwhile, or more of the others are that far from it than near it; where no other one reports, its price is flagged `frozen`. Null: never, for a pair that is pegged; the default of one dollar in another (usd, usdt, usdc, dai).',
        default: 900,
        examples: [3600],
      }),
  },
  'must be an object with limits',
).refine(({ minimum, maximum }) => {
  const [low, high] = [plainDecimal(minimum ?? '1e-18'), plainDecimal(maximum ?? '1e12')];
  // What is no decimal has a fault of its own.
  return low === undefined || high === undefined || compareDecimals(low, high) <= 0;
}, 'minimum must not be above maximum');

/** How rule `median` decides. */
export const medianSchema = strictFields(
  {
    minimum_sources: z
      .int({ error: 'must be a whole number, 1 to 16' })
      .min(1, 'must be a whole number, 1 to 16')
      .max(16, 'must be a whole number, 1 to 16')
      .optional()
      .meta({ description: 'With fewer accepted samples there is no price.', default: 2, examples: [3] }),
    maximum_spread: ratio(0, 1)
      .optional()
      .meta({
        description:
          'In parts of the price: with a larger distance between lowest and highest accepted sample there is no price.',
        default: 0.02,
        examples: [0.01],
      }),
    outlier_factor: ratio(1, 100)
      .optional()
      .meta({
        description: 'A sample further from the median than so many median absolute deviations is left out.',
        default: 5,
        examples: [4],
      }),
    outlier_floor: ratio(0, 1)
      .optional()
      .meta({
        description: 'In parts of the price: a sample nearer to the median is never left out.',
        default: 0.002,
        examples: [0.001],
      }),
  },
  'must be an object with limits',
);

const rule = z.enum(RULES, { error: `must be one of ${RULES.join(', ')}` });

const requestFields = {
  ticker: ticker.meta({
    description: 'The ticker, base and quote; `BTC/USD`, `BTC-USD` and `BTC_USD` are understood too.',
    examples: ['btc_usd'],
  }),
  interval_seconds: interval.default(60).meta({ description: INTERVAL, examples: [60] }),
  rule: rule.default('priority').meta({ description: RULE, examples: ['priority'] }),
  sources: sources.default([{ source: 'deribit' }]).meta({ description: SOURCES }),
};

/** A ticker to be sampled, as the catalogue file lists it. */
export const tickerRequestSchema = strictFields(
  { ...requestFields, checks: checksSchema.optional(), median: medianSchema.optional() },
  'must be an object with a ticker',
);
/** See {@link tickerRequestSchema}. */
export type TickerRequest = z.output<typeof tickerRequestSchema>;

const limitsFields = {
  checks: checksSchema
    .nullable()
    .optional()
    .describe('Why a quote is not believed; what is left out of it is as usual. Null: all of it.'),
  median: medianSchema
    .nullable()
    .optional()
    .describe('How rule `median` decides; what is left out of it is as usual. Null: all of it.'),
};

/** A ticker to be sampled, as the control API takes it: of one that was sampled before, what is left out is as it was. */
export const newTickerSchema = strictFields(
  { ...requestFields, ...limitsFields },
  'must be an object with a ticker',
).meta({ id: 'TickerRequest' });
/** See {@link newTickerSchema}. */
export type NewTicker = z.output<typeof newTickerSchema>;

/** A change of a ticker: what is left out stays as it is. It may hold all that is shown of a ticker. */
export const tickerChangeSchema = strictFields(
  {
    enabled: z
      .boolean({ error: 'must be true or false' })
      .optional()
      .meta({ description: 'False: it is not sampled any more, as by DELETE. True: it is again.', examples: [true] }),
    interval_seconds: interval.optional().meta({ description: INTERVAL, examples: [10] }),
    rule: rule.optional().meta({ description: RULE, examples: ['median'] }),
    sources: sources.optional().meta({ description: `${SOURCES} All of them: a list replaces the one before.` }),
    ...limitsFields,
    ticker: ticker.optional().meta({ description: readOnly('The ticker'), examples: ['btc_usd'] }),
    since_slot: slot
      .optional()
      .meta({ description: readOnly('First slot that is sampled so, UNIX seconds'), examples: [1766000040] }),
    until_slot: slot
      .nullable()
      .optional()
      .meta({
        description: readOnly('End of what is sampled so, UNIX seconds, exclusive; null while it holds'),
        examples: [null],
      }),
    warnings: z
      .array(z.string({ error: 'must be a sentence' }), { error: 'must be a list of sentences' })
      .max(100, 'must be at most 100 sentences')
      .optional()
      .describe(readOnly('What keeps it from having a price')),
  },
  'must be an object with what shall change',
)
  .refine((change) => Object.values(change).some((value) => value !== undefined), 'must name something to change')
  .meta({ id: 'TickerChange' });
/** See {@link tickerChangeSchema}. */
export type TickerChange = z.output<typeof tickerChangeSchema>;
/** The part of a change that says how the ticker is sampled. */
export type SamplingChange = Partial<Pick<TickerChange, 'interval_seconds' | 'rule' | 'sources' | 'checks' | 'median'>>;

/** A file with the whole catalogue. */
export const catalogueFileSchema = strictFields(
  {
    tickers: z
      .array(tickerRequestSchema, { error: 'must be a list of tickers' })
      .max(50_000, 'must list at most 50000 tickers'),
  },
  'must be an object with a list of tickers',
);
