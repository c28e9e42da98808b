import fc from 'fast-check';
import {
  compareDecimals,
  distanceOfDecimals,
  divideDecimals,
  exactProduct,
  isWithinRatio,
  MAX_PRICE_DIGITS,
  meanOfDecimals,
  multiplyDecimals,
  percentChange,
  plainDecimal,
  shareOfDecimals,
} from './decimal.js';

/** Digits and exponent to a plain decimal by moving the point one place at a time. */
function movePoint(whole: string, fraction: string, exponent: number): string {
  let [before, after] = [whole, fraction];
  for (let moved = 0; moved < exponent; moved += 1) {
    before += after.slice(0, 1) || '0';
    after = after.slice(1);
  }
  for (let moved = 0; moved > exponent; moved -= 1) {
    after = (before.slice(-1) || '0') + after;
    before = before.slice(0, -1);
  }
  before = before.replace(/^0+(?=\d)/, '');
  if (before === '') before = '0';
  return before + (after === '' ? '' : `.${after}`);
}

const digits = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.stringMatching(new RegExp(`^[0-9]{${minLength},${maxLength}}$`));

describe('plain decimals', () => {
  test.each(['87123.45', '87123.450', '0', '0.0', '1.000000', '100', '0.000000000000000001', '007.10', '-1.5', '-0'])(
    'keeps %s digit by digit',
    (text) => {
      expect(plainDecimal(text)).toBe(text);
    },
  );

  test('any decimal of up to 40 digits comes back as it stood on the wire', () => {
    fc.assert(
      fc.property(digits(1, 20), digits(1, 20), (whole, fraction) => {
        expect(plainDecimal(whole)).toBe(whole);
        expect(plainDecimal(`${whole}.${fraction}`)).toBe(`${whole}.${fraction}`);
      }),
    );
  });

  test.each([
    ['+1', '1'],
    ['+1.50', '1.50'],
    ['1.5e-8', '0.000000015'],
    ['1E3', '1000'],
    ['1e+3', '1000'],
    ['-2.5e1', '-25'],
    ['+2.5e1', '25'],
    ['1.23456e2', '123.456'],
    ['0e5', '0'],
    ['1e-039', `0.${'0'.repeat(38)}1`],
  ])('writes %s as %s', (text, plain) => {
    expect(plainDecimal(text)).toBe(plain);
  });

  test('an exponent moves the point and keeps every digit, zeros at the end too', () => {
    expect(plainDecimal('1.500e1')).toBe('15.00');
    expect(plainDecimal('8.7123450e4')).toBe('87123.450');
    expect(plainDecimal('1.50e-3')).toBe('0.00150');
    fc.assert(
      fc.property(digits(1, 8), digits(1, 8), fc.integer({ min: -12, max: 12 }), (whole, fraction, exponent) => {
        expect(plainDecimal(`${whole}.${fraction}e${exponent}`)).toBe(movePoint(whole, fraction, exponent));
      }),
    );
  });

  test('40 digits are kept, the 41st is one too many, wherever the point stands', () => {
    const most = '9'.repeat(MAX_PRICE_DIGITS);
    expect(plainDecimal(most)).toBe(most);
    expect(plainDecimal(`0.${most.slice(1)}`)).toBe(`0.${most.slice(1)}`);
    expect(plainDecimal(`${most.slice(0, 20)}.${most.slice(20)}`)).toHaveLength(41);
    expect(plainDecimal(`${most}9`)).toBeUndefined();
    expect(plainDecimal(`0.${most}`)).toBeUndefined();
    expect(plainDecimal(`${most}.0`)).toBeUndefined();
  });

  test('digits that an exponent adds count as well', () => {
    expect(plainDecimal('1e39')).toBe(`1${'0'.repeat(39)}`);
    expect(plainDecimal('1e40')).toBeUndefined();
    expect(plainDecimal('1e-39')).toBe(`0.${'0'.repeat(38)}1`);
    expect(plainDecimal('1e-40')).toBeUndefined();
  });

  test.each([
    '',
    '.5',
    '1.',
    '.',
    '-',
    '+',
    '--1',
    '+-1',
    ' 1',
    '1 ',
    '1\n',
    '\u0661',
    '\u0663.5',
    '\uFF11',
    '1,5',
    '1_000',
    '1e',
    'e5',
    '1e1.5',
    '1e1000',
    '1e-1000',
    '1e999999999',
    '1e-999999999',
    '1e999',
    '1e-999',
    'NaN',
    'nan',
    'Infinity',
    '-Infinity',
    'inf',
    '0x10',
    '0b1',
    '0o7',
    '1n',
    'null',
    'true',
    '1\u0000',
    '\u22121',
  ])('refuses %j', (text) => {
    expect(plainDecimal(text)).toBeUndefined();
  });

  test('an endless number is refused without being calculated', () => {
    expect(plainDecimal('9'.repeat(1_000_000))).toBeUndefined();
    expect(plainDecimal(`${'9'.repeat(1_000_000)}e999`)).toBeUndefined();
    expect(plainDecimal(`0.${'0'.repeat(1_000_000)}1e-999`)).toBeUndefined();
  });

  test('never throws and never gives anything but a plain decimal', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[+-]?[0-9.eE+-]{0,50}$/)), (text) => {
        const plain = plainDecimal(text);
        if (plain !== undefined) expect(plain).toMatch(/^-?\d+(\.\d+)?$/);
      }),
    );
  });
});

describe('comparing decimals', () => {
  test('is exact where a float is not', () => {
    expect(compareDecimals('0.1000000000000000000000000000000000000001', '0.1')).toBeGreaterThan(0);
    expect(compareDecimals('9007199254740993', '9007199254740992')).toBeGreaterThan(0);
    expect(
      compareDecimals('1234567890123456789012345678901234567890', '1234567890123456789012345678901234567891'),
    ).toBeLessThan(0);
  });

  test('knows no difference between a number and the same one with zeros at the end', () => {
    expect(compareDecimals('1.50', '1.5')).toBe(0);
    expect(compareDecimals('-0', '0')).toBe(0);
  });
});

describe('calculating with decimals', () => {
  test('products and quotients have 18 significant digits, rounded half up, and no zeros at the end', () => {
    expect(multiplyDecimals('1.50', '2.00')).toBe('3');
    expect(multiplyDecimals('0.1', '0.1')).toBe('0.01');
    expect(multiplyDecimals('1.00000000000000001', '1.00000000000000001')).toBe('1.00000000000000002');
    expect(divideDecimals('1', '3')).toBe('0.333333333333333333');
    expect(divideDecimals('2', '3')).toBe('0.666666666666666667');
    expect(divideDecimals('1', '1e30')).toBe('0.000000000000000000000000000001');
  });

  test('a mean is exact, also of numbers with 40 digits', () => {
    expect(meanOfDecimals('1', '2')).toBe('1.5');
    expect(meanOfDecimals('10.00', '10.00')).toBe('10');
    const most = '9'.repeat(MAX_PRICE_DIGITS - 1);
    expect(meanOfDecimals(most, `${most.slice(0, -1)}7`)).toBe(`${most.slice(0, -1)}8`);
  });

  test('a mean that would have more digits than a price may have is rounded', () => {
    const [low, high] = [`0.${'1'.repeat(38)}1`, `0.${'1'.repeat(38)}2`];
    expect(meanOfDecimals(low, high)).toBe(`0.${'1'.repeat(18)}`);
  });

  test('a ratio is held against the exact distance', () => {
    expect(isWithinRatio('110', '100', '0.1')).toBe(true);
    expect(isWithinRatio('110.00000000000000000000000000000000001', '100', '0.1')).toBe(false);
    expect(isWithinRatio('0.3', '0.1', '2')).toBe(true);
    expect(isWithinRatio('100', '100', '0')).toBe(true);
  });

  test('distances and products are exact, shares are for people', () => {
    expect(distanceOfDecimals('0.1', '0.3')).toBe('0.2');
    expect(exactProduct('1.23456789012345678901', '9.87654321098765432109')).toBe(
      '12.1932631137021795225845145533336229232209',
    );
    expect(shareOfDecimals('1', '3')).toBe('0.333333');
    expect(shareOfDecimals('0.00000001', '3')).toBe('0');
  });

  test.each([
    ['100', '100.42', '+0.42'],
    ['100', '98.7', '-1.30'],
    ['100', '100', '0.00'],
    ['100', '99.999', '0.00'],
    ['100', '100.001', '0.00'],
    ['0.000000000000000000012345678901234567890', '0.000000000000000000024691357802469135780', '+100.00'],
  ])('a change from %s to %s is %s %%', (before, after, percent) => {
    expect(percentChange(before, after)).toBe(percent);
  });
});
