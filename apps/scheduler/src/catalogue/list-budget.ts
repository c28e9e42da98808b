import { setTimeout as sleep } from 'node:timers/promises';
import { countedWeight, planOf, SourceError, type Source, type SourceAccesses } from '@app/sources';
import { spendCredits, takeWeight, type Pool } from '@app/storage';

/** What the allowance works with. */
export interface ListAllowanceParts {
  readonly pool: Pick<Pool, 'query'>;
  readonly access: SourceAccesses;
  /** Whether the limits that sources publish are kept; the simulator has none. */
  readonly limited: boolean;
}

/** How long a call for a list waits for room among the calls for prices, in milliseconds. */
const PATIENCE_MS = 10_000;

/**
 * Calls for lists of names count against the limits and the months of their sources, as those for prices do.
 * @returns asked before such a call: waits until the limit has room, and resolves to false when the month has none left. Throws
 * SourceError when the limit stays used up.
 */
export function listAllowance({ pool, access, limited }: ListAllowanceParts) {
  return async (source: Source, cost: number): Promise<boolean> => {
    if (!limited) return true;
    const plan = planOf(source, access[source.name]);
    const counted = countedWeight(source, plan, cost);
    const giveUpAtMs = Date.now() + PATIENCE_MS;
    while (counted !== undefined) {
      const nowMs = Date.now();
      const afterMs = await takeWeight(pool, { sourceId: source.id, nowMs, ...counted });
      if (afterMs === undefined) break;
      if (nowMs + afterMs > giveUpAtMs)
        throw new SourceError('rate_limited', source.name, 'its limit is used up by the calls for prices');
      await sleep(afterMs);
    }
    if (plan.monthly === undefined) return true;
    const request = { sourceId: source.id, cost, monthly: plan.monthly.credits, nowMs: Date.now() };
    return (await spendCredits(pool, request)).granted;
  };
}
