import fc from 'fast-check';
import { checkQuote, checkRange, checkRateAge, convertPrice, type CheckContext } from './check.js';
import type { Quote } from '../quote.js';
import { checkLimitsOf, DEFAULT_CHECK_LIMITS, type StoredChecks } from './rule-options.js';

const RECEIVED_AT = new Date('2026-11-20T12:00:00.000Z');
const { maximum: MAXIMUM } = DEFAULT_CHECK_LIMITS;

function verdictOf(price: string, quote: Partial<Quote> = {}, context: Partial<CheckContext> = {}) {
  return checkQuote(
    { ticker: 'btc_usd', price, sourceTime: undefined, ...quote },
    { receivedAt: RECEIVED_AT, ...context },
  );
}

function rejected(reason: string) {
  return { outcome: 'rejected', reason, detail: expect.stringMatching(/.{10}/) as string };
}

/** An instant so many milliseconds after receipt. */
function later(ms: number): Date {
  return new Date(RECEIVED_AT.getTime() + ms);
}

function limits(checks: StoredChecks) {
  return checkLimitsOf({ checks });
}

describe('checking a quote', () => {
  test('accepts a price and keeps its digits', () => {
    expect(verdictOf('87123.4500')).toEqual({ outcome: 'accepted', price: '87123.4500', isDerived: false });
    expect(verdictOf('1.5e-8')).toEqual({ outcome: 'accepted', price: '0.000000015', isDerived: false });
  });

  test('turns units of the base for one of the quote into a price', () => {
    expect(verdictOf('0.0000125000', { inverted: true })).toEqual({
      outcome: 'accepted',
      price: '80000.0',
      isDerived: true,
    });
    expect(verdictOf('3.000', { inverted: true })).toMatchObject({ price: '0.33333' });
    expect(verdictOf('0', { inverted: true })).toEqual(rejected('not_positive'));
    expect(verdictOf('1e-30', { inverted: true })).toEqual(rejected('absurd'));
  });

  test.each(['', 'abc', 'NaN', 'Infinity', '0x10', '1.', '9'.repeat(41), 'null', '1e999'])(
    'rejects %j as no decimal',
    (price) => {
      expect(verdictOf(price)).toEqual(rejected('not_a_decimal'));
    },
  );

  test.each(['0', '-0', '0.00', '0e9', '-1', '-0.000000000000000000001', `-${MAXIMUM}0`])(
    'rejects %s as not positive',
    (price) => {
      expect(verdictOf(price)).toEqual(rejected('not_positive'));
    },
  );

  describe('that is inverted or converted', () => {
    const usual = checkLimitsOf({});

    test('is imprecise when a digit more or less would make another price', () => {
      expect(verdictOf('0.000013', { inverted: true })).toEqual({
        outcome: 'rejected',
        reason: 'imprecise',
        detail:
          '"0.000013" inverted is known to 3.9 % only, at most 0.1 % is allowed: name a source that writes more digits, or raise max_uncertainty_ratio',
      });
      expect(verdictOf('1.3e-5', { inverted: true })).toMatchObject({ reason: 'imprecise' });
      expect(verdictOf('1.300e-5', { inverted: true })).toMatchObject({ outcome: 'accepted', price: '76920' });
    });

    test('is as precise as all that it was made of', () => {
      const parts = { raw: '80000.5', isInverted: false };
      expect(convertPrice(parts, { price: '0.9991' }, usual)).toEqual({ outcome: 'accepted', price: '79928' });
      expect(convertPrice(parts, { price: '1.00' }, usual)).toMatchObject({
        reason: 'imprecise',
        detail: expect.stringMatching(/^"80000.5" converted at 1.00 is known to 0.51 % only/) as string,
      });
      expect(convertPrice({ raw: '0.0000125', isInverted: true }, { price: '0.99' }, usual)).toMatchObject({
        detail: expect.stringMatching(/^"0.0000125" inverted and converted at 0.99 is known to 0.91 % only/) as string,
      });
    });

    test('is as precise as its rate is known, however many digits that has', () => {
      const parts = { raw: '1.001', isInverted: false };
      const rate = { price: '19960', uncertainty: '20.1' };
      expect(convertPrice(parts, { price: '19960' }, usual)).toEqual({ outcome: 'accepted', price: '19980' });
      expect(convertPrice(parts, rate, usual)).toMatchObject({
        reason: 'imprecise',
        detail: expect.stringMatching(
          /^"1.001" converted at 19960, itself known to 20.1, is known to 0.16 % only/,
        ) as string,
      });
      const own = limits({ max_uncertainty_ratio: 0.01 });
      expect(convertPrice(parts, rate, own)).toEqual({ outcome: 'accepted', price: '19980' });
      expect(convertPrice(parts, { ...rate, uncertainty: '201' }, limits({ max_uncertainty_ratio: 0.1 }))).toEqual({
        ...{ outcome: 'accepted', price: '20000' },
      });
      expect(convertPrice({ ...parts, raw: '1.0010000' }, { price: '19960', uncertainty: '0.01' }, usual)).toEqual({
        ...{ outcome: 'accepted', price: '19979.96' },
      });
    });

    test.each(['80000.5', '0.00000412', '1', '4.12e-6'])('is %s at par, where nothing is calculated', (raw) => {
      const [onWire, price] = [{ raw, isAtPar: true }, raw === '4.12e-6' ? '0.00000412' : raw];
      expect(convertPrice({ ...onWire, isInverted: false }, { price: '1' }, usual)).toEqual({
        outcome: 'accepted',
        price,
      });
    });

    test('is judged at par when it is inverted', () => {
      const parts = { isInverted: true, isAtPar: true };
      expect(convertPrice({ ...parts, raw: '2.0000' }, { price: '1' }, usual)).toEqual({
        outcome: 'accepted',
        price: '0.50000',
      });
      expect(convertPrice({ ...parts, raw: '2.0' }, { price: '1' }, usual)).toMatchObject({ reason: 'imprecise' });
    });

    test('is held against the limit of its ticker, which is itself allowed', () => {
      const own = (ratio: number | null) => limits({ max_uncertainty_ratio: ratio });
      expect(verdictOf('500', { inverted: true })).toMatchObject({ outcome: 'accepted' });
      expect(verdictOf('499', { inverted: true })).toEqual(rejected('imprecise'));
      expect(verdictOf('499', { inverted: true }, { limits: own(0.0011) })).toMatchObject({ outcome: 'accepted' });
      expect(verdictOf('500', { inverted: true }, { limits: own(0.00099) })).toEqual(rejected('imprecise'));
      expect(verdictOf('3', { inverted: true }, { limits: own(null) })).toMatchObject({ price: '0.33' });
    });

    test('is judged by what is known of it before its rate has come', () => {
      const isToBeConverted = true;
      expect(verdictOf('0.000013', { inverted: true }, { isToBeConverted })).toEqual(rejected('imprecise'));
      expect(verdictOf('13', {}, { isToBeConverted })).toMatchObject({ outcome: 'accepted' });
    });

    test('a price that is only read is never imprecise', () => {
      expect(verdictOf('3')).toEqual({ outcome: 'accepted', price: '3', isDerived: false });
    });
  });

  test('a rate is too old from a second more than the limit on', () => {
    expect(checkRateAge(3_600, DEFAULT_CHECK_LIMITS)).toBeUndefined();
    expect(checkRateAge(3_601, DEFAULT_CHECK_LIMITS)).toEqual({
      outcome: 'rejected',
      reason: 'rate_too_old',
      detail:
        'its rate is of a slot 3601 s before, at most 3600 s are allowed: sample the rate more often, or raise max_rate_age_seconds',
    });
    expect(checkRateAge(1, limits({ max_rate_age_seconds: 0 }))).toEqual(rejected('rate_too_old'));
    expect(checkRateAge(86_340, limits({ max_rate_age_seconds: null }))).toBeUndefined();
  });

  test('accepts the highest and the lowest plausible price and rejects what lies beyond', () => {
    expect(verdictOf(MAXIMUM).outcome).toBe('accepted');
    expect(verdictOf(`${MAXIMUM}.00`).outcome).toBe('accepted');
    expect(verdictOf(`${MAXIMUM}.01`)).toEqual(rejected('absurd'));
    expect(verdictOf(DEFAULT_CHECK_LIMITS.minimum).outcome).toBe('accepted');
    expect(verdictOf('1e-18').outcome).toBe('accepted');
    expect(verdictOf('9.99e-19')).toEqual(rejected('absurd'));
    expect(verdictOf('1e-39')).toEqual(rejected('absurd'));
  });

  test('a ticker may have a range of its own, which a price in another currency meets only when it is converted', () => {
    const own = limits({ minimum: '1000', maximum: '1e5' });
    expect(verdictOf('999.99', {}, { limits: own })).toEqual(rejected('absurd'));
    expect(verdictOf('100000', {}, { limits: own }).outcome).toBe('accepted');
    expect(verdictOf('100000.1', {}, { limits: own })).toEqual(rejected('absurd'));
    expect(verdictOf('0.05', {}, { limits: own, isToBeConverted: true }).outcome).toBe('accepted');
    expect(verdictOf('1e30', {}, { limits: own, isToBeConverted: true })).toEqual(rejected('absurd'));
    expect(checkRange('999', own)).toEqual(rejected('absurd'));
    expect(checkRange('1000', own)).toBeUndefined();
  });

  describe('by its time', () => {
    test('gives a source whose clock runs ahead one minute and not a millisecond more', () => {
      expect(verdictOf('1', { sourceTime: later(60_000) }).outcome).toBe('accepted');
      expect(verdictOf('1', { sourceTime: later(60_001) })).toEqual(rejected('in_the_future'));
    });

    test('gives a price ten minutes and not a millisecond more', () => {
      expect(verdictOf('1', { sourceTime: later(-600_000) }).outcome).toBe('accepted');
      expect(verdictOf('1', { sourceTime: later(-600_001) })).toEqual(rejected('stale'));
    });

    test('an answer out of a cache is as old as the cache says, whatever the price says', () => {
      const cachedAt = later(-600_001);
      const answeredAt = cachedAt;
      for (const kept of [{ cachedAt }, { cachedAt, answeredAt }, { cachedAt, answeredAt: later(-86_400_000) }]) {
        expect(verdictOf('1', {}, kept)).toEqual(rejected('stale'));
        expect(verdictOf('1', { sourceTime: later(0) }, kept)).toEqual(rejected('stale'));
      }
      expect(verdictOf('1', {}, { answeredAt })).toEqual(rejected('stale'));
      expect(verdictOf('1', { sourceTime: new Date(Number.NaN) }, { answeredAt })).toEqual(rejected('stale'));
      expect(verdictOf('1', { sourceTime: later(-600_001) }, { answeredAt: later(0), cachedAt: later(0) })).toEqual(
        rejected('stale'),
      );
      expect(verdictOf('1', { sourceTime: later(-1) }, { cachedAt: later(-599_999) }).outcome).toBe('accepted');
    });

    test.each([-601, -86_400, -17 * 86_400, 3_601, 9 * 86_400])(
      'a server whose clock is %i s off makes no price old that has a fresh time of its own',
      (seconds) => {
        const answeredAt = later(seconds * 1000);
        expect(verdictOf('1', { sourceTime: later(-599_000) }, { answeredAt }).outcome).toBe('accepted');
        expect(verdictOf('1', { sourceTime: later(-3_000) }, { answeredAt, cachedAt: later(-2_000) }).outcome).toBe(
          'accepted',
        );
        expect(verdictOf('1', { sourceTime: later(-600_001) }, { answeredAt })).toEqual(rejected('stale'));
        expect(verdictOf('1', {}, { answeredAt }).outcome).toBe(seconds < 0 ? 'rejected' : 'accepted');
      },
    );

    test('says whose time it was, and how old', () => {
      expect(verdictOf('1', { sourceTime: later(-700_000) })).toMatchObject({
        detail: 'its own time is 700.000 s before receipt, at most 600 s are allowed',
      });
      expect(verdictOf('1', {}, { answeredAt: later(-601_500) })).toMatchObject({
        detail: 'the time at which the answer was made is 601.500 s before receipt, at most 600 s are allowed',
      });
    });

    test('a source that tells no time is not asked for it', () => {
      expect(verdictOf('1').outcome).toBe('accepted');
      expect(verdictOf('1', { sourceTime: new Date(Number.NaN) }).outcome).toBe('accepted');
    });

    test('a ticker may have other limits, or none', () => {
      const minute = { limits: limits({ max_age_seconds: 60, max_lead_seconds: 1 }) };
      expect(verdictOf('1', { sourceTime: later(-60_001) }, minute)).toEqual(rejected('stale'));
      expect(verdictOf('1', { sourceTime: later(1_001) }, minute)).toEqual(rejected('in_the_future'));
      const none = { limits: limits({ max_age_seconds: null, max_lead_seconds: null }) };
      expect(verdictOf('1', { sourceTime: later(-86_400_000) }, none).outcome).toBe('accepted');
      expect(verdictOf('1', { sourceTime: later(86_400_000) }, none).outcome).toBe('accepted');
    });
  });

  test('names what is wrong with the number before what is wrong with its time', () => {
    expect(verdictOf('-1', { sourceTime: later(3_600_000) })).toEqual(rejected('not_positive'));
  });

  test('never throws, whatever a source says, and never repeats a megabyte of it', () => {
    const quote: fc.Arbitrary<Quote> = fc.record({
      ticker: fc.string(),
      price: fc.oneof(fc.string(), fc.stringMatching(/^[+-]?[0-9.eE+-]{0,50}$/)),
      sourceTime: fc.option(fc.date({ noInvalidDate: false }), { nil: undefined }),
      inverted: fc.constantFrom(true, undefined),
    });
    fc.assert(
      fc.property(quote, (given) =>
        ['accepted', 'rejected'].includes(checkQuote(given, { receivedAt: RECEIVED_AT }).outcome),
      ),
    );
    expect(JSON.stringify(verdictOf('x'.repeat(1_000_000))).length).toBeLessThan(300);
  });
});
