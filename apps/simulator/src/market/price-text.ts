import { Decimal } from 'decimal.js';
import { digitsOf } from './price-style.js';

/** What only coins are priced in: they are written with more decimals than money. */
const CRYPTO_CURRENCIES: ReadonlySet<string> = new Set(['btc', 'eth']);

/**
 * Writes `units / 10^decimals` the way a source writes a float into JSON: no zeros at the end but one after a bare point.
 * Deribit was taped with `81413.6` and `7212.0`.
 */
export function floatText(units: number, decimals: number): string {
  const { whole, fraction } = digitsOf(units, decimals);
  const digits = fraction.replace(/0+$/, '');
  return `${whole}.${digits === '' ? '0' : digits}`;
}

/** The same with an exponent from below 0.0001 on: CoinGecko was taped with `4.37e-06`. */
export function exponentText(units: number, decimals: number): string {
  return withSmallExponent(floatText(units, decimals));
}

/**
 * Rounds a price as CoinGecko's `precision` asks for.
 * `full` leaves it as it is, 0 to 18 are decimals; anything else, and no precision at all, rounds by magnitude: taped were
 * 88927, 21023, 7197.42, 21.14, 28.0, 0.169574 in US dollars and 40.344918, 0.2697573, 0.00958953 in coins.
 */
export function roundedText(fullText: string, currency: string, precision: string | undefined): string {
  if (precision === 'full') return fullText;
  const price = new Decimal(fullText);
  if (precision !== undefined && /^(\d|1[0-8])$/.test(precision)) {
    return withSmallExponent(price.toDecimalPlaces(Number(precision)).toFixed());
  }
  if (price.gte(10_000)) return price.toDecimalPlaces(0).toFixed();
  const rounded = CRYPTO_CURRENCIES.has(currency) ? roundedInCoins(price) : roundedInMoney(price);
  return withSmallExponent(rounded.isInteger() ? `${rounded.toFixed()}.0` : rounded.toFixed());
}

/** Decimals of Coinbase's exchange rates: seen were `0.0004296261607962` of ETH and `33.9558573853989813` for one US dollar. */
const INVERSE_DECIMALS = 16;
/** Enough digits for the inverse of any price to be rounded once. */
const Wide = Decimal.clone({ precision: 60 });

/** The inverse of a price as Coinbase writes it: 16 decimals, no zeros at the end but one after a bare point (`SOL` was seen as `1.0`). */
export function inverseText(priceText: string): string {
  const inverse = new Wide(1).div(priceText).toDecimalPlaces(INVERSE_DECIMALS);
  return inverse.isInteger() ? `${inverse.toFixed()}.0` : inverse.toFixed();
}

function roundedInMoney(price: Decimal): Decimal {
  return price.gte(1) ? price.toDecimalPlaces(2) : price.toSignificantDigits(6);
}

function roundedInCoins(price: Decimal): Decimal {
  if (price.gte(1)) return price.toDecimalPlaces(6);
  return price.gte(0.01) ? price.toDecimalPlaces(8) : price.toSignificantDigits(6);
}

/** `0.00000437` as `4.37e-06`; what is 0.0001 or more stays as it is. */
function withSmallExponent(plain: string): string {
  const match = /^0\.(0{4,})([1-9])(\d*)$/.exec(plain);
  if (match?.[1] === undefined || match[2] === undefined) return plain;
  const exponent = String(match[1].length + 1).padStart(2, '0');
  return `${match[2]}.${match[3] === '' || match[3] === undefined ? '0' : match[3]}e-${exponent}`;
}
