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
  tenTo,
  textOf,
  times,
  valueOf,
  written,
  type Fraction,
  type Written,
} from '../../../../test/builders/exact-fractions.js';
import { uncertaintyOfMiddle } from '../decimal.js';
import { convertPrice } from './check.js';
import { distanceToTruePrice, quotedPrice, type PriceParts, type Rate } from './quoted-price.js';
import { checkLimitsOf } from './rule-options.js';

/** What stands on the wire of a source. */
interface Step {
  readonly raw: Written;
  readonly isInverted: boolean;
  readonly withExponent: boolean;
}

/** A price that was calculated, with the lowest and the highest that the wires it comes from allow. */
interface Known {
  readonly rate: Rate;
  readonly lowest: Fraction;
  readonly highest: Fraction;
}

const step: fc.Arbitrary<Step> = fc.record({ raw: written, isInverted: fc.boolean(), withExponent: fc.boolean() });
const chain = fc.record({ first: step, further: fc.array(step, { minLength: 1, maxLength: 3 }) });
/** The usual limit, and as much as a chain can need. */
const limit = fc.constantFrom('0.001', '0.003', '0.02', '0.2');

/** A first price, which may be read or inverted, but never is converted. */
function readFirst({ raw, isInverted, withExponent }: Step): Known {
  const parts: PriceParts = { raw: textOf(raw, withExponent), isInverted };
  const price = quotedPrice(parts) ?? '';
  const [low, high] = [lower(raw), raise(raw)];
  return {
    rate: { price, uncertainty: distanceToTruePrice(price, parts) },
    lowest: isInverted ? inverse(high) : low,
    highest: isInverted ? inverse(low) : high,
  };
}

/** What one more conversion makes of it. @returns undefined when that is rejected. */
function convert(known: Known, { raw, isInverted, withExponent }: Step, ratio: string): Known | undefined {
  const limits = checkLimitsOf({ checks: { max_uncertainty_ratio: Number(ratio), minimum: '1e-40', maximum: '1e40' } });
  const onWire = { raw: textOf(raw, withExponent), isInverted };
  const converted = convertPrice(onWire, known.rate, limits);
  if (converted.outcome === 'rejected') return undefined;
  const { price } = converted;
  const parts = { ...onWire, rate: known.rate.price, rateUncertainty: known.rate.uncertainty };
  const [low, high] = [lower(raw), raise(raw)];
  return {
    rate: { price, uncertainty: distanceToTruePrice(price, parts) },
    lowest: times(known.lowest, isInverted ? inverse(high) : low),
    highest: times(known.highest, isInverted ? inverse(low) : high),
  };
}

/** The prices of a chain that are accepted: each is the rate of the next. */
function acceptedOf({ first, further }: { first: Step; further: readonly Step[] }, ratio: string): Known[] {
  const accepted = [readFirst(first)];
  for (const next of further) {
    const last = accepted.at(-1);
    const made = last === undefined ? undefined : convert(last, next, ratio);
    if (made === undefined) break;
    accepted.push(made);
  }
  return accepted;
}

/** How far the true price may lie from a price by what is kept with it. */
const uncertaintyOf = ({ price, uncertainty }: Rate): Fraction =>
  uncertainty === undefined
    ? times({ over: 5n, under: 1n }, tenTo(-(price.split('.')[1]?.length ?? 0) - 1))
    : fractionOf(uncertainty);

const isNoFurther = ({ rate, lowest, highest }: Known, distance: Fraction): boolean => {
  const price = fractionOf(rate.price);
  return isAtMost(minus(price, lowest), distance) && isAtMost(minus(highest, price), distance);
};

describe('a price that converts another', () => {
  it('is never further from what the wires allow than it says, over any number of steps', () => {
    fc.assert(
      fc.property(chain, limit, (one, ratio) => {
        for (const known of acceptedOf(one, ratio)) expect(isNoFurther(known, uncertaintyOf(known.rate))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('makes no price that lies further from what the wires allow than the limit, but for its last digit', () => {
    fc.assert(
      fc.property(chain, limit, (one, ratio) => {
        const most = fractionOf(ratio);
        for (const known of acceptedOf(one, ratio).slice(1)) {
          const price = fractionOf(known.rate.price);
          // The sum of what is not known of two numbers leaves out its own square, and the price is rounded by half of it at most.
          const allowed = times(times(most, inverse(minus(ONE, most))), { over: 3n, under: 2n });
          const bent = times(allowed, inverse(minus(ONE, times(most, { over: 1n, under: 2n }))));
          expect(isNoFurther(known, times(price, bent))).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('says no more than twice the range that the wires allow', () => {
    fc.assert(
      fc.property(chain, limit, (one, ratio) => {
        for (const { rate, lowest, highest } of acceptedOf(one, ratio).slice(1)) {
          const spread = minus(highest, lowest);
          expect(isAtMost(uncertaintyOf(rate), times(spread, { over: 2n, under: 1n }))).toBe(true);
        }
      }),
    );
  });
});

describe('the middle of prices', () => {
  const prices = fc.array(fc.record({ number: written, part: fc.integer({ min: -1000, max: 1000 }) }), {
    minLength: 1,
    maxLength: 6,
  });
  const byValue = (left: Fraction, right: Fraction): number => (isAtMost(left, right) ? -1 : 1);
  const middleOf = (numbers: readonly Fraction[]): Fraction => {
    const sorted = [...numbers].sort(byValue);
    const [lower, upper] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
    return times(plus(lower ?? ONE, upper ?? ONE), { over: 1n, under: 2n });
  };
  /** Of fractions whose only divisors are 2 and 5. */
  const textOfFraction = ({ over, under }: Fraction): string =>
    textOf({ digits: (over * 10n ** 40n) / under, exponent: -40 }, false).replace(/\.?0+$/, '');

  it('is no further from the middle of what they stand for than it says, wherever each of these lies', () => {
    fc.assert(
      fc.property(prices, (given) => {
        const texts = given.map(({ number }) => textOf(number, false));
        const middle = textOfFraction(middleOf(texts.map(fractionOf)));
        const rate = {
          price: middle,
          uncertainty: uncertaintyOfMiddle(
            middle,
            texts.map((text) => ({ text })),
          ),
        };
        // Each true price lies somewhere within half a unit of the written one.
        const stoodFor = given.map(({ number, part }) =>
          plus(valueOf(number), times(minus(raise(number), valueOf(number)), { over: BigInt(part), under: 1000n })),
        );
        const trueMiddle = middleOf(stoodFor);
        expect(isNoFurther({ rate, lowest: trueMiddle, highest: trueMiddle }, uncertaintyOf(rate))).toBe(true);
      }),
    );
  });
});
