import { areWithinRatio, plainDecimal } from '../decimal.js';
import type { CheckLimits } from './rule-options.js';

/** A source that has reported the same text on the wire for long, and what the others of its ticker did meanwhile. */
export interface StillSource {
  /** UNIX second: the slot since which it has reported nothing else. */
  readonly sinceSlot: number;
  /** Of each other source the lowest and the highest price that was accepted since then, before this slot; empty: nobody reported. */
  readonly others: readonly PriceSpan[];
}

/** Lowest and highest of some prices. */
export interface PriceSpan {
  readonly lowest: string;
  readonly highest: string;
}

/**
 * What to make of a source that reports the same for long.
 * - `frozen`: another one moved meanwhile.
 * - `lonely`: nobody else reported, so that nobody can tell.
 * - `calm`: others reported, and stayed where they were.
 */
export type Stillness =
  { readonly state: 'frozen'; readonly detail: string } | { readonly state: 'lonely' } | { readonly state: 'calm' };

/**
 * Tells a source that is frozen from a market that stands still. Another source has moved when its highest price is further from its
 * lowest than the agreement ratio and one unit of the last digit that the still source writes: 0.0012 stands for a range of 8 %.
 * @param raw the text on the wire that it reports.
 */
export function judgeStill(
  { slot, raw }: { readonly slot: number; readonly raw: string },
  { sinceSlot, others }: StillSource,
  { agreementRatio }: Pick<CheckLimits, 'agreementRatio'>,
): Stillness {
  if (others.length === 0) return { state: 'lonely' };
  const ratio = String(Number(agreementRatio) + lastDigitShare(raw));
  const moved = others.find(({ lowest, highest }) => !areWithinRatio(lowest, highest, ratio));
  if (moved === undefined) return { state: 'calm' };
  const detail = `the same digits for ${slot - sinceSlot} s, in which another source was at ${moved.lowest} and at ${moved.highest}`;
  return { state: 'frozen', detail };
}

/** One unit of the last digit of a number, in parts of the number. */
function lastDigitShare(raw: string): number {
  const plain = plainDecimal(raw);
  if (plain === undefined) return 0;
  const places = plain.split('.')[1]?.length ?? 0;
  return 10 ** -places / Number(plain);
}
