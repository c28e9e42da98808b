import { type Source, type SourcePlan, takesKey } from '../contract/index.js';

/** How a source is reached: what the settings say of it. */
export interface SourceAccess {
  /** Where it is asked instead of at its own address: the simulator, a mirror, another host of the source. */
  readonly baseUrl?: string | undefined;
  readonly apiKey?: string | undefined;
  /** Name of the plan that the key belongs to. */
  readonly plan?: string | undefined;
}

/** Access by the source's name; a source that is not named is asked at its own address without a key. */
export type SourceAccesses = Readonly<Record<string, SourceAccess | undefined>>;

/** Thrown when the settings of sources cannot be used; the message names every fault at once, with its cure. */
export class SourceAccessError extends Error {
  override readonly name = 'SourceAccessError';
  /** No new start mends it. */
  readonly exitStatus = 2;

  constructor(what: string, faults: readonly string[]) {
    super(`${what}:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
  }
}

/**
 * The plan that holds for a source: the one that is named, else the first without a key, else the first that takes one.
 * @throws Error naming the setting and its cure, when there is no such plan or the plan needs a key that is not set.
 */
export function planOf(source: Source, access: SourceAccess = {}): SourcePlan {
  const variable = source.name.toUpperCase().replace(/[^A-Z0-9]/g, '_');
  if (access.plan !== undefined) {
    const named = source.plans.find((plan) => plan.name === access.plan);
    if (named === undefined) {
      throw new Error(`${variable}_PLAN: must be one of ${source.plans.map((plan) => plan.name).join(', ')}`);
    }
    if (takesKey(named) && access.apiKey === undefined) {
      throw new Error(`${variable}_PLAN: ${named.name} needs ${variable}_API_KEY`);
    }
    return named;
  }
  if (access.apiKey === undefined) return source.plans[0];
  return source.plans.find(takesKey) ?? source.plans[0];
}

/** Whether a source gives nothing without a key, and none is set. */
export function lacksKey(source: Source, access: SourceAccess = {}): boolean {
  return takesKey(source.plans[0]) && access.apiKey === undefined;
}

/** Makes sure that every source has a plan that can be used. @throws SourceAccessError naming every setting that is wrong. */
export function checkPlans(sources: readonly Source[], access: SourceAccesses): void {
  const faults = sources.flatMap((source) => {
    try {
      planOf(source, access[source.name]);
      return [];
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)];
    }
  });
  if (faults.length > 0) throw new SourceAccessError('The environment is not usable', faults);
}
