import type { Outcome } from './reason.js';

/** What the rule needs to know of one source's turn; `outcome` is undefined while it may still answer. */
export interface Candidate {
  readonly sourceId: number;
  readonly position: number;
  readonly outcome: Outcome | undefined;
}

/**
 * Rule `priority`: the first source in order whose sample was accepted, once no source before it can still answer.
 * @param windowEnded true when nobody may answer any more, so that waiting for a better source is pointless.
 * @returns the source to serve, or undefined when it is too early or nobody was accepted.
 */
export function decideByPriority(candidates: readonly Candidate[], windowEnded: boolean): number | undefined {
  const inOrder = [...candidates].sort((left, right) => left.position - right.position);
  for (const candidate of inOrder) {
    if (candidate.outcome === 'accepted') return candidate.sourceId;
    if (candidate.outcome === undefined && !windowEnded) return undefined;
  }
  return undefined;
}
