import {
  distanceToTruePrice,
  isStablecoinToDollar,
  quotedPrice,
  rateTickerOf,
  uncertaintyOf,
  type PriceParts,
} from './quoted-price.js';

/** The relative uncertainty of a price as a number. */
function shareOf(parts: PriceParts): number | undefined {
  const uncertainty = uncertaintyOf(parts);
  return uncertainty === undefined ? undefined : Number(uncertainty.part) / Number(uncertainty.whole);
}

describe('the price that a text on the wire stands for', () => {
  test.each<[raw: string, isInverted: boolean, rate: string | undefined, price: string | undefined]>([
    ['87123.450', false, undefined, '87123.450'],
    ['8.712345e4', false, undefined, '87123.45'],
    ['80000', false, '0.95', '76000'],
    ['80000.00', false, '0.95000', '76000.0'],
    ['100', false, '1', '100'],
    ['100.50', false, '1', '100'],
    ['100.50', false, '1.0000', '100.50'],
    ['1.23456789012345678', false, '1.1', '1.36'],
    ['0.000012345', false, '0.9998', '0.000012343'],
    ['4', true, undefined, '0.25'],
    ['3', true, undefined, '0.33'],
    ['3.0', true, undefined, '0.333'],
    ['3.000000', true, undefined, '0.33333333'],
    ['3e0', true, undefined, '0.33'],
    ['0.3e1', true, undefined, '0.33'],
    ['300e-2', true, undefined, '0.3333'],
    ['3e2', true, undefined, '0.0033'],
    ['1.5', true, undefined, '0.67'],
    ['1.3e-5', true, undefined, '77000'],
    ['1.300e-5', true, undefined, '76920'],
    ['0.0000113149', true, undefined, '88379.0'],
    ['1.006', true, undefined, '0.9940'],
    ['4', true, '0.5', '0.13'],
    ['3', true, '2', '0.7'],
    ['3.00000000000000000000', true, '2.00000000000000000000', '0.666666666666666667'],
    [
      '1234567890123456789012345678901234567890',
      false,
      '1.0000000000000000000000000',
      '1234567890123456790000000000000000000000',
    ],
    ['0', false, undefined, undefined],
    ['0', true, undefined, undefined],
    ['-1', false, '2', undefined],
    ['abc', false, undefined, undefined],
    ['1e-39', false, '0.01', undefined],
  ])('%s, inverted: %s, converted at %s', (raw, isInverted, rate, price) => {
    expect(quotedPrice({ raw, isInverted, rate })).toBe(price);
  });

  test('a digit that lies exactly between two is rounded up, and is rounded once', () => {
    const rate = '1.0000000000000000000000000000';
    expect(quotedPrice({ raw: '1.0000000000000000050', isInverted: false, rate })).toBe('1.00000000000000001');
    expect(quotedPrice({ raw: '1.00000000000000000499999999999999999999', isInverted: false, rate })).toBe(
      '1.00000000000000000',
    );
  });

  test('at par, the digits of the wire stay, and the rate adds nothing', () => {
    const atPar = { rate: '1', isAtPar: true };
    expect(quotedPrice({ raw: '100.50', isInverted: false, ...atPar })).toBe('100.50');
    expect(quotedPrice({ raw: '4.00', isInverted: true, ...atPar })).toBe(
      quotedPrice({ raw: '4.00', isInverted: true }),
    );
    expect(shareOf({ raw: '500', isInverted: false, ...atPar })).toBeUndefined();
    expect(shareOf({ raw: '500', isInverted: true, ...atPar })).toBeCloseTo(0.001, 12);
    expect(shareOf({ raw: '500', isInverted: false, rate: '1' })).toBeCloseTo(0.501, 12);
  });

  test('is known to half a unit of the last digit of each number that it was made of', () => {
    expect(shareOf({ raw: '87123.450', isInverted: false })).toBeUndefined();
    expect(shareOf({ raw: 'abc', isInverted: true })).toBeUndefined();
    expect(shareOf({ raw: '0.000013', isInverted: true })).toBeCloseTo(0.5 / 13, 12);
    expect(shareOf({ raw: '1.3e6', isInverted: true })).toBeCloseTo(0.5 / 13, 12);
    expect(shareOf({ raw: '1300000', isInverted: true })).toBeCloseTo(0.5 / 1_300_000, 12);
    expect(shareOf({ raw: '2000', isInverted: false, rate: '0.80' })).toBeCloseTo(0.5 / 2000 + 0.5 / 80, 12);
    expect(shareOf({ raw: '2000', isInverted: true, rate: '0.80' })).toBeCloseTo(0.5 / 2000 + 0.5 / 80, 12);
  });

  test('is known no better than its rate, and has the digits that this leaves', () => {
    const converted = { raw: '80000.00', isInverted: false, rate: '0.99980' };
    expect(quotedPrice(converted)).toBe('79984.0');
    expect(quotedPrice({ ...converted, rateUncertainty: '0.0000501' })).toBe('79984');
    expect(quotedPrice({ ...converted, rateUncertainty: '0.000000001' })).toBe('79984.000');
    expect(shareOf({ ...converted, rateUncertainty: '0.09998' })).toBeCloseTo(0.1, 6);
    expect(shareOf({ ...converted, rateUncertainty: '0.09998', isAtPar: true })).toBeUndefined();
    expect(shareOf({ raw: '80000.00', isInverted: false, rateUncertainty: '1' })).toBeUndefined();
  });

  test.each<[price: string, parts: PriceParts, distance: string | undefined]>([
    ['87123.450', { raw: '87123.450', isInverted: false }, undefined],
    ['4.00', { raw: '4.00', isInverted: false, rate: '1', isAtPar: true }, undefined],
    ['1', { raw: 'abc', isInverted: true }, undefined],
    ['1', { raw: '1', isInverted: true, rate: '0' }, undefined],
    // Between 1 / 0.00005015 and 1 / 0.00005005.
    ['19960', { raw: '0.0000501', isInverted: true }, '20.1'],
    // A rate at par adds nothing: between 1 / 4.005 and 1 / 3.995.
    ['0.2500', { raw: '4.00', isInverted: true, rate: '1', isAtPar: true }, '0.000313'],
    // Up to 80000.005 * 0.9998501.
    ['79984', { raw: '80000.00', isInverted: false, rate: '0.99980', rateUncertainty: '0.0000501' }, '4.02'],
    // Up to 19980.1 / 1.0005.
    ['19940', { raw: '1.001', isInverted: true, rate: '19960', rateUncertainty: '20.1' }, '30.2'],
    // As a build of before stored it, with digits that nobody knew.
    ['0.333333333333333333', { raw: '3.0', isInverted: true }, '0.00565'],
    [
      '1.00000000000000001',
      { raw: '1.0000000000000000050', isInverted: false, rate: '1.0000000000000000000' },
      '5.11e-18',
    ],
  ])('%s lies from the true price as far as all that was written allows: %j', (price, parts, distance) => {
    const found = distanceToTruePrice(price, parts);
    expect(found === undefined ? undefined : Number(found)).toBe(distance === undefined ? undefined : Number(distance));
  });

  test('the ticker of a rate, and which rates may be taken for one', () => {
    expect(rateTickerOf('usdt', 'usd')).toBe('usdt_usd');
    expect(isStablecoinToDollar('usdt', 'usd')).toBe(true);
    expect(isStablecoinToDollar('usdc', 'usd')).toBe(true);
    expect(isStablecoinToDollar('usdt', 'eur')).toBe(false);
    expect(isStablecoinToDollar('eur', 'usd')).toBe(false);
  });
});
