import { areWithinRatio, isWithinRatio } from '../decimal.js';
import { judgePersistent, SECONDS_TO_BE_BELIEVED, type Ratios, type SourceHistory } from './persistence.js';
import type { JumpVerdict, Reference, ReportedPrice } from './jump-verdict.js';
import type { CheckLimits } from './rule-options.js';

/** What the prices of a slot are held against. */
export interface JumpContext {
  /** UNIX second. */
  readonly slot: number;
  /** The last price; undefined when there is none, it is too old, or it cannot be trusted. */
  readonly reference: Reference | undefined;
  /** How many sources may still report a price in this slot. */
  readonly open: number;
  /** Of the sources of the ticker; looked at when nobody may report any more. */
  readonly histories?: ReadonlyMap<number, SourceHistory> | undefined;
  readonly limits: Pick<CheckLimits, 'jumpRatio' | 'agreementRatio'>;
}

/**
 * Tells jumps from moves. Pure, and the order in which the sources reported does not matter. A price is believed when
 * 1. there is no last price, or it lies within the jump ratio of it, or
 * 2. another source of the slot agrees with it, or
 * 3. nobody else may report a price any more, and its source has persisted: see {@link judgePersistent}.
 *
 * Whatever the last price says, a price is a jump when at least two sources that agree with one another contradict it, and those
 * who agree with it are fewer: one source that is wrong from the very first slot on is not believed, and one that stands
 * still while the market moves is no longer.
 *
 * A last price that is unconfirmed holds nobody back: what comes after it is unconfirmed too, until point 2 or 3 is so.
 * @param reported one price for each source, in the order of preference.
 */
export function judgeJumps(reported: readonly ReportedPrice[], context: JumpContext): JumpVerdict[] {
  const { limits, open, slot, reference, histories } = context;
  if (limits.jumpRatio === undefined) {
    return reported.map(({ sourceId }) => ({ sourceId, isJump: false, isUnconfirmed: false, isFinal: true }));
  }
  const ratios = { jumpRatio: limits.jumpRatio, agreementRatio: limits.agreementRatio };
  const first = reported.map((one) => judgeOne(one, reported, { reference, open, ratios }));
  if (open > 0 || histories === undefined || reference === undefined) return first;
  return judgePersistent(reported, first, { slot, reference, histories, ratios });
}

/** Whether the histories of the sources may change what {@link judgeJumps} says without them. */
export function mayPersist(
  verdicts: readonly JumpVerdict[],
  { slot, reference }: Pick<JumpContext, 'slot' | 'reference'>,
): boolean {
  if (reference === undefined) return false;
  if (verdicts.some(({ isUnconfirmed }) => isUnconfirmed)) return true;
  return slot - reference.slot >= SECONDS_TO_BE_BELIEVED && verdicts.some(({ isJump }) => isJump);
}

/**
 * Whether a last price is to be doubted: at least two sources that agree with one another contradicted it in its own slot, and
 * those who reported it were fewer. It was decided before they came.
 * @param reported what the sources reported in the slot of that price, jumps among them.
 */
export function isDoubtful(price: string, reported: readonly string[], limits: JumpContext['limits']): boolean {
  if (limits.jumpRatio === undefined) return false;
  const ratios = { jumpRatio: limits.jumpRatio, agreementRatio: limits.agreementRatio };
  return isOutvoted(votesOn(price, reported, ratios), 0);
}

interface Votes {
  /** How many report the same, the price itself not counted. */
  readonly agreeing: number;
  /** The largest number of sources that agree with one another and contradict the price. */
  readonly opposed: number;
}

function judgeOne(
  { sourceId, price, isMapped }: ReportedPrice,
  reported: readonly ReportedPrice[],
  context: { readonly reference: Reference | undefined; readonly open: number; readonly ratios: Ratios },
): JumpVerdict {
  const { reference, open, ratios } = context;
  const others = reported.filter((other) => other.sourceId !== sourceId).map((other) => other.price);
  const votes = votesOn(price, others, ratios);
  // The price itself is one vote of its side.
  const sides = { ...votes, agreeing: votes.agreeing + 1 };
  const isNear = reference !== undefined && isWithinRatio(price, reference.price, ratios.jumpRatio);
  const isHeld = reference?.isUnconfirmed === false;
  const believed = (more: Pick<JumpVerdict, 'isFinal'> & Partial<JumpVerdict>): JumpVerdict => {
    return { sourceId, isJump: false, isUnconfirmed: false, ...more };
  };
  const jump = (detail: string): JumpVerdict => {
    return { sourceId, isJump: true, isUnconfirmed: false, isFinal: open === 0, detail };
  };
  if (isOutvoted(sides, 0))
    return jump(`${price} is contradicted by ${votes.opposed} sources that agree with one another`);
  if (isNear && isHeld) return believed({ isFinal: true });
  if (votes.agreeing > 0) return believed({ isFinal: !isOutvoted(sides, open) });
  if (reference === undefined)
    return isMapped === true
      ? jump(`${price} was read from a field that had drifted, and there is no last price to hold it against`)
      : believed({ isFinal: !isOutvoted(sides, open) });
  // One that may still report may agree with it.
  if (!isHeld && (isNear || isMapped !== true)) return believed({ isUnconfirmed: true, isFinal: open === 0 });
  return jump(
    `${price} is more than ${ratios.jumpRatio} away from the last price ${reference.price}, and no other source agrees`,
  );
}

function votesOn(price: string, others: readonly string[], { jumpRatio, agreementRatio }: Ratios): Votes {
  const contradicting = others.filter((other) => !areWithinRatio(price, other, jumpRatio));
  const opposed = contradicting.map(
    (one) => contradicting.filter((another) => areWithinRatio(one, another, agreementRatio)).length,
  );
  return {
    agreeing: others.filter((other) => areWithinRatio(price, other, agreementRatio)).length,
    opposed: Math.max(0, ...opposed),
  };
}

/** @param more how many may still join those who contradict. */
function isOutvoted({ agreeing, opposed }: Votes, more: number): boolean {
  return opposed + more >= 2 && opposed + more > agreeing;
}
