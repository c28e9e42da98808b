import { Decimal } from 'decimal.js';

/** Most digits of a price, before and after the point together: what the wire may carry and Postgres keeps. */
export const MAX_PRICE_DIGITS = 40;

const DECIMAL_TEXT = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;
const Exact = Decimal.clone({ precision: 60, toExpNeg: -400, toExpPos: 400 });

/**
 * Turns the text of a number as it stood on the wire into a plain decimal with exactly those digits.
 * `"87123.450"` stays as it is, `"1.5e-8"` becomes `"0.000000015"`.
 * @returns undefined when the text is no finite decimal or has more than {@link MAX_PRICE_DIGITS} digits.
 */
export function plainDecimal(wireText: string): string | undefined {
  const match = DECIMAL_TEXT.exec(wireText);
  if (match === null) return undefined;
  const [, , whole = '', fraction = '', exponent] = match;
  const plain = exponent === undefined ? wireText.replace(/^\+/, '') : new Exact(wireText).toFixed();
  const digits = exponent === undefined ? whole.length + fraction.length : plain.replace(/[^0-9]/g, '').length;
  return digits > MAX_PRICE_DIGITS ? undefined : plain;
}

/** Compares two decimal texts: negative, zero or positive as `left` is below, equal to or above `right`. */
export function compareDecimals(left: string, right: string): number {
  return new Exact(left).comparedTo(new Exact(right));
}
