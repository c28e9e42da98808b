import type { RuleOptions } from './decision/rule-options.js';

/**
 * How the price of a slot is chosen from its samples.
 * - `priority`: that of the first source in order that was accepted.
 * - `median`: the middle of those that were accepted, outliers left out.
 */
export const RULES = ['priority', 'median'] as const;
/** One of {@link RULES}. */
export type Rule = (typeof RULES)[number];

/** One source of a schedule. */
export interface ScheduledSource {
  readonly sourceId: number;
  /** Place in the order of preference, from 0. */
  readonly position: number;
  /** The ticker's name at this source, e.g. `bitcoin` for CoinGecko. */
  readonly sourceSymbol: string;
  /** Tickers of one source with the same batch are asked in one call. */
  readonly batch: string;
  /** How often this source is asked, in seconds; a multiple of the schedule's interval. */
  readonly intervalSeconds: number;
  /** Asked only in slots in which every source before it has failed. */
  readonly standby?: boolean;
  /** The currency that it quotes in when that is not the ticker's own: its samples are converted. */
  readonly quotedIn?: string | undefined;
}

/** A version of how a ticker is sampled, and the slots for which it held. */
export interface Schedule {
  readonly id: number;
  readonly tickerId: number;
  readonly ticker: string;
  /** First slot, inclusive. */
  readonly fromSlot: number;
  /** End, exclusive; undefined while it still holds. */
  readonly toSlot: number | undefined;
  readonly intervalSeconds: number;
  readonly rule: Rule;
  /** Limits of the checks and of the median, where they are not the usual ones. */
  readonly ruleOptions?: RuleOptions;
  /** Every slot before this one has been planned or recorded as a gap. */
  readonly plannedTo: number;
  readonly sources: readonly ScheduledSource[];
}

/** Shorter intervals have no room for a second attempt, or for a source to fall back on, in seconds. */
export const MIN_INTERVAL_FOR_RETRIES_SECONDS = 5;

/** How many calls one fetch may make at most, by the interval of its ticker. */
export function maxAttemptsOf(intervalSeconds: number): number {
  return intervalSeconds < MIN_INTERVAL_FOR_RETRIES_SECONDS ? 1 : 3;
}
