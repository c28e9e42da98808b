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
