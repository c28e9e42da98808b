import { LIMIT_SHARE } from '@app/domain';
import {
  countedWeight,
  endpointFor,
  planOf,
  SHORT_PERIOD_SECONDS,
  type RequestedTicker,
  type Source,
  type SourceAccesses,
} from '@app/sources';
import { spendCredits, takeWeight, type Pool } from '@app/storage';

/** Whether a call may be made now; `later` is worth asking again after `afterMs`. */
export type Allowance =
  { readonly kind: 'granted' } | { readonly kind: 'no_credits' } | { readonly kind: 'later'; readonly afterMs: number };

/** Asked before every call; what is granted has been counted. */
export interface CallAllowance {
  ask(source: Source, tickers: readonly RequestedTicker[], nowMs: number): Promise<Allowance>;
}

const GRANTED: Allowance = { kind: 'granted' };

/** What the sources publish, counted in Postgres just before the call: the weight of calls, and the credits of a month. */
export class PublishedAllowance implements CallAllowance {
  constructor(
    private readonly pool: Pick<Pool, 'query'>,
    private readonly access: SourceAccesses,
  ) {}

  async ask(source: Source, tickers: readonly RequestedTicker[], nowMs: number): Promise<Allowance> {
    const plan = planOf(source, this.access[source.name]);
    const cost = endpointFor(source, tickers).cost?.(tickers.length) ?? 1;
    const counted = countedWeight(source, plan, cost);
    if (counted !== undefined) {
      const afterMs = await takeWeight(this.pool, { sourceId: source.id, nowMs, ...counted });
      if (afterMs !== undefined) return { kind: 'later', afterMs };
    }
    const { monthly } = plan;
    if (monthly === undefined) return GRANTED;
    const { granted } = await spendCredits(this.pool, { sourceId: source.id, cost, monthly: monthly.credits, nowMs });
    return granted ? GRANTED : { kind: 'no_credits' };
  }
}

/** A limit of seconds is kept in so many steps: what comes through any stretch as long as the period is then a fifth more than the share, and not twice it. */
const STEPS = 5;

/** The limiter of a source's queue: so many jobs in so many milliseconds over the whole fleet, by what the lightest call weighs. */
export function limiterOf(source: Source, access: SourceAccesses): { readonly max: number; readonly duration: number } {
  const { limit } = planOf(source, access[source.name]);
  const lightest = Math.min(...source.endpoints.map((endpoint) => endpoint.cost?.(1) ?? 1));
  const jobs = (limit.calls * LIMIT_SHARE) / lightest;
  const max = Math.max(1, Math.floor(limit.perSeconds <= SHORT_PERIOD_SECONDS ? jobs / STEPS : jobs));
  // A share of less than one call in the period is one call in a longer one.
  return { max, duration: Math.ceil((limit.perSeconds * 1000 * max) / jobs) };
}
