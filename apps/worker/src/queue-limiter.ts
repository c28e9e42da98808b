import { callLimitsOf, type Source, type SourceAccesses } from '@app/sources';

/** A limit for a period up to this long, in seconds, is paced in smaller steps: the window of a slot has time for many of them. */
const SHORT_PERIOD_SECONDS = 5;

/** Into so many steps a short period is divided. */
const STEPS = 5;

/**
 * The limiter of a source's queue: so many jobs in so many milliseconds over the whole fleet, by what the lightest call weighs. It only
 * sets the pace, so that jobs wait in the queue rather than take turns at asking the budget, which alone keeps the limit.
 */
export function limiterOf(source: Source, access: SourceAccesses): { readonly max: number; readonly duration: number } {
  const { limit } = callLimitsOf(source, access[source.name]);
  const lightest = Math.min(...source.endpoints.map((endpoint) => endpoint.cost?.(1) ?? 1));
  const jobs = limit.share / lightest;
  const isShort = limit.perSeconds <= SHORT_PERIOD_SECONDS;
  // Over a long period all that the budget ever grants within it, twice its share: a job for which it had no room, because another
  // call came in between or this one a moment early, has to wait for the budget, and not in the queue until the period is over.
  const max = Math.max(1, Math.floor(isShort ? jobs / STEPS : jobs * 2));
  // A share of less than one call in the period is one call in a longer one.
  return { max, duration: Math.ceil((limit.perSeconds * 1000 * max) / (isShort ? jobs : jobs * 2)) };
}
