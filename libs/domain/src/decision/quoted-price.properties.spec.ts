import fc from 'fast-check';
import {
  fractionOf,
  inverse,
  isAtMost,
  lower,
  minus,
  ONE,
  plus,
  raise,
  shareOf,
  tenTo,
  textOf,
  times,
  valueOf,
  written,
  type Fraction,
} from '../../../../test/builders/exact-fractions.js';
import { checkPrecision } from './check.js';
import { quotedPrice, type PriceParts } from './quoted-price.js';
import { checkLimitsOf, DEFAULT_CHECK_LIMITS } from './rule-options.js';

interface Derived {
  readonly parts: PriceParts;
  /** What comes of the written numbers, exactly. */
  readonly exact: Fraction;
  /** The relative uncertainty. */
  readonly share: Fraction;
  /** What comes of them when each is half a unit of its last digit off. */
  readonly lowest: Fraction;
  readonly highest: Fraction;
}

const derived: fc.Arbitrary<Derived> = fc
  .record({
    raw: written,
    rate: fc.option(written, { nil: undefined }),
    isInverted: fc.boolean(),
    withExponent: fc.boolean(),
  })
  .filter(({ rate, isInverted }) => isInverted || rate !== undefined)
  .map(({ raw, rate, isInverted, withExponent }) => {
    const made = (onWire: Fraction, factor: Fraction): Fraction => times(isInverted ? inverse(onWire) : onWire, factor);
    const [low, high] = isInverted ? [raise(raw), lower(raw)] : [lower(raw), raise(raw)];
    return {
      parts: { raw: textOf(raw, withExponent), isInverted, rate: rate && textOf(rate, false) },
      exact: made(valueOf(raw), rate === undefined ? ONE : valueOf(rate)),
      lowest: made(low, rate === undefined ? ONE : lower(rate)),
      highest: made(high, rate === undefined ? ONE : raise(rate)),
      share: rate === undefined ? shareOf(raw) : plus(shareOf(raw), shareOf(rate)),
    };
  });

/** The largest power of ten that is not above a fraction. */
function unitOf(fraction: Fraction): number {
  let exponent = 0;
  while (!isAtMost(tenTo(exponent), fraction)) exponent -= 1;
  while (isAtMost(tenTo(exponent + 1), fraction)) exponent += 1;
  return exponent;
}

const decimalsOf = (text: string): number => text.split('.')[1]?.length ?? 0;
/** Zeros in front are no digits, and zeros at the end of a whole number say nothing. */
const significantDigitsOf = (text: string): number =>
  (text.includes('.') ? text.replace('.', '') : text.replace(/0+$/, '')).replace(/^0+/, '').length;
/** More digits are known than a calculated price has. */
const isCut = (exact: Fraction, unit: number): boolean => unitOf(exact) - unit + 1 >= 18;

describe('a price that is calculated', () => {
  it('never strays from what the written numbers may stand for by more than is said', () => {
    fc.assert(
      fc.property(derived, ({ parts, exact, share, lowest, highest }) => {
        // Two numbers of one digit may be known to nothing at all.
        fc.pre(isAtMost(share, { over: 9n, under: 10n }));
        const stored = fractionOf(quotedPrice(parts) ?? '');
        const uncertainty = times(exact, share);
        // A quotient bends: half a unit less below makes it more than that higher. And the price was rounded, by half its unit.
        const bent = times(uncertainty, inverse(minus(ONE, share)));
        const furthest = plus(bent, times(tenTo(unitOf(uncertainty)), { over: 1n, under: 2n }));
        expect(isAtMost(minus(stored, lowest), furthest)).toBe(true);
        expect(isAtMost(minus(highest, stored), furthest)).toBe(true);
      }),
    );
  });

  it('has the digits that are known and one more, and never more than 18', () => {
    fc.assert(
      fc.property(derived, ({ parts, exact, share }) => {
        const text = quotedPrice(parts) ?? '';
        const unit = unitOf(times(exact, share));
        expect(significantDigitsOf(text)).toBeLessThanOrEqual(18);
        if (!isCut(exact, unit)) expect(decimalsOf(text)).toBe(Math.max(0, -unit));
        else expect(decimalsOf(text)).toBeLessThanOrEqual(Math.max(0, -unit));
        // Above the point the digits that are not known are zeros.
        if (unit > 0) expect(text).toMatch(new RegExp(`0{${unit}}$`));
      }),
    );
  });

  it('is rounded once, half up, from the exact value', () => {
    fc.assert(
      fc.property(derived, ({ parts, exact, share }) => {
        const text = quotedPrice(parts) ?? '';
        const unit = unitOf(times(exact, share));
        fc.pre(!isCut(exact, unit));
        const scaled = times(exact, tenTo(-unit));
        const nearest = (2n * scaled.over + scaled.under) / (2n * scaled.under);
        expect(minus(fractionOf(text), times({ over: nearest, under: 1n }, tenTo(unit))).over).toBe(0n);
      }),
    );
  });

  it('is imprecise exactly when it is known less well than the limit', () => {
    const limit = fc.record({ digits: fc.bigInt({ min: 1n, max: 999n }), exponent: fc.integer({ min: -8, max: -3 }) });
    fc.assert(
      fc.property(derived, limit, ({ parts, share }, most) => {
        const limits = checkLimitsOf({ checks: { max_uncertainty_ratio: Number(textOf(most, false)) } });
        const verdict = checkPrecision(parts, limits)?.reason;
        expect(verdict).toBe(isAtMost(share, valueOf(most)) ? undefined : 'imprecise');
      }),
    );
  });

  it('does not become imprecise when more digits are written', () => {
    const more = fc.stringMatching(/^[0-9]{1,6}$/);
    fc.assert(
      fc.property(derived, more, more, ({ parts }, ofRaw, ofRate) => {
        fc.pre(!parts.raw.includes('e') && checkPrecision(parts, DEFAULT_CHECK_LIMITS) === undefined);
        const longer = (text: string, digits: string): string => `${text}${text.includes('.') ? '' : '.'}${digits}`;
        const better = {
          ...parts,
          raw: longer(parts.raw, ofRaw),
          rate: parts.rate === undefined ? undefined : longer(parts.rate, ofRate),
        };
        expect(checkPrecision(better, DEFAULT_CHECK_LIMITS)).toBeUndefined();
      }),
    );
  });

  it('is never imprecise where the check is switched off', () => {
    const off = checkLimitsOf({ checks: { max_uncertainty_ratio: null } });
    fc.assert(fc.property(derived, ({ parts }) => expect(checkPrecision(parts, off)).toBeUndefined()));
  });
});
