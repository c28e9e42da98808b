import type { Outcome } from '../reason.js';

/** What the rule needs to know of one source of the slot; `outcome` is undefined while it may still answer. */
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

/** A source of the slot that may be one to fall back on. */
export interface StandbyCandidate extends Candidate {
  readonly isStandby: boolean;
  /** Whether it is called in this slot; always true of one that is no standby. */
  readonly isAsked: boolean;
}

/**
 * The standby source that has to be called now: every source before it has reported, and fewer of them than needed were
 * accepted. One after the other, to save the credits of the next.
 * @param needed how many accepted samples make a price: 1 by rule `priority`, the minimum of sources by `median`.
 */
export function standbyToAsk(candidates: readonly StandbyCandidate[], needed: number): number | undefined {
  let accepted = 0;
  for (const candidate of [...candidates].sort((left, right) => left.position - right.position)) {
    if (accepted >= needed) return undefined;
    if (candidate.isStandby && !candidate.isAsked) return candidate.sourceId;
    if (candidate.outcome === undefined) return undefined;
    if (candidate.outcome === 'accepted') accepted += 1;
  }
  return undefined;
}
