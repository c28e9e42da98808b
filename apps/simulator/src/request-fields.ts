import { z } from 'zod';
import { badRequest } from './problem.js';
import { formsOf, simulatedNames, simulatedSource } from './sources/registry.js';
import type { WireForm } from './sources/simulated-source.js';

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

/** The name of a simulated source; those that are declared too. */
export function simulatedName() {
  return z.string().refine((name) => simulatedNames().includes(name), {
    error: () => `must be one of ${simulatedNames().join(', ')}`,
  });
}

/** The number in the path of something that is numbered, or 400. */
export function idOf(text: string, noun: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw badRequest([{ field: 'id', problem: `must be the number of ${noun}` }]);
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

/** What a name stands for, or what is wrong with name or currency. */
export function knownForms(
  source: string,
  name: string,
  quote: string,
): { readonly forms: readonly [WireForm, ...WireForm[]] } | { readonly problem: string } {
  const [first, ...others] = formsOf(source, name, quote);
  if (first !== undefined) return { forms: [first, ...others] };
  const inQuote = simulatedSource(source).quotesOf === undefined ? '' : ` in "${quote}"`;
  return { problem: `the simulated ${source} does not know "${name}"${inQuote}` };
}
