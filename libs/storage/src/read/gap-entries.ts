/** What one source came to in a missing slot. */
export interface MissingSource {
  readonly source: string;
  readonly outcome: string;
  readonly reason: string | null;
}

/** A run of slots without a price, and why. */
export interface GapEntry {
  /** First slot, inclusive. */
  readonly from: number;
  /** End, exclusive. */
  readonly to: number;
  /** How many expected slots of it have no price. */
  readonly slots: number;
  /**
   * Of a slot for which the rule refused a price, and of a range nobody planned: its own; of any other planned slot: that of the first
   * source in order; else `unexplained`.
   */
  readonly reason: string;
  /** Every source that has an outcome there, in order of preference; empty for a range nobody planned. */
  readonly sources: readonly MissingSource[];
}

/** Entries of one kind, and how far they are complete. */
export interface FoundEntries {
  readonly entries: readonly GapEntry[];
  /** Entries from here on were not looked for; undefined when all were found. */
  readonly horizon: number | undefined;
}

/** A page of entries, and where the next one begins. */
export interface GapPage {
  readonly entries: readonly GapEntry[];
  readonly next: number | undefined;
}

/** A slot without a price. */
export interface MissingSlot {
  readonly slot: number;
  /** Where the next slot of the same version begins, or the version ends. */
  readonly endSlot: number;
  readonly sources: readonly MissingSource[];
  /** Why the rule refused a price; null or undefined when it did not. */
  readonly refusal?: string | null | undefined;
}

/** A reason that no record gives: what should never be there, and is shown when it is. */
export const UNEXPLAINED = 'unexplained';

/** Makes one entry of neighbours with the same outcomes. @param slots in ascending order. */
export function mergeNeighbours(slots: readonly MissingSlot[]): GapEntry[] {
  const entries: GapEntry[] = [];
  let lastOutcomes = '';
  for (const { slot, endSlot, sources, refusal } of slots) {
    const outcomes = JSON.stringify([sources, refusal ?? null]);
    const last = entries.at(-1);
    if (last !== undefined && last.to === slot && outcomes === lastOutcomes) {
      entries[entries.length - 1] = { ...last, to: endSlot, slots: last.slots + 1 };
    } else {
      entries.push({ from: slot, to: endSlot, slots: 1, reason: refusal ?? firstReason(sources), sources });
    }
    lastOutcomes = outcomes;
  }
  return entries;
}

/** Puts entries of several kinds in order, as far as all of them are complete, and at most `limit` of them. */
export function pageOf(found: readonly FoundEntries[], limit: number): GapPage {
  const horizons = found.flatMap(({ horizon }) => (horizon === undefined ? [] : [horizon]));
  const horizon = horizons.length === 0 ? undefined : Math.min(...horizons);
  const complete = found
    .flatMap(({ entries }) => entries)
    .filter((entry) => horizon === undefined || entry.from < horizon)
    .sort((left, right) => left.from - right.from);
  const entries = complete.slice(0, limit);
  return { entries, next: complete.length > limit ? complete[limit]?.from : horizon };
}

function firstReason(sources: readonly MissingSource[]): string {
  return sources.find((source) => source.reason !== null)?.reason ?? UNEXPLAINED;
}
