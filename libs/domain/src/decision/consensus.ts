import type { Median } from './median.js';

/** How a median came about, as `prices.consensus` keeps it. */
export interface Consensus {
  /** How many sources it is made of. */
  readonly sources: number;
  /** Distance of the lowest from the highest of them, in parts of the price: `0.0004`. */
  readonly spread: string;
  /** Their names, lowest price first. */
  readonly used: readonly string[];
  /** Every other source of the slot, and why: `outlier`, `not_reported`, or the reason of its sample. */
  readonly left_out: readonly { readonly source: string; readonly price: string | null; readonly reason: string }[];
}

/** A source of a slot, as far as the record of a median names it. */
export interface ConsensusSource {
  readonly sourceId: number;
  readonly source: string;
  readonly isAsked: boolean;
  readonly price: string | null;
  readonly reason: string | null;
}

/** Describes how a median came about. @param sources every source of the slot, in order of preference. */
export function consensusOf(median: Median, sources: readonly ConsensusSource[]): Consensus {
  const nameOf = new Map(sources.map(({ sourceId, source }) => [sourceId, source]));
  return {
    sources: median.used.length,
    spread: median.spread,
    used: median.used.map((sourceId) => nameOf.get(sourceId) ?? String(sourceId)),
    // A standby source that was not called had nothing to report.
    left_out: sources
      .filter(({ sourceId, isAsked }) => isAsked && !median.used.includes(sourceId))
      .map(({ sourceId, source, price, reason }) => ({
        source,
        price,
        reason: median.outliers.includes(sourceId) ? 'outlier' : (reason ?? 'not_reported'),
      })),
  };
}
