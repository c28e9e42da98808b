import { checkLimitsOf, DEFAULT_CHECK_LIMITS, DEFAULT_MEDIAN_LIMITS, medianLimitsOf } from './rule-options.js';

describe('the limits of a ticker', () => {
  test('are the usual ones where it has none of its own', () => {
    expect(checkLimitsOf({})).toEqual(DEFAULT_CHECK_LIMITS);
    expect(medianLimitsOf({})).toEqual(DEFAULT_MEDIAN_LIMITS);
  });

  test('are its own where it has them, one by one', () => {
    const checks = { max_age_seconds: 60, jump_ratio: 0.3, jump_memory_seconds: 7200, minimum: '1e-6' };
    const derived = { max_uncertainty_ratio: 0.005, max_rate_age_seconds: 600 };
    expect(checkLimitsOf({ checks: { ...checks, ...derived } })).toEqual({
      ...DEFAULT_CHECK_LIMITS,
      maxAgeSeconds: 60,
      jumpRatio: '0.3',
      jumpMemorySeconds: 7200,
      minimum: '1e-6',
      maxUncertaintyRatio: '0.005',
      maxRateAgeSeconds: 600,
    });
    expect(medianLimitsOf({ median: { minimum_sources: 3 } })).toEqual({ ...DEFAULT_MEDIAN_LIMITS, minimumSources: 3 });
  });

  test('null switches a check off, and 0 does not', () => {
    const off = checkLimitsOf({ checks: { max_age_seconds: null, max_lead_seconds: null, jump_ratio: null } });
    expect(off).toMatchObject({ maxAgeSeconds: undefined, maxLeadSeconds: undefined, jumpRatio: undefined });
    expect(checkLimitsOf({ checks: { max_uncertainty_ratio: null, max_rate_age_seconds: null } })).toEqual({
      ...DEFAULT_CHECK_LIMITS,
      ...{ maxUncertaintyRatio: undefined, maxRateAgeSeconds: undefined },
    });
    expect(checkLimitsOf({ checks: { max_rate_age_seconds: 0 } })).toMatchObject({ maxRateAgeSeconds: 0 });
    expect(checkLimitsOf({ checks: { max_lead_seconds: 0, jump_ratio: 0 } })).toMatchObject({
      maxLeadSeconds: 0,
      jumpRatio: '0',
    });
  });
});
