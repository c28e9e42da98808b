import { divideDecimals, multiplyDecimals, plainDecimal, compareDecimals } from '../decimal.js';

/** What a price is calculated from. */
export interface PriceParts {
  /** The text on the wire. */
  readonly raw: string;
  /** The wire has units of the base for one unit of the quote. */
  readonly isInverted: boolean;
  /** What one unit of the currency on the wire costs in the ticker's own; undefined when it is the ticker's own. */
  readonly rate?: string | undefined;
}

/**
 * The price that a text on the wire stands for: its own digits; inverted or converted, one calculation rounded half up to 18
 * significant digits.
 * @returns undefined when the text, or what comes of it, is no decimal above 0 that a price can have.
 */
export function quotedPrice({ raw, isInverted, rate }: PriceParts): string | undefined {
  const plain = plainDecimal(raw);
  if (plain === undefined || compareDecimals(plain, '0') <= 0) return undefined;
  if (isInverted) return plainDecimal(divideDecimals(rate ?? '1', plain));
  return rate === undefined ? plain : plainDecimal(multiplyDecimals(plain, rate));
}

/** The ticker whose price converts: a price of `sol_usd` quoted in `usdt` is converted with that of `usdt_usd`. */
export function rateTickerOf(quotedIn: string, quote: string): string {
  return `${quotedIn}_${quote}`;
}

/** Currencies that ASSUME_STABLECOINS_AT_PAR takes for a dollar. */
export const STABLECOINS: readonly string[] = ['usdt', 'usdc'];

/** Whether a conversion is from a stablecoin to the dollar that it is meant to be worth. */
export function isStablecoinToDollar(quotedIn: string, quote: string): boolean {
  return quote === 'usd' && STABLECOINS.includes(quotedIn);
}
