import fc from 'fast-check';
import { checkQuote, MAX_PLAUSIBLE_PRICE, MAX_SOURCE_LEAD_MS, MIN_PLAUSIBLE_PRICE } from './check.js';
import type { Quote } from './quote.js';

const RECEIVED_AT = new Date('2026-11-20T12:00:00.000Z');

function verdictOf(price: string, sourceTime?: Date) {
  return checkQuote({ ticker: 'btc_usd', price, sourceTime }, RECEIVED_AT);
}

function rejected(reason: string) {
  return { outcome: 'rejected', reason };
}

function later(ms: number): Date {
  return new Date(RECEIVED_AT.getTime() + ms);
}

describe('checking a quote', () => {
  test('accepts a price and keeps its digits', () => {
    expect(verdictOf('87123.4500')).toEqual({ outcome: 'accepted', price: '87123.4500' });
    expect(verdictOf('1.5e-8')).toEqual({ outcome: 'accepted', price: '0.000000015' });
  });

  test.each(['', 'abc', 'NaN', 'Infinity', '0x10', '1.', '9'.repeat(41), 'null', '1e999'])(
    'rejects %j as no decimal',
    (price) => {
      expect(verdictOf(price)).toEqual(rejected('not_a_decimal'));
    },
  );

  test.each(['0', '-0', '0.00', '0e9', '-1', '-0.000000000000000000001', `-${MAX_PLAUSIBLE_PRICE}0`])(
    'rejects %s as not positive',
    (price) => {
      expect(verdictOf(price)).toEqual(rejected('not_positive'));
    },
  );

  test('accepts the highest and the lowest plausible price and rejects what lies beyond', () => {
    expect(verdictOf(MAX_PLAUSIBLE_PRICE).outcome).toBe('accepted');
    expect(verdictOf(`${MAX_PLAUSIBLE_PRICE}.00`).outcome).toBe('accepted');
    expect(verdictOf(`${MAX_PLAUSIBLE_PRICE}.01`)).toEqual(rejected('absurd'));
    expect(verdictOf(MIN_PLAUSIBLE_PRICE).outcome).toBe('accepted');
    expect(verdictOf('1e-18').outcome).toBe('accepted');
    expect(verdictOf('9.99e-19')).toEqual(rejected('absurd'));
    expect(verdictOf('1e-39')).toEqual(rejected('absurd'));
  });

  test('gives a source whose clock runs ahead one minute and not a millisecond more', () => {
    expect(verdictOf('1', later(MAX_SOURCE_LEAD_MS)).outcome).toBe('accepted');
    expect(verdictOf('1', later(MAX_SOURCE_LEAD_MS + 1))).toEqual(rejected('in_the_future'));
    expect(verdictOf('1', later(-86_400_000)).outcome).toBe('accepted');
  });

  test('names what is wrong with the number before what is wrong with its time', () => {
    expect(verdictOf('-1', later(3_600_000))).toEqual(rejected('not_positive'));
  });

  test('never throws, whatever a source says', () => {
    const quote: fc.Arbitrary<Quote> = fc.record({
      ticker: fc.string(),
      price: fc.string(),
      sourceTime: fc.option(fc.date({ noInvalidDate: false }), { nil: undefined }),
    });
    fc.assert(fc.property(quote, (given) => ['accepted', 'rejected'].includes(checkQuote(given, RECEIVED_AT).outcome)));
  });
});
