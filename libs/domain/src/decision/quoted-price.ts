import {
  compareDecimals,
  divideDecimals,
  distanceFromProduct,
  distanceFromQuotient,
  divideFactors,
  multiplyDecimals,
  multiplyFactors,
  plainDecimal,
  type DerivedDecimal,
  type Factor,
} from '../decimal.js';
import { PRICE_FLAGS } from '../flags.js';

/** What a price is calculated from. */
export interface PriceParts {
  /** The text on the wire. */
  readonly raw: string;
  /** The wire has units of the base for one unit of the quote. */
  readonly isInverted: boolean;
  /** What one unit of the currency on the wire costs in the ticker's own; undefined when it is the ticker's own. */
  readonly rate?: string | undefined;
  /** How far the true rate may lie from it; undefined: half a unit of its last digit. */
  readonly rateUncertainty?: string | undefined;
  /** The rate is assumed to be 1 and was not measured: all of it is known. */
  readonly isAtPar?: boolean | undefined;
}

/** The same, as a sample keeps it. */
export interface KeptQuote {
  readonly raw: string;
  readonly inverted: boolean;
  readonly rate: string | null;
  readonly rateUncertainty: string | null;
  /** Bits of `PRICE_FLAGS`. */
  readonly flags: number;
}

/** A price that converts others. */
export interface Rate {
  readonly price: string;
  /** How far the true price may lie from it; undefined: half a unit of its last digit. */
  readonly uncertainty?: string | undefined;
}

/** What the price of a stored sample was calculated from. */
export function partsOf({ raw, inverted, rate, rateUncertainty, flags }: KeptQuote): PriceParts {
  return {
    ...{ raw, isInverted: inverted, rate: rate ?? undefined },
    ...{ rateUncertainty: rateUncertainty ?? undefined, isAtPar: isAtPar(flags) },
  };
}

/** Whether a price was taken at par. @param flags bits of `PRICE_FLAGS`. */
export function isAtPar(flags: number): boolean {
  return (flags & PRICE_FLAGS.at_par) !== 0;
}

/**
 * The price that a text on the wire stands for: its own digits; inverted or converted, one calculation rounded half up to what is
 * known, see {@link uncertaintyOf}, and to 18 significant digits at most.
 * @returns undefined when the text, or what comes of it, is no decimal above 0 that a price can have.
 */
export function quotedPrice(parts: PriceParts): string | undefined {
  const plain = positiveDecimal(parts.raw);
  if (plain === undefined || !hasPossibleRate(parts)) return undefined;
  if (!isCalculated(parts)) return plain;
  return plainDecimal(derive(parts).text);
}

/**
 * How well a calculated price is known, in parts of it: half a unit of the last digit of what stood on the wire, exponents included, and
 * what is not known of the rate, each in parts of that number; they add. A rate at par adds nothing.
 * @returns undefined for a price that is not calculated, or none at all.
 */
export function uncertaintyOf(parts: PriceParts): DerivedDecimal['uncertainty'] | undefined {
  return isPossible(parts) && isCalculated(parts) ? derive(parts).uncertainty : undefined;
}

/**
 * How far the true price may lie from a price that was calculated, for whoever calculates with that one: all that the written numbers may
 * stand for, and what rounding took away. In the currency of the price, rounded up to three digits.
 * @returns undefined for a price that is not calculated, or of nothing that is known: half a unit of its last digit.
 */
export function distanceToTruePrice(price: string, parts: PriceParts): string | undefined {
  if (!isPossible(parts) || !isCalculated(parts)) return undefined;
  const [onWire, factor] = factorsOf(parts);
  return parts.isInverted ? distanceFromQuotient(price, factor, onWire) : distanceFromProduct(price, onWire, factor);
}

/**
 * The price as builds before the end of 2026 calculated it: rounded to 18 significant digits, however few were known, without zeros at
 * the end. What was stored so stays valid, and only `verify` asks for it.
 */
export function formerQuotedPrice({ raw, isInverted, rate }: PriceParts): string | undefined {
  const plain = positiveDecimal(raw);
  if (plain === undefined) return undefined;
  if (isInverted) return plainDecimal(divideDecimals(rate ?? '1', plain));
  return rate === undefined ? plain : plainDecimal(multiplyDecimals(plain, rate));
}

/** At par nothing is calculated: the price has the digits of the wire, and is known as well as any that is only read. */
function isCalculated({ isInverted, rate, isAtPar }: PriceParts): boolean {
  return isInverted || (rate !== undefined && isAtPar !== true);
}

function derive(parts: PriceParts): DerivedDecimal {
  const [onWire, factor] = factorsOf(parts);
  return parts.isInverted ? divideFactors(factor, onWire) : multiplyFactors(onWire, factor);
}

function factorsOf({ raw, rate, rateUncertainty, isAtPar }: PriceParts): [onWire: Factor, factor: Factor] {
  const isAssumed = rate === undefined || isAtPar === true;
  return [{ text: raw }, { text: rate ?? '1', uncertainty: isAssumed ? '0' : rateUncertainty }];
}

function isPossible(parts: PriceParts): boolean {
  return positiveDecimal(parts.raw) !== undefined && hasPossibleRate(parts);
}

function hasPossibleRate({ rate }: PriceParts): boolean {
  return rate === undefined || positiveDecimal(rate) !== undefined;
}

function positiveDecimal(text: string): string | undefined {
  const plain = plainDecimal(text);
  return plain === undefined || compareDecimals(plain, '0') <= 0 ? undefined : plain;
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
