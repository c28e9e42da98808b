import { z } from 'zod';
import { tickerOf, type SourceName } from './source-names.js';

/** The latest second taken: the year 2100. */
const LATEST_SECOND = 4_102_444_800;

/** A whole number within bounds, from the text of a query. */
export function wholeNumber(minimum: number, maximum: number) {
  const fault = `must be a whole number, ${minimum} to ${maximum}`;
  return z
    .string({ error: fault })
    .regex(/^\d{1,16}$/, fault)
    .transform(Number)
    .pipe(z.number(fault).min(minimum, fault).max(maximum, fault));
}

/** A UNIX second in a body. */
export function unixSecond() {
  const fault = `must be a UNIX second, 0 to ${LATEST_SECOND}; milliseconds? divide by 1000`;
  return z.number({ error: fault }).int(fault).min(0, fault).max(LATEST_SECOND, fault);
}

/** A UNIX second in a query. */
export function unixSecondText() {
  const fault = `must be a UNIX second, 0 to ${LATEST_SECOND}; milliseconds? divide by 1000`;
  return z
    .string({ error: fault })
    .regex(/^\d{1,16}$/, fault)
    .transform(Number)
    .pipe(z.number(fault).max(LATEST_SECOND, fault));
}

/** The ticker behind a name, or what is wrong with name or currency. */
export function knownTicker(source: SourceName, name: string, quote: string): { ticker: string } | { problem: string } {
  const ticker = tickerOf(source, name, quote);
  if (ticker !== undefined) return { ticker };
  return {
    problem: `the simulated ${source} does not know "${name}"${source === 'coingecko' ? ` in "${quote}"` : ''}`,
  };
}
