/** How the price of a slot is chosen from its samples; `priority`: the first source in order that has an accepted one. */
export const RULES = ['priority'] as const;
/** One of {@link RULES}. */
export type Rule = (typeof RULES)[number];

/** One source of a schedule. */
export interface ScheduledSource {
  readonly sourceId: number;
  /** Place in the order of preference, from 0. */
  readonly position: number;
  /** The ticker's name at this source, e.g. `bitcoin` for CoinGecko. */
  readonly sourceName: string;
  /** Tickers of one source with the same batch are asked in one call. */
  readonly batch: string;
  /** How often this source is asked, in seconds; a multiple of the schedule's interval. */
  readonly intervalSeconds: number;
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
  /** Every slot before this one has been planned or recorded as a gap. */
  readonly plannedTo: number;
  readonly sources: readonly ScheduledSource[];
}
