import { areWithinRatio, compareDecimals, isWithinRatio } from '../decimal.js';
import type { JumpVerdict, Reference, ReportedPrice } from './jump-verdict.js';

/** Something that a source reported before, in one slot or in several that follow one another. */
export interface EarlierPrice {
  /** UNIX second: the first of the slots. */
  readonly slot: number;
  readonly price: string;
  /** Tells it from the others: see `observationOf`. */
  readonly observation: string;
  /** It was rejected as a jump. */
  readonly isJump: boolean;
  /** Prices of other sources that were accepted in that slot. */
  readonly othersAccepted: readonly string[];
}

/** What a source reported lately, newest first: since the last price, or of the last minutes where that is unconfirmed. */
export interface SourceHistory {
  readonly earlier: readonly EarlierPrice[];
  /** The last slot in which it was believed, of those up to the last price; undefined when that was long before. */
  readonly lastAcceptedSlot: number | undefined;
}

/** The ratios that jumps are judged by. */
export interface Ratios {
  readonly jumpRatio: string;
  readonly agreementRatio: string;
}

/** So many distinct observations of a source make it believed alone, the one that is judged among them... */
export const OBSERVATIONS_TO_BE_BELIEVED = 3;
/** ...when so many seconds lie between the first and this one: a cache or a hiccup is over by then. */
export const SECONDS_TO_BE_BELIEVED = 30;
/** After so many seconds without a believed price a jump is served all the same, and flagged. */
export const LOCKOUT_SECONDS = 600;

/** So many intervals of a source fit three observations in, where they are further apart than the lockout is long. */
const INTERVALS_OF_OBSERVATIONS = 3;

/** How far back what a source has reported counts, in seconds: the lockout, and so long that three observations fit in. */
export function persistenceSeconds(intervalSeconds: number): number {
  return LOCKOUT_SECONDS + INTERVALS_OF_OBSERVATIONS * intervalSeconds;
}

/** What persistence is judged by. */
export interface PersistenceContext {
  /** UNIX second of the slot that is judged. */
  readonly slot: number;
  readonly reference: Reference;
  readonly histories: ReadonlyMap<number, SourceHistory>;
  readonly ratios: Ratios;
}

/**
 * Believes who has persisted, once nobody else may report a price in the slot.
 *
 * A jump is believed when its source has made {@link OBSERVATIONS_TO_BE_BELIEVED} distinct observations on the same side of the last
 * price, over {@link SECONDS_TO_BE_BELIEVED}; they need not lie near each other. {@link LOCKOUT_SECONDS} after the last price a jump that
 * is not the first one is believed as `unconfirmed`, so that no market locks a ticker out. Where the last price is itself
 * unconfirmed, every price is, until so many observations over so long lie within the jump ratio of it.
 *
 * Nobody is believed so whom a believed source of the slot contradicts, or who was read from a drifted field. Of two jumps that
 * contradict each other that one counts whose source was believed more recently: the other was wrong before the market moved. When both
 * were believed at the same time, nobody can tell, and the first in preference is served as unconfirmed in the end.
 * @param reported in the order of preference.
 * @param verdicts of each of them, without histories.
 */
export function judgePersistent(
  reported: readonly ReportedPrice[],
  verdicts: readonly JumpVerdict[],
  context: PersistenceContext,
): JumpVerdict[] {
  return context.reference.isUnconfirmed
    ? confirmStaying(reported, verdicts, context)
    : believePersisting(reported, verdicts, context);
}

function believePersisting(
  reported: readonly ReportedPrice[],
  verdicts: readonly JumpVerdict[],
  context: PersistenceContext,
): JumpVerdict[] {
  const { histories, ratios } = context;
  const judged = new Map(verdicts.map((verdict) => [verdict.sourceId, verdict]));
  const trustOf = ({ sourceId }: ReportedPrice): number => histories.get(sourceId)?.lastAcceptedSlot ?? 0;
  const believed = reported.filter(({ sourceId }) => judged.get(sourceId)?.isJump === false).map(({ price }) => price);
  const jumps = reported
    .filter(({ sourceId, isMapped }) => judged.get(sourceId)?.isJump === true && isMapped !== true)
    .sort((left, right) => trustOf(right) - trustOf(left));
  const isOver = isLockoutOver(context);
  for (const one of jumps) {
    const { sourceId, price } = one;
    if (!believed.every((other) => areWithinRatio(price, other, ratios.agreementRatio))) continue;
    const contradicting = reported.filter((other) => !areWithinRatio(price, other.price, ratios.jumpRatio));
    const isConfirmed = hasMoved(one, context) && contradicting.every((other) => trustOf(other) < trustOf(one));
    if (!isConfirmed && !isOver) continue;
    believed.push(price);
    judged.set(sourceId, { sourceId, isJump: false, isUnconfirmed: !isConfirmed, isFinal: true });
  }
  return verdicts.map((verdict) => judged.get(verdict.sourceId) ?? verdict);
}

/** Whether the ticker has had no believed price for so long that a jump is served, the first one of a source apart. */
function isLockoutOver({ slot, reference, histories }: PersistenceContext): boolean {
  if (slot - reference.slot < LOCKOUT_SECONDS) return false;
  return [...histories.values()].some(({ earlier }) =>
    earlier.some((one) => one.isJump && slot - one.slot >= SECONDS_TO_BE_BELIEVED),
  );
}

function hasMoved({ sourceId, price, observation }: ReportedPrice, context: PersistenceContext): boolean {
  const { reference, histories, ratios } = context;
  const side = compareDecimals(price, reference.price) > 0;
  return hasPersisted(
    observation,
    histories.get(sourceId)?.earlier ?? [],
    context.slot,
    (earlier) =>
      earlier.isJump &&
      compareDecimals(earlier.price, reference.price) > 0 === side &&
      !isWithinRatio(earlier.price, reference.price, ratios.jumpRatio) &&
      earlier.othersAccepted.every((other) => areWithinRatio(earlier.price, other, ratios.agreementRatio)),
  );
}

/** Confirms prices after an unconfirmed one that have stayed where they are. */
function confirmStaying(
  reported: readonly ReportedPrice[],
  verdicts: readonly JumpVerdict[],
  { slot, histories, ratios: { jumpRatio } }: PersistenceContext,
): JumpVerdict[] {
  const byId = new Map(reported.map((one) => [one.sourceId, one]));
  return verdicts.map((verdict) => {
    const one = byId.get(verdict.sourceId);
    if (!verdict.isUnconfirmed || one === undefined || one.isMapped === true) return verdict;
    if (!reported.every((other) => areWithinRatio(one.price, other.price, jumpRatio))) return verdict;
    const isNear = (earlier: EarlierPrice): boolean =>
      [earlier.price, ...earlier.othersAccepted].every((price) => areWithinRatio(one.price, price, jumpRatio));
    const hasStayed = hasPersisted(one.observation, histories.get(one.sourceId)?.earlier ?? [], slot, isNear);
    return hasStayed ? { ...verdict, isUnconfirmed: false } : verdict;
  });
}

/** Whether what a source reported last, back to the first that is not alike, is enough to believe it. */
function hasPersisted(
  observation: string,
  earlier: readonly EarlierPrice[],
  slot: number,
  isAlike: (earlier: EarlierPrice) => boolean,
): boolean {
  const firstOther = earlier.findIndex((one) => !isAlike(one));
  const run = firstOther === -1 ? earlier : earlier.slice(0, firstOther);
  const first = run.at(-1);
  if (first === undefined || slot - first.slot < SECONDS_TO_BE_BELIEVED) return false;
  return new Set([observation, ...run.map((one) => one.observation)]).size >= OBSERVATIONS_TO_BE_BELIEVED;
}
