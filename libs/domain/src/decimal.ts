import { Decimal } from 'decimal.js';

/** Most digits of a price, before and after the point together: what the wire may carry and Postgres keeps. */
export const MAX_PRICE_DIGITS = 40;

const DECIMAL_TEXT = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;
/** Significant digits of a price that was calculated: inverted or converted. */
export const DERIVED_DIGITS = 18;

/**
 * Wide enough that a product, a sum or a mean of two prices is exact, and that a quotient which is then rounded to
 * {@link DERIVED_DIGITS} cannot be rounded twice: a fraction of 40 digits comes no nearer than 1e-100 to a tie.
 */
const Exact = Decimal.clone({ precision: 160, rounding: Decimal.ROUND_HALF_UP });

/**
 * Turns the text of a number as it stood on the wire into a plain decimal with exactly those digits.
 * `"87123.450"` stays as it is, `"1.50e-8"` becomes `"0.0000000150"`.
 * @returns undefined when the text is no finite decimal or has more than {@link MAX_PRICE_DIGITS} digits.
 */
export function plainDecimal(wireText: string): string | undefined {
  const match = DECIMAL_TEXT.exec(wireText);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent] = match;
  const [before, after] = exponent === undefined ? [whole, fraction] : movePoint(whole, fraction, Number(exponent));
  if (before.length + after.length > MAX_PRICE_DIGITS) return undefined;
  return `${sign === '-' ? '-' : ''}${before}${after === '' ? '' : `.${after}`}`;
}

/** Moves the point by text and not by arithmetic, which would drop the zeros at the end. */
function movePoint(whole: string, fraction: string, places: number): [before: string, after: string] {
  const digits = `${whole.padStart(1 - places, '0')}${fraction.padEnd(places, '0')}`;
  const afterLength = Math.max(0, fraction.length - places);
  const before = digits.slice(0, digits.length - afterLength).replace(/^0+(?=\d)/, '');
  return [before, afterLength === 0 ? '' : digits.slice(-afterLength)];
}

/**
 * Floats tell most prices apart, ten times as fast as exact arithmetic; what lies nearer than this part of itself is calculated
 * exactly. A float is wrong by 1e-16 of itself at most.
 */
const FLOAT_DOUBT = 1e-12;

/** Compares two decimal texts: negative, zero or positive as `left` is below, equal to or above `right`. */
export function compareDecimals(left: string, right: string): number {
  if (left === right && DECIMAL_TEXT.test(left)) return 0;
  const [low, high] = [Number(left), Number(right)];
  if (Math.abs(low - high) > FLOAT_DOUBT * Math.max(Math.abs(low), Math.abs(high))) return low < high ? -1 : 1;
  return new Exact(left).comparedTo(new Exact(right));
}

/** The product of two decimals, rounded half up to {@link DERIVED_DIGITS} significant digits, without zeros at the end. */
export function multiplyDecimals(left: string, right: string): string {
  return derived(new Exact(left).times(right));
}

/** One decimal divided by another, rounded as {@link multiplyDecimals} does. @param divisor not zero. */
export function divideDecimals(dividend: string, divisor: string): string {
  return derived(new Exact(dividend).div(divisor));
}

/** The mean of two decimals, exact; rounded to {@link DERIVED_DIGITS} only where it would have more digits than a price may have. */
export function meanOfDecimals(left: string, right: string): string {
  const mean = new Exact(left).plus(right).div(2);
  return plainDecimal(mean.toFixed()) ?? derived(mean);
}

/** Whether `value` lies no further from `reference` than the ratio of `reference`. All positive. */
export function isWithinRatio(value: string, reference: string, ratio: string): boolean {
  const [near, far, share] = [Number(value), Number(reference), Number(ratio)];
  const surplus = Math.abs(near - far) - share * far;
  if (Math.abs(surplus) > FLOAT_DOUBT * (Math.max(near, far) + share * far)) return surplus < 0;
  const base = new Exact(reference);
  return base.minus(value).abs().lessThanOrEqualTo(base.times(ratio));
}

/** Whether two decimals lie no further apart than the ratio of the smaller one. Both positive. */
export function areWithinRatio(left: string, right: string, ratio: string): boolean {
  return compareDecimals(left, right) <= 0 ? isWithinRatio(right, left, ratio) : isWithinRatio(left, right, ratio);
}

/** The distance of two decimals, exact. */
export function distanceOfDecimals(left: string, right: string): string {
  return new Exact(left).minus(right).abs().toFixed();
}

/** The product of two decimals, exact as far as both have at most {@link MAX_PRICE_DIGITS} digits. */
export function exactProduct(left: string, right: string): string {
  return new Exact(left).times(right).toFixed();
}

/** A part of a whole, to six places: `0.0004`. For people; nothing is calculated with it. */
export function shareOfDecimals(part: string, whole: string): string {
  return new Exact(part).div(whole).toDecimalPlaces(6).toFixed();
}

/** How far `after` lies above or below `before`, in percent with two places and its sign: `+0.42`, `-1.30`, `0.00`. For people. */
export function percentChange(before: string, after: string): string {
  const text = new Exact(after).minus(before).div(before).times(100).toFixed(2);
  if (/^-?0\.00$/.test(text)) return '0.00';
  return text.startsWith('-') ? text : `+${text}`;
}

function derived(value: Decimal): string {
  return value.toSignificantDigits(DERIVED_DIGITS).toFixed();
}

/** A number that goes into a calculation, as it was written. */
export interface Factor {
  /** With or without an exponent; above 0. */
  readonly text: string;
  /** How far what it stands for may lie from it; `0` when it is assumed and not measured. Default: half a unit of its last digit. */
  readonly uncertainty?: string | undefined;
}

/** What was calculated of factors, with what is not known of it. */
export interface DerivedDecimal {
  /** A plain decimal, rounded to what is known. */
  readonly text: string;
  /** The relative uncertainty, as an exact fraction of two decimals: those of the factors, which add. */
  readonly uncertainty: { readonly part: string; readonly whole: string };
}

/** The product of two factors, rounded once, half up, to what is known of it: see {@link roundToKnown}. */
export function multiplyFactors(left: Factor, right: Factor): DerivedDecimal {
  const [one, other] = [readFactor(left), readFactor(right)];
  const { part, whole } = addUncertainties(one, other);
  return { text: roundToKnown(whole, part), uncertainty: { part: part.toFixed(), whole: whole.toFixed() } };
}

/** One factor divided by another, rounded as {@link multiplyFactors} does. */
export function divideFactors(dividend: Factor, divisor: Factor): DerivedDecimal {
  const [over, under] = [readFactor(dividend), readFactor(divisor)];
  const { part, whole } = addUncertainties(over, under);
  const text = roundToKnown(over.value.div(under.value), part.div(under.value.times(under.value)));
  return { text, uncertainty: { part: part.toFixed(), whole: whole.toFixed() } };
}

/**
 * How far the product of what two factors stand for may lie from a text, rounded up to {@link UNCERTAINTY_DIGITS}. Unlike the sum of
 * their uncertainties it is no approximation, and holds for a text that was rounded.
 */
export function distanceFromProduct(text: string, left: Factor, right: Factor): string {
  const [one, other] = [readFactor(left), readFactor(right)];
  return farthest(text, lowest(one).times(lowest(other)), highest(one).times(highest(other)));
}

/** The same for a quotient. @param divisor known to less than itself. */
export function distanceFromQuotient(text: string, dividend: Factor, divisor: Factor): string {
  const [over, under] = [readFactor(dividend), readFactor(divisor)];
  return farthest(text, lowest(over).div(highest(under)), highest(over).div(lowest(under)));
}

/**
 * How far the middle of what some numbers stand for may lie from theirs: between the middle of the lowest that each may stand for, and that
 * of the highest. Rounded up to {@link UNCERTAINTY_DIGITS}.
 * @param middle of the numbers: the one in the middle, or the mean of the two.
 * @returns undefined when that is half a unit of its last digit.
 */
export function uncertaintyOfMiddle(middle: string, numbers: readonly Factor[]): string | undefined {
  const read = numbers.map(readFactor);
  const distance = farthest(middle, middleOf(read.map(lowest)), middleOf(read.map(highest)));
  return readFactor({ text: middle }).uncertainty.equals(distance) ? undefined : distance;
}

/** How many digits of an uncertainty are kept. */
export const UNCERTAINTY_DIGITS = 3;

function farthest(text: string, low: Decimal, high: Decimal): string {
  const distance = Exact.max(high.minus(text), new Exact(text).minus(low));
  return distance.toSignificantDigits(UNCERTAINTY_DIGITS, Decimal.ROUND_UP).toFixed();
}

function middleOf(numbers: readonly Decimal[]): Decimal {
  const sorted = [...numbers].sort((left, right) => left.comparedTo(right));
  const [lower, upper] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  if (lower === undefined || upper === undefined) throw new Error('nothing has no middle');
  return lower.plus(upper).div(2);
}

interface ReadFactor {
  readonly value: Decimal;
  readonly uncertainty: Decimal;
}

const lowest = ({ value, uncertainty }: ReadFactor): Decimal => value.minus(uncertainty);
const highest = ({ value, uncertainty }: ReadFactor): Decimal => value.plus(uncertainty);

function readFactor({ text, uncertainty }: Factor): ReadFactor {
  const [, , , fraction = '', exponent = '0'] = DECIMAL_TEXT.exec(text) ?? [];
  return {
    value: new Exact(text),
    uncertainty: new Exact(uncertainty ?? `5e${Number(exponent) - fraction.length - 1}`),
  };
}

/** The sum of both relative uncertainties as a fraction. No quotient, which could not be exact, so that a limit is met exactly. */
function addUncertainties(left: ReadFactor, right: ReadFactor): { readonly part: Decimal; readonly whole: Decimal } {
  const part = left.uncertainty.times(right.value).plus(right.uncertainty.times(left.value));
  return { part, whole: left.value.times(right.value) };
}

/**
 * Rounds to the largest power of ten that is not above the absolute uncertainty: one digit more than is known for sure, so that rounding
 * adds less than what is not known anyway. Zeros at the end stay, since they are known; never more than {@link DERIVED_DIGITS}.
 */
function roundToKnown(value: Decimal, uncertainty: Decimal): string {
  const digits = uncertainty.isZero() ? DERIVED_DIGITS : value.e - uncertainty.e + 1;
  const rounded = value.toSignificantDigits(Math.min(Math.max(digits, 1), DERIVED_DIGITS));
  // Rounding up may have made it longer: 9.96 becomes 10.0.
  const decimals = Math.min(
    uncertainty.isZero() ? rounded.decimalPlaces() : -uncertainty.e,
    DERIVED_DIGITS - 1 - rounded.e,
  );
  return rounded.toFixed(Math.max(decimals, 0));
}

/** A fraction in percent with two digits, rounded up: `0.11`. For people; nothing is calculated with it. */
export function percentOfFraction({ part, whole }: DerivedDecimal['uncertainty']): string {
  return new Exact(part).div(whole).times(100).toSignificantDigits(2, Decimal.ROUND_UP).toFixed();
}

/** Whether a fraction is not above a ratio, exactly. */
export function isFractionWithin({ part, whole }: DerivedDecimal['uncertainty'], ratio: string): boolean {
  return new Exact(part).lessThanOrEqualTo(new Exact(whole).times(ratio));
}
