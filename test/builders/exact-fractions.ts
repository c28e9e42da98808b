import fc from 'fast-check';

/** An exact fraction: what prices are held against is calculated without decimals. */
export interface Fraction {
  readonly over: bigint;
  readonly under: bigint;
}

/** A number as it is written: `digits` times ten to the `exponent`. */
export interface Written {
  readonly digits: bigint;
  readonly exponent: number;
}

export const tenTo = (exponent: number): Fraction =>
  exponent >= 0 ? { over: 10n ** BigInt(exponent), under: 1n } : { over: 1n, under: 10n ** BigInt(-exponent) };
export const times = (left: Fraction, right: Fraction): Fraction => ({
  over: left.over * right.over,
  under: left.under * right.under,
});
export const inverse = ({ over, under }: Fraction): Fraction => ({ over: under, under: over });
export const plus = (left: Fraction, right: Fraction): Fraction => ({
  over: left.over * right.under + right.over * left.under,
  under: left.under * right.under,
});
export const minus = (left: Fraction, { over, under }: Fraction): Fraction => plus(left, { over: -over, under });
export const isAtMost = (left: Fraction, right: Fraction): boolean =>
  left.over * right.under <= right.over * left.under;
export const valueOf = ({ digits, exponent }: Written): Fraction => times({ over: digits, under: 1n }, tenTo(exponent));
/** Half a unit of the last digit, in parts of the number. */
export const shareOf = ({ digits }: Written): Fraction => ({ over: 1n, under: 2n * digits });

export const ONE: Fraction = { over: 1n, under: 1n };
export const halfUnitOf = ({ exponent }: Written): Fraction => times({ over: 5n, under: 1n }, tenTo(exponent - 1));
export const lower = (number: Written): Fraction => minus(valueOf(number), halfUnitOf(number));
export const raise = (number: Written): Fraction => plus(valueOf(number), halfUnitOf(number));

/** Reads a plain decimal. */
export function fractionOf(text: string): Fraction {
  const [whole = '', fraction = ''] = text.split('.');
  return times({ over: BigInt(whole + fraction), under: 1n }, tenTo(-fraction.length));
}

/** The number as a source may write it. */
export function textOf({ digits, exponent }: Written, withExponent: boolean): string {
  if (withExponent) {
    const [first = '', rest = ''] = [String(digits).slice(0, 1), String(digits).slice(1)];
    return `${first}${rest === '' ? '' : `.${rest}`}e${exponent + rest.length}`;
  }
  if (exponent >= 0) return `${digits}${'0'.repeat(exponent)}`;
  const padded = String(digits).padStart(1 - exponent, '0');
  return `${padded.slice(0, exponent)}.${padded.slice(exponent)}`;
}

/** One to fourteen digits, so that no number of digits is the usual one; two and more, or nothing at all is known. */
export const written = fc.integer({ min: 1, max: 14 }).chain((length) =>
  fc.record({
    digits: fc.bigInt({ min: length === 1 ? 2n : 10n ** BigInt(length - 1), max: 10n ** BigInt(length) - 1n }),
    exponent: fc.integer({ min: -9 - length, max: 0 }),
  }),
);
