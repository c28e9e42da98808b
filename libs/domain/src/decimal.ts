import { Decimal } from 'decimal.js';

/** Most digits of a price, before and after the point together: what the wire may carry and Postgres keeps. */
export const MAX_PRICE_DIGITS = 40;

const DECIMAL_TEXT = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;
const Exact = Decimal.clone({ precision: 60 });

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

/** Compares two decimal texts: negative, zero or positive as `left` is below, equal to or above `right`. */
export function compareDecimals(left: string, right: string): number {
  return new Exact(left).comparedTo(new Exact(right));
}
