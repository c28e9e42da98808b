import { z } from 'zod';

/** A whole number. */
export const whole = () => z.int().meta({ format: 'int64' });

/** A point in time in whole UNIX seconds. */
export const unixSeconds = (description = 'UNIX seconds') => whole().describe(description);

/** A point in time in UNIX seconds with milliseconds. */
export const unixTime = (description = 'UNIX seconds with milliseconds') => z.number().describe(description);

/** A ticker in an answer. */
export const tickerName = () => z.string().describe('The ticker, `base_quote` in lower case');

/** A positive decimal number as text, never in exponents. */
export const decimal = (description: string) =>
  z
    .string()
    .regex(/^\d+(\.\d+)?$/)
    .describe(description);
