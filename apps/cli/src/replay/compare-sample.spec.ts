import { flagBits, type JudgedSample, type SampleReason, type StoredChecks } from '@app/domain';
import type { StoredSample } from '@app/storage';
import { compareSample, type ConversionNow } from './compare-sample.js';

const stored: StoredSample = {
  outcome: 'accepted',
  reason: null,
  price: '100.50',
  raw: '100.50',
  inverted: false,
  sourceTime: new Date(1_766_000_000_000),
  rate: null,
  rateUncertainty: null,
  rateTicker: null,
  flags: 0,
  marketCap: '1000',
  volume24h: null,
  revision: 0,
};

const judged: JudgedSample = {
  tickerId: 1,
  outcome: 'accepted',
  price: '100.50',
  raw: '100.50',
  isInverted: false,
  sourceTime: new Date(1_766_000_000_000),
  flags: 0,
  marketCap: '1000',
};

const NO_RATE = { rateNow: null };

/** Quoted in USDT and converted at 0.9900. */
const convertedStored: StoredSample = { ...stored, price: '99.495', rate: '0.9900', rateTicker: 'usdt_usd', flags: 1 };
const toConvert: JudgedSample = {
  ...judged,
  outcome: 'rejected',
  reason: 'no_conversion_rate',
  price: undefined,
  rateTicker: 'usdt_usd',
  flags: 1,
};

describe('a stored sample held against one of today', () => {
  it.each<[string, Partial<StoredSample>, Partial<JudgedSample>]>([
    ['all is the same', {}, {}],
    ['it was a jump, which only the other prices tell', { outcome: 'rejected', reason: 'jump', price: null }, {}],
    ['it was frozen, which only the past tells', { outcome: 'rejected', reason: 'frozen', price: null }, {}],
    ['it has flags that the decision added', { flags: flagBits(['derived', 'unconfirmed', 'frozen']) }, { flags: 1 }],
    ['Postgres left out a zero in front', { price: '0.5', raw: '00.5' }, { price: '00.5', raw: '00.5' }],
    [
      'it is rejected for the same reason',
      { outcome: 'rejected', reason: 'stale', price: null },
      { outcome: 'rejected', reason: 'stale', price: undefined, detail: 'in other words' },
    ],
    [
      'it failed alike',
      { outcome: 'failed', reason: 'drift', price: null, raw: null, sourceTime: null, marketCap: null },
      {
        outcome: 'failed',
        reason: 'drift',
        price: undefined,
        raw: undefined,
        sourceTime: undefined,
        marketCap: undefined,
      },
    ],
    ['its text has a character that Postgres does not take', { raw: 'a\uFFFD' }, { raw: 'a\0' }],
  ])('is no difference when %s', (_why, before, after) => {
    expect(compareSample({ ...stored, ...before }, { ...judged, ...after }, NO_RATE)).toBeUndefined();
  });

  it.each<[string, Partial<StoredSample>, Partial<JudgedSample>, string, string]>([
    ['another price', {}, { price: '100.51', raw: '100.51' }, 'accepted 100.50', 'accepted 100.51'],
    [
      'a rejection',
      {},
      { outcome: 'rejected', reason: 'stale', price: undefined, detail: 'an hour old' },
      'accepted 100.50',
      'rejected stale: an hour old',
    ],
    [
      'a failure',
      {},
      { outcome: 'failed', reason: 'absent', price: undefined, raw: undefined },
      'accepted 100.50',
      'failed absent',
    ],
    ['an acceptance', { outcome: 'failed', reason: 'drift', price: null }, {}, 'failed drift', 'accepted 100.50'],
    [
      'another reason',
      { outcome: 'failed', reason: 'drift', price: null },
      { outcome: 'failed', reason: 'absent' },
      'failed drift',
      'failed absent',
    ],
    [
      'another time',
      { sourceTime: null },
      {},
      'accepted 100.50',
      'accepted 100.50 (source time null -> 2025-12-17T19:33:20.000Z)',
    ],
    ['another amount', { marketCap: '999' }, {}, 'accepted 100.50', 'accepted 100.50 (market cap 999 -> 1000)'],
    ['other flags', { flags: 2 }, {}, 'accepted 100.50', 'accepted 100.50 (flags mapped -> none)'],
  ])('tells %s', (_what, before, after, storedText, nowText) => {
    expect(compareSample({ ...stored, ...before }, { ...judged, ...after }, NO_RATE)).toEqual({
      stored: storedText,
      now: nowText,
    });
  });

  describe('that is to be converted', () => {
    const rejected = (reason: SampleReason) => ({ outcome: 'rejected', reason, price: null }) as const;
    const checks = (own: StoredChecks) => ({ ruleOptions: { checks: own } });

    it.each<[string, Partial<StoredSample>, ConversionNow]>([
      ['it was converted with the same rate', {}, { rateNow: '0.9900' }],
      ['its rate has no price any more', {}, { rateNow: null }],
      ['it was a jump', rejected('jump'), { rateNow: '0.9900' }],
      ['it was absurd once it was converted', rejected('absurd'), { rateNow: '0.9900', ...checks({ maximum: '50' }) }],
      ['too little is known of its rate', rejected('imprecise'), { rateNow: '0.99' }],
      ['its rate was too old', rejected('rate_too_old'), { rateNow: '0.9900', rateAgeSeconds: 3_601 }],
      [
        'its ticker takes a rate of any age, and few digits',
        {},
        { rateNow: '0.9900', rateAgeSeconds: 86_000, ...checks({ max_rate_age_seconds: null }) },
      ],
      [
        'its rate is known as well as it was',
        { price: '99.50', rateUncertainty: '0.00021' },
        { rateNow: '0.9900', rateUncertaintyNow: '0.00021' },
      ],
      ['there is still no rate', { ...rejected('no_conversion_rate'), rate: null }, { rateNow: null }],
    ])('is no difference when %s', (_why, before, conversion) => {
      expect(compareSample({ ...convertedStored, ...before }, toConvert, conversion)).toBeUndefined();
    });

    it.each<[string, Partial<StoredSample>, ConversionNow, string]>([
      ['a rate of which too little is known', { rate: '0.99' }, { rateNow: '0.99' }, 'rejected imprecise: '],
      ['a rate that is too old', {}, { rateNow: '0.9900', rateAgeSeconds: 7_200 }, 'rejected rate_too_old: '],
      ['what is not absurd any more', rejected('absurd'), { rateNow: '0.9900' }, 'accepted 99.495'],
      [
        'digits that were not known when 18 were the rule',
        { price: '99.4949999999999999' },
        { rateNow: '0.9900' },
        'accepted 99.495',
      ],
    ])('tells %s', (_what, before, conversion, now) => {
      const difference = compareSample({ ...convertedStored, ...before }, toConvert, conversion);
      expect(difference?.now.startsWith(now)).toBe(true);
    });

    it.each<[string, Partial<StoredSample>, string, string, string]>([
      ['a corrected rate', {}, '0.9800', 'accepted 99.495', 'accepted 98.490'],
      [
        'a rate that has come to be',
        { outcome: 'rejected', reason: 'no_conversion_rate', price: null, rate: null },
        '0.9900',
        'rejected no_conversion_rate',
        'accepted 99.495',
      ],
      ['another text on the wire', { raw: '200', price: '198' }, '0.9900', 'accepted 198', 'accepted 99.495'],
    ])('tells %s', (_what, before, rateNow, storedText, nowText) => {
      expect(compareSample({ ...convertedStored, ...before }, toConvert, { rateNow })).toEqual({
        stored: storedText,
        now: nowText,
      });
    });

    it('tells how well its rate is known where that is not what it was', () => {
      const conversion = { rateNow: '0.9900', rateUncertaintyNow: '0.00021' };
      const differenceOf = (before: Partial<StoredSample>) =>
        compareSample({ ...convertedStored, ...before }, toConvert, conversion);
      expect(differenceOf({})).toEqual({ stored: 'accepted 99.495', now: 'accepted 99.50' });
      expect(differenceOf({ price: '99.50' })).toEqual({
        ...{ stored: 'accepted 99.50', now: 'accepted 99.50 (rate 0.9900 -> 0.9900 known to 0.00021)' },
      });
      expect(differenceOf({ price: '99.50', rateUncertainty: '0.0002' })?.now).toBe(
        'accepted 99.50 (rate 0.9900 known to 0.0002 -> 0.9900 known to 0.00021)',
      );
      expect(compareSample(convertedStored, toConvert, { rateNow: '0.9900', rateUncertaintyNow: '0.01' })?.now).toMatch(
        /^rejected imprecise: .* converted at 0\.9900, itself known to 0\.01, is known to/,
      );
    });

    it('tells when a stablecoin is taken for a dollar now', () => {
      const atPar: JudgedSample = { ...judged, rate: '1', rateTicker: 'usdt_usd', flags: 5 };
      expect(compareSample(convertedStored, atPar, { rateNow: '0.9900' })).toMatchObject({ now: 'accepted 100.50' });
      const atParStored = { ...convertedStored, price: '100.50', rate: '1', flags: 5 };
      expect(compareSample(atParStored, atPar, { rateNow: '0.9900' })).toBeUndefined();
    });
  });
});
