import { readTicker, TICKER_PATTERN } from '@app/domain';
import { z } from 'zod';
import { MAX_CURSOR_LENGTH } from './cursor.js';

/** What the documentation says of a parameter; in the words of OpenAPI. */
export interface ParameterDocumentation {
  readonly description: string;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly example?: string | number;
}

/** A query parameter: how its text is read, and how it is documented. */
export interface QueryParameter<Value> {
  readonly schema: z.ZodType<Value>;
  readonly documentation: ParameterDocumentation;
}

/** Longest text of a parameter other than a cursor, in characters: the longest ticker has 63. */
const MAX_TEXT_LENGTH = 64;

/** The last instant that can be asked for: ten digits, in the year 2286. */
export const MAX_UNIX_SECONDS = 9_999_999_999;

/** A name of a ticker, as `/tickers` has it; whether it is known is another question. */
export const tickerParameter: QueryParameter<string> = {
  schema: text(MAX_TEXT_LENGTH, 'is missing: name a ticker, e.g. ticker=btc_usd')
    .refine((name) => !/[\p{C}\p{Z}]/u.test(name), 'must not hold spaces or characters that cannot be seen')
    .transform((name) => readTicker(name).parts?.ticker ?? name),
  documentation: {
    description:
      'The ticker, as `/tickers` lists it: `btc_usd`. `BTC_USD`, `BTC/USD` and `BTC-USD` mean the same; with a hyphen in a name write an underscore between base and quote, `usd-coin_usd`.',
    schema: { type: 'string', pattern: TICKER_PATTERN },
    example: 'btc_usd',
  },
};

/** An optional instant. */
export function instantParameter(description: string, example: number): QueryParameter<number | undefined> {
  const { schema, documentation } = requiredInstantParameter(description, example);
  return { schema: schema.optional(), documentation };
}

/** An instant that must be named. */
export function requiredInstantParameter(description: string, example: number): QueryParameter<number> {
  return {
    schema: text(MAX_TEXT_LENGTH, `is missing: give UNIX seconds, e.g. ${example}`).transform((value, context) => {
      const fault = instantFault(value);
      if (fault === undefined) return Number(value);
      context.addIssue(fault);
      return z.NEVER;
    }),
    documentation: {
      description,
      schema: { type: 'integer', format: 'int64', minimum: 0, maximum: MAX_UNIX_SECONDS },
      example,
    },
  };
}

/** How many at most. */
export function limitParameter(description: string, maximum: number): QueryParameter<number | undefined> {
  const fault = `must be a whole number, 1 to ${maximum}`;
  return {
    schema: text(MAX_TEXT_LENGTH)
      .regex(/^\d{1,9}$/, fault)
      .transform(Number)
      .refine((limit) => limit >= 1 && limit <= maximum, fault)
      .optional(),
    documentation: { description, schema: { type: 'integer', minimum: 1, maximum }, example: Math.min(100, maximum) },
  };
}

/** Oldest or newest first. */
export const orderParameter: QueryParameter<'asc' | 'desc' | undefined> = {
  schema: text(MAX_TEXT_LENGTH)
    .pipe(z.enum(['asc', 'desc'], 'must be asc (oldest first) or desc (newest first)'))
    .optional(),
  documentation: {
    description: 'Oldest first (`asc`) or newest first (`desc`).',
    schema: { type: 'string', enum: ['asc', 'desc'], default: 'asc' },
  },
};

/** Where an earlier answer stopped. */
export const cursorParameter: QueryParameter<string | undefined> = {
  schema: text(MAX_CURSOR_LENGTH)
    .regex(/^[A-Za-z0-9_-]+$/, 'is not a cursor: give back the `next` of an earlier answer as it was')
    .optional(),
  documentation: {
    description:
      'The `next` of an earlier answer to the same question, to go on where it stopped. `from` and `to` may be left out then.',
    schema: { type: 'string', maxLength: MAX_CURSOR_LENGTH },
  },
};

/** `true` or `false`; false when it is not given. */
export function flagParameter(description: string): QueryParameter<boolean> {
  return {
    schema: text(MAX_CURSOR_LENGTH)
      .regex(/^(true|false)$/, 'must be true or false')
      .optional()
      .transform((value) => value === 'true'),
    documentation: { description, schema: { type: 'boolean', default: false } },
  };
}

/** A parameter that stands once in the query, is not empty and not over-long. */
function text(maxLength: number, whenMissing = 'is missing') {
  return z
    .string({
      error: ({ input }) => (Array.isArray(input) ? `is given ${input.length} times: give it once` : whenMissing),
    })
    .min(1, { error: 'is empty', abort: true })
    .max(maxLength, { error: `is too long: at most ${maxLength} characters`, abort: true });
}

function instantFault(value: string): string | undefined {
  if (/^-\d+(\.\d+)?$/.test(value)) return 'is negative: give UNIX seconds, e.g. 1766000000';
  if (/^\d+\.\d+$/.test(value)) return 'must be whole UNIX seconds, without a fraction';
  if (!/^\d+$/.test(value)) return notANumberFault(value);
  const digits = value.replace(/^0+(?=\d)/, '');
  if (digits.length === 13) return `has 13 digits. Milliseconds? Divide by 1000: ${digits.slice(0, -3)}`;
  if (digits.length === 16) return `has 16 digits. Microseconds? Divide by 1000000: ${digits.slice(0, -6)}`;
  if (digits.length === 19) return `has 19 digits. Nanoseconds? Divide by 1000000000: ${digits.slice(0, -9)}`;
  if (Number(digits) > MAX_UNIX_SECONDS) return `must be at most ${MAX_UNIX_SECONDS}: give UNIX seconds`;
  return undefined;
}

function notANumberFault(value: string): string {
  const dateMs = /^\d{4}-\d{2}-\d{2}/.test(value) ? Date.parse(value) : NaN;
  const hint = Number.isNaN(dateMs) || dateMs < 0 ? 'e.g. 1766000000' : `here ${Math.floor(dateMs / 1000)}`;
  return `is not a number: give UNIX seconds, ${hint}`;
}
