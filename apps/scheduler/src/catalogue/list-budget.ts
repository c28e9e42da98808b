import { callLimitsOf, waitForRoom, type Source, type SourceAccesses } from '@app/sources';
import { CallBudget, type Pool } from '@app/storage';

/** What the budget works with. */
export interface ListBudgetOptions {
  readonly pool: Pick<Pool, 'query'>;
  readonly access: SourceAccesses;
  /** Whether the limits that sources publish are kept; the simulator has none. */
  readonly limited: boolean;
}

/** How long a call for a list waits for room among the calls for prices, in milliseconds. */
const MAX_WAIT_MS = 10_000;

/**
 * Calls for lists of names count against the limits and the months of their sources, as those for prices do.
 * @returns asked before such a call: waits until the limit has room, and resolves to false when the month has none left. Throws
 * SourceError when the limit stays used up.
 */
export function listBudget({ pool, access, limited }: ListBudgetOptions) {
  const budget = new CallBudget(pool);
  return async (source: Source, cost: number): Promise<boolean> => {
    if (!limited) return true;
    const limits = callLimitsOf(source, access[source.name]);
    return waitForRoom(source, {
      take: (nowMs) => budget.take({ sourceId: source.id, cost, nowMs, ...limits }),
      now: Date.now,
      maxWaitMs: MAX_WAIT_MS,
    });
  };
}
