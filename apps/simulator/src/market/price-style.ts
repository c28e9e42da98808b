/** How a source writes its prices. */
export interface PriceStyle {
  /** How many decimals a price of this magnitude has. */
  decimals(magnitude: number): number;
  /**
   * Writes `units / 10^decimals`.
   * @param units a whole number, above 0 and below 2^53.
   */
  text(units: number, decimals: number): string;
}

/** The power of ten below a magnitude: 4 for 87,000, -5 for 0.0000124. */
export function exponentOf(magnitude: number): number {
  return Number(magnitude.toExponential().split('e')[1]);
}

/**
 * Decimals so that a price has at least 300,000 units: the fewest in which the last digits can tell 61 seconds apart within
 * 0.02 % of the price. At least `fewest`, at most `most`, which cheap coins at an exchange run into.
 */
export function significantDecimals(magnitude: number, fewest: number, most = 20): number {
  const exponent = exponentOf(magnitude);
  const significant = magnitude >= 3 * Number(`1e${exponent}`) ? 5 - exponent : 6 - exponent;
  return Math.min(most, Math.max(fewest, significant));
}

/** Whole and fraction of `units / 10^decimals`, the fraction with all its zeros. */
export function digitsOf(units: number, decimals: number): { readonly whole: string; readonly fraction: string } {
  const digits = String(units).padStart(decimals + 1, '0');
  const point = digits.length - decimals;
  return { whole: digits.slice(0, point), fraction: digits.slice(point) };
}

/** `units / 10^decimals` with a fixed number of decimals, zeros at the end included: exchanges write so. */
export function fixedText(units: number, decimals: number, written: number): string {
  const { whole, fraction } = digitsOf(units, decimals);
  return written === 0 ? whole : `${whole}.${fraction.padEnd(written, '0')}`;
}
