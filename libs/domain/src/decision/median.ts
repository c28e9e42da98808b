import {
  compareDecimals,
  distanceOfDecimals,
  exactProduct,
  meanOfDecimals,
  shareOfDecimals,
  uncertaintyOfMiddle,
} from '../decimal.js';
import { PRICE_FLAGS } from '../flags.js';
import type { RefusalReason } from '../reason.js';
import type { MedianLimits } from './rule-options.js';

/** A sample that was accepted. */
export interface AcceptedPrice {
  readonly sourceId: number;
  readonly price: string;
  /** How far the true price may lie from it; undefined: half a unit of its last digit. */
  readonly uncertainty?: string | undefined;
  /** Bits of {@link PRICE_FLAGS}. */
  readonly flags: number;
}

/** A median: who it is made of, and who lies too far away. */
export interface Median {
  readonly outcome: 'price';
  readonly price: string;
  /** How far the median of the true prices may lie from it; undefined: half a unit of its last digit. */
  readonly uncertainty: string | undefined;
  /**
   * `derived` when the price has not the digits of a sample that is not derived itself; the other flags when any sample that
   * it is made of has them.
   */
  readonly flags: number;
  /** By price, lowest first. */
  readonly used: readonly number[];
  readonly outliers: readonly number[];
  /** Distance of the lowest from the highest used, in parts of the price: `0.0004`. */
  readonly spread: string;
}

/** No price, and why. */
export interface NoMedian {
  readonly outcome: 'refused';
  readonly reason: RefusalReason;
}

/**
 * Rule `median`: the middle of the accepted samples, without those further from it than so many median absolute deviations. Refused
 * rather than guessed: `no_quorum` with fewer sources than asked for, `disagreement` when those that are left are too few or too
 * far apart. Of an even number: the mean of the two in the middle, exact.
 */
export function decideByMedian(accepted: readonly AcceptedPrice[], limits: MedianLimits): Median | NoMedian {
  if (accepted.length < Math.max(limits.minimumSources, 1)) return { outcome: 'refused', reason: 'no_quorum' };
  const byPrice = [...accepted].sort(
    (left, right) => compareDecimals(left.price, right.price) || left.sourceId - right.sourceId,
  );
  const used = withoutOutliers(byPrice, limits);
  const [lowest, highest] = [used[0], used.at(-1)];
  if (used.length < limits.minimumSources || lowest === undefined || highest === undefined)
    return { outcome: 'refused', reason: 'disagreement' };
  const { price, isDerived } = middleOf(used);
  const distance = distanceOfDecimals(highest.price, lowest.price);
  if (compareDecimals(distance, exactProduct(price, limits.maximumSpread)) > 0)
    return { outcome: 'refused', reason: 'disagreement' };
  return {
    outcome: 'price',
    price,
    uncertainty: uncertaintyOfMiddle(
      price,
      used.map((sample) => ({ text: sample.price, uncertainty: sample.uncertainty })),
    ),
    flags: flagsOf(used, isDerived),
    used: used.map(({ sourceId }) => sourceId),
    outliers: byPrice.filter((sample) => !used.includes(sample)).map(({ sourceId }) => sourceId),
    spread: shareOfDecimals(distance, price),
  };
}

function withoutOutliers(byPrice: readonly AcceptedPrice[], limits: MedianLimits): AcceptedPrice[] {
  const median = middleOf(byPrice).price;
  const distances = byPrice.map(({ price }) => ({ price: distanceOfDecimals(price, median) }));
  const deviation = middleOf(distances.sort((left, right) => compareDecimals(left.price, right.price))).price;
  const byDeviation = exactProduct(deviation, limits.outlierFactor);
  const byFloor = exactProduct(median, limits.outlierFloor);
  const limit = compareDecimals(byDeviation, byFloor) > 0 ? byDeviation : byFloor;
  return byPrice.filter(({ price }) => compareDecimals(distanceOfDecimals(price, median), limit) <= 0);
}

/** The middle of a sorted list that is not empty. */
function middleOf(byPrice: readonly { readonly price: string; readonly flags?: number }[]): {
  readonly price: string;
  readonly isDerived: boolean;
} {
  const half = byPrice.length / 2;
  const [lower, upper] = [byPrice[Math.ceil(half) - 1], byPrice[Math.floor(half)]];
  if (lower === undefined || upper === undefined) throw new Error('nothing has no middle');
  // Two of the same value, 1.5 and 1.50, are digits of a sample too.
  if (compareDecimals(lower.price, upper.price) === 0)
    return { price: lower.price, isDerived: ((lower.flags ?? 0) & PRICE_FLAGS.derived) !== 0 };
  return { price: meanOfDecimals(lower.price, upper.price), isDerived: true };
}

function flagsOf(used: readonly AcceptedPrice[], isDerived: boolean): number {
  const all = used.reduce((bits, { flags }) => bits | flags, 0);
  return (all & ~PRICE_FLAGS.derived) | (isDerived ? PRICE_FLAGS.derived : 0);
}
