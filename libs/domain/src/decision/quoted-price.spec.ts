import { isStablecoinToDollar, quotedPrice, rateTickerOf } from './quoted-price.js';

describe('the price that a text on the wire stands for', () => {
  test.each<[raw: string, isInverted: boolean, rate: string | undefined, price: string | undefined]>([
    ['87123.450', false, undefined, '87123.450'],
    ['8.712345e4', false, undefined, '87123.45'],
    ['80000', false, '0.95', '76000'],
    ['100', false, '1', '100'],
    ['100.50', false, '1', '100.5'],
    ['1.23456789012345678', false, '1.1', '1.35802467913580246'],
    ['0.000012345', false, '0.9998', '0.000012342531'],
    ['4', true, undefined, '0.25'],
    ['3', true, undefined, '0.333333333333333333'],
    ['1.5', true, undefined, '0.666666666666666667'],
    ['4', true, '0.5', '0.125'],
    ['3', true, '2', '0.666666666666666667'],
    ['1234567890123456789012345678901234567890', false, '1', '1234567890123456790000000000000000000000'],
    ['0', false, undefined, undefined],
    ['0', true, undefined, undefined],
    ['-1', false, '2', undefined],
    ['abc', false, undefined, undefined],
    ['1e-39', false, '0.01', undefined],
  ])('%s, inverted: %s, converted at %s', (raw, isInverted, rate, price) => {
    expect(quotedPrice({ raw, isInverted, rate })).toBe(price);
  });

  test('a digit that lies exactly between two is rounded up, and is rounded once', () => {
    expect(quotedPrice({ raw: '1.000000000000000005', isInverted: false, rate: '1' })).toBe('1.00000000000000001');
    expect(quotedPrice({ raw: '1.00000000000000000499999999999999999999', isInverted: false, rate: '1' })).toBe('1');
  });

  test('the ticker of a rate, and which rates may be taken for one', () => {
    expect(rateTickerOf('usdt', 'usd')).toBe('usdt_usd');
    expect(isStablecoinToDollar('usdt', 'usd')).toBe(true);
    expect(isStablecoinToDollar('usdc', 'usd')).toBe(true);
    expect(isStablecoinToDollar('usdt', 'eur')).toBe(false);
    expect(isStablecoinToDollar('eur', 'usd')).toBe(false);
  });
});
