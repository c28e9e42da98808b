import { compareDecimals, isWithinRatio } from '../decimal.js';
import type { CheckLimits } from './rule-options.js';

/** What a source says of a slot: a price that has passed every check that looks at it alone. */
export interface ReportedPrice {
  readonly sourceId: number;
  readonly price: string;
  /** Read from a field that had drifted: believed only within the jump ratio of the last price, or when another source agrees. */
  readonly isMapped?: boolean | undefined;
}

/** The price that a source reported in one of its earlier slots. */
export interface EarlierPrice {
  readonly price: string;
  /** It was rejected as a jump. */
  readonly isJump: boolean;
  /** Prices of other sources that were accepted in that slot. */
  readonly othersAccepted: readonly string[];
}

/** The last slots in which a source reported a price, newest first, and the last in which it was believed. */
export interface SourceHistory {
  readonly earlier: readonly EarlierPrice[];
  readonly lastAcceptedSlot: number | undefined;
}

/** What the prices of a slot are held against. */
export interface JumpContext {
  /** The last price; undefined when there is none, it is too old, or it cannot be trusted. */
  readonly reference: string | undefined;
  /** How many sources may still report a price in this slot. */
  readonly open: number;
  /** Of sources that may have reported the same for three slots; looked at when nobody may report any more. */
  readonly histories?: ReadonlyMap<number, SourceHistory> | undefined;
  readonly limits: Pick<CheckLimits, 'jumpRatio' | 'agreementRatio'>;
}

/** Whether a source is believed in a slot. */
export interface JumpVerdict {
  readonly sourceId: number;
  readonly isJump: boolean;
  /** Nothing that another source may still report changes it. */
  readonly isFinal: boolean;
  /** A sentence that says why, when it is a jump. */
  readonly detail?: string | undefined;
}

/** For so many slots in a row a source has to report the same before it is believed alone, the slot that is judged among them. */
export const SLOTS_TO_BE_BELIEVED = 3;

/**
 * Tells jumps from moves. Pure, and the order in which the sources reported does not matter. A price is believed when
 * 1. there is no last price, or it lies within the jump ratio of it, or
 * 2. another source of the slot agrees with it, or
 * 3. nobody else may report a price any more, the source has reported the same for three slots, and none that was believed
 *    reported otherwise in them: a real move never locks a ticker out.
 *
 * Whatever the last price says, a price is a jump when at least two sources that agree with one another contradict it, and those
 * who agree with it are fewer: one source that is wrong from the very first slot on is not believed, and one that stands
 * still while the market moves is no longer.
 * @param reported one price for each source, in the order of preference.
 */
export function judgeJumps(reported: readonly ReportedPrice[], context: JumpContext): JumpVerdict[] {
  const { limits, open, reference } = context;
  if (limits.jumpRatio === undefined) {
    return reported.map(({ sourceId }) => ({ sourceId, isJump: false, isFinal: true }));
  }
  const ratios = { jumpRatio: limits.jumpRatio, agreementRatio: limits.agreementRatio };
  const first = reported.map((one) => judgeOne(one, reported, { reference, open, ratios }));
  if (open > 0 || context.histories === undefined) return first;
  return believePersistent(reported, first, context.histories, ratios);
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

interface Ratios {
  readonly jumpRatio: string;
  readonly agreementRatio: string;
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
  context: { readonly reference: string | undefined; readonly open: number; readonly ratios: Ratios },
): JumpVerdict {
  const { reference, open, ratios } = context;
  const others = reported.filter((other) => other.sourceId !== sourceId).map((other) => other.price);
  const votes = votesOn(price, others, ratios);
  // The price itself is one vote of its side.
  const sides = { ...votes, agreeing: votes.agreeing + 1 };
  if (isOutvoted(sides, 0)) {
    const detail = `${price} is contradicted by ${votes.opposed} sources that agree with one another`;
    return { sourceId, isJump: true, isFinal: open === 0, detail };
  }
  if (reference !== undefined && isWithinRatio(price, reference, ratios.jumpRatio)) {
    return { sourceId, isJump: false, isFinal: true };
  }
  if ((reference === undefined && isMapped !== true) || votes.agreeing > 0) {
    return { sourceId, isJump: false, isFinal: !isOutvoted(sides, open) };
  }
  if (reference === undefined) {
    const detail = `${price} was read from a field that had drifted, and there is no last price to hold it against`;
    return { sourceId, isJump: true, isFinal: open === 0, detail };
  }
  const detail = `${price} is more than ${ratios.jumpRatio} away from the last price ${reference}, and no other source agrees`;
  return { sourceId, isJump: true, isFinal: open === 0, detail };
}

function votesOn(price: string, others: readonly string[], { jumpRatio, agreementRatio }: Ratios): Votes {
  const contradicting = others.filter((other) => !agree(price, other, jumpRatio));
  const opposed = contradicting.map(
    (one) => contradicting.filter((another) => agree(one, another, agreementRatio)).length,
  );
  return {
    agreeing: others.filter((other) => agree(price, other, agreementRatio)).length,
    opposed: Math.max(0, ...opposed),
  };
}

/** @param more how many may still join those who contradict. */
function isOutvoted({ agreeing, opposed }: Votes, more: number): boolean {
  return opposed + more >= 2 && opposed + more > agreeing;
}

/** Both ways alike: in parts of the smaller one. */
function agree(left: string, right: string, ratio: string): boolean {
  return compareDecimals(left, right) <= 0 ? isWithinRatio(right, left, ratio) : isWithinRatio(left, right, ratio);
}

/**
 * Point 3 of {@link judgeJumps}. Of two that have reported their own for three slots and contradict each other, that one is believed
 * which was believed more recently: the other was wrong before the market moved.
 */
function believePersistent(
  reported: readonly ReportedPrice[],
  verdicts: readonly JumpVerdict[],
  histories: ReadonlyMap<number, SourceHistory>,
  ratios: Ratios,
): JumpVerdict[] {
  const isJump = new Map(verdicts.map((verdict) => [verdict.sourceId, verdict.isJump]));
  const believed = reported.filter(({ sourceId }) => isJump.get(sourceId) === false).map(({ price }) => price);
  const byTrust = reported
    .filter(({ sourceId, isMapped }) => isJump.get(sourceId) === true && isMapped !== true)
    .map((one) => ({ ...one, history: histories.get(one.sourceId) }))
    .sort((left, right) => compareTrust(right.history, left.history));
  for (const { sourceId, price, history } of byTrust) {
    if (!hasPersisted(price, history, ratios) || !believed.every((other) => agree(price, other, ratios.agreementRatio)))
      continue;
    believed.push(price);
    isJump.set(sourceId, false);
  }
  return verdicts.map((verdict) =>
    isJump.get(verdict.sourceId) === verdict.isJump
      ? verdict
      : { sourceId: verdict.sourceId, isJump: false, isFinal: true },
  );
}

function compareTrust(left: SourceHistory | undefined, right: SourceHistory | undefined): number {
  return (left?.lastAcceptedSlot ?? 0) - (right?.lastAcceptedSlot ?? 0);
}

function hasPersisted(price: string, history: SourceHistory | undefined, ratios: Ratios): boolean {
  const run = history?.earlier.slice(0, SLOTS_TO_BE_BELIEVED - 1) ?? [];
  if (run.length < SLOTS_TO_BE_BELIEVED - 1 || run.some((earlier) => !earlier.isJump)) return false;
  const prices = [price, ...run.map((earlier) => earlier.price)];
  return (
    prices.every((one, index) => prices.slice(index + 1).every((other) => agree(one, other, ratios.jumpRatio))) &&
    run.every((earlier) => earlier.othersAccepted.every((other) => agree(earlier.price, other, ratios.agreementRatio)))
  );
}
