import { readTicker, TICKER_PATTERN } from '@app/domain';
import { z } from 'zod';
import { decodeCursor, MAX_CURSOR_LENGTH, NO_CURSOR, type Cursor } from './cursor.js';
import { MAX_UNIX_SECONDS, readInstant, type Rounding } from './instant.js';

/** What the documentation says of a parameter; in the words of OpenAPI. */
export interface ParameterDocumentation {
  readonly description: string;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly example?: string | number;
  /** Whether a client must give it, where that does not follow from the schema. */
  readonly required?: boolean;
}

/** A query parameter: how its text is read, and how it is documented. */
export interface QueryParameter<Value> {
  readonly schema: z.ZodType<Value>;
  readonly documentation: ParameterDocumentation;
}

/** Longest text of a parameter other than a cursor, in characters: the longest ticker has 63. */
const MAX_TEXT_LENGTH = 64;

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

/** A name of a ticker that a cursor may hold instead. */
export const pagedTickerParameter: QueryParameter<string> = {
  ...tickerParameter,
  documentation: {
    ...tickerParameter.documentation,
    description: `${tickerParameter.documentation.description} Required, unless \`cursor\` is given, which holds it.`,
    required: false,
  },
};

/** How instants are written, for descriptions. */
const WRITTEN =
  'UNIX seconds, or a date or time of ISO 8601: `1766000000`, `2025-12-17`, `2025-12-17T19:33:20Z`, `2025-12-17T20:33:20+01:00`. Without a zone it is UTC.';

/**
 * An optional instant.
 * @param rounding to which second an instant between two of them belongs: `up` for an end of a range, which changes no answer since slots
 * begin with whole seconds.
 */
export function instantParameter(description: string, rounding: Rounding): QueryParameter<number | undefined> {
  const schema = text(MAX_TEXT_LENGTH).transform((value, context) => {
    const { seconds, fault } = readInstant(value, rounding);
    if (fault === undefined) return seconds;
    context.addIssue(fault);
    return z.NEVER;
  });
  return {
    schema: schema.optional(),
    documentation: {
      description: `${description} ${WRITTEN} A fraction of a second is rounded ${rounding}.`,
      schema: {
        oneOf: [
          { type: 'integer', format: 'int64', minimum: 0, maximum: MAX_UNIX_SECONDS },
          { type: 'string', format: 'date-time' },
          { type: 'string', format: 'date' },
        ],
      },
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
export const cursorParameter: QueryParameter<Cursor | undefined> = {
  schema: text(MAX_CURSOR_LENGTH)
    .transform((value, context) => {
      const cursor = decodeCursor(value);
      if (cursor !== undefined) return cursor;
      context.addIssue(NO_CURSOR);
      return z.NEVER;
    })
    .optional(),
  documentation: {
    description:
      'The `next` of an earlier answer, to go on where it stopped. It holds the whole question: nothing else need be given; `limit` may be another one, and whatever is given besides must be as it was.',
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
