import { areWithinRatio, plainDecimal } from '../decimal.js';
import type { CheckLimits } from './rule-options.js';

/** A source that has reported the same text on the wire for long, and what the others of its ticker did meanwhile. */
export interface StillSource {
  /** UNIX second: from this slot to the one that is decided it has reported nothing else; it may have been still before. */
  readonly sinceSlot: number;
  /** What it reported last before the slot that is decided was rejected as frozen. */
  readonly wasFrozen: boolean;
  /** The other sources that reported since then, before the slot that is decided; empty: nobody did. */
  readonly others: readonly OtherSource[];
}

/** What another source of the ticker reported meanwhile. */
export interface OtherSource {
  /** Of its prices that were accepted; undefined: none was. */
  readonly accepted: PriceSpan | undefined;
  /** Its newest price, accepted or rejected as a jump; undefined when it was rejected as frozen itself. */
  readonly newest: string | undefined;
  /** It has reported more than one text on the wire, so that it is not still itself. */
  readonly hasChanged: boolean;
}

/** Lowest and highest of some prices. */
export interface PriceSpan {
  readonly lowest: string;
  readonly highest: string;
}

/**
 * What to make of a source that reports the same for long.
 * - `frozen`: another one moved meanwhile, or the others have left it behind.
 * - `lonely`: nobody else reported, so that nobody can tell.
 * - `calm`: others reported, and stayed where they were.
 */
export type Stillness =
  { readonly state: 'frozen'; readonly detail: string } | { readonly state: 'lonely' } | { readonly state: 'calm' };

/**
 * Tells a source that is frozen from a market that stands still. Far is further than the agreement ratio and one unit of the last digit
 * that the still source writes: 0.0012 stands for a range of 8 %. It is frozen when
 * 1. the highest accepted price of another source is far from its lowest, or
 * 2. the newest prices of more others are far from its own than near it. One that has sent the same digits all the time may be the
 *    frozen one, so it counts among the far ones only when this source was frozen before: it stays so until others are back near it.
 * @param sample its text on the wire, and the price that this comes to.
 */
export function judgeStill(
  { slot, raw, price }: { readonly slot: number; readonly raw: string; readonly price: string },
  { sinceSlot, wasFrozen, others }: StillSource,
  { agreementRatio }: Pick<CheckLimits, 'agreementRatio'>,
): Stillness {
  if (others.length === 0) return { state: 'lonely' };
  const ratio = String(Number(agreementRatio) + lastDigitShare(raw));
  const since = `the same digits for at least ${slot - sinceSlot} s`;
  const spans = others.flatMap(({ accepted }) => accepted ?? []);
  const moved = spans.find(({ lowest, highest }) => !areWithinRatio(lowest, highest, ratio));
  if (moved !== undefined) {
    const detail = `${since}, in which another source was at ${moved.lowest} and at ${moved.highest}`;
    return { state: 'frozen', detail };
  }
  const [near, far] = [new Array<string>(), new Array<string>()];
  for (const { newest, hasChanged } of others) {
    if (newest === undefined) continue;
    if (areWithinRatio(price, newest, ratio)) near.push(newest);
    else if (hasChanged || wasFrozen) far.push(newest);
  }
  if (far.length <= near.length) return { state: 'calm' };
  return { state: 'frozen', detail: `${since}, and another source is at ${far[0]} by now` };
}

/** One unit of the last digit of a number, in parts of the number. */
function lastDigitShare(raw: string): number {
  const plain = plainDecimal(raw);
  if (plain === undefined) return 0;
  const places = plain.split('.')[1]?.length ?? 0;
  return 10 ** -places / Number(plain);
}
