import { LIMIT_SHARE } from '@app/domain';
import type { Source, SourcePlan } from '../contract/index.js';

/** A limit for a period up to this long, in seconds, is kept in smaller steps: the window of a slot has time for many of them. */
export const SHORT_PERIOD_SECONDS = 5;

/** What one call takes of its source's limit. */
export interface CountedWeight {
  readonly weight: number;
  /** What of the limit is used, in the same unit, within {@link CountedWeight.perSeconds}. */
  readonly share: number;
  readonly perSeconds: number;
}

/**
 * What a call takes of a limit that is to be counted just before the call: where calls weigh differently, and where the limit is one of
 * seconds. The queue counts jobs as they are taken, and on a busy machine the call of one may come so late that it is made together with
 * the next one's.
 * @returns undefined where what the queue counts is enough.
 */
export function countedWeight(source: Source, { limit }: SourcePlan, weight: number): CountedWeight | undefined {
  const weighs = source.endpoints.some((endpoint) => endpoint.cost !== undefined);
  if (!weighs && limit.perSeconds > SHORT_PERIOD_SECONDS) return undefined;
  return { weight, share: limit.calls * LIMIT_SHARE, perSeconds: limit.perSeconds };
}
