import type { BudgetAnswer } from '@app/domain';
import { callLimitsOf, type Source, type SourceAccesses } from '@app/sources';
import { CallBudget, type Pool } from '@app/storage';

/** Asked before every HTTP call of a job, of whatever type; what is granted has been counted. */
export interface SourceBudget {
  /**
   * @param cost what the call counts against limit and month.
   * @param nowMs the clock, milliseconds since 1970.
   * @param keptFree the part of the limit that is left to others, from 0 to 1; default: nothing.
   */
  take(source: Source, cost: number, nowMs: number, keptFree?: number): Promise<BudgetAnswer>;
  /** How many calls of this cost the limit of the source allows in a second. */
  callsPerSecond(source: Source, cost: number): number;
}

/** The budget of what the sources publish, for the whole fleet. */
export function publishedBudget(pool: Pick<Pool, 'query'>, access: SourceAccesses): SourceBudget {
  const budget = new CallBudget(pool);
  return {
    take: (source, cost, nowMs, keptFree) =>
      budget.take({ sourceId: source.id, cost, nowMs, keptFree, ...callLimitsOf(source, access[source.name]) }),
    callsPerSecond: (source, cost) => {
      const { share, perSeconds } = callLimitsOf(source, access[source.name]).limit;
      return share / perSeconds / cost;
    },
  };
}
