import { schemaFaults } from '@app/yaml-file';
import { DEFAULT_CHECK_LIMITS, DEFAULT_MEDIAN_LIMITS, plainDecimal } from '@app/domain';
import { z } from 'zod';
import { checksSchema, medianSchema, tickerChangeSchema, tickerRequestSchema } from './ticker-request.js';

function faultsOf(more: object): string[] {
  const result = tickerRequestSchema.safeParse({ ticker: 'btc_usd', ...more });
  return result.success ? [] : schemaFaults(result.error).map(({ parameter, detail }) => `${parameter}: ${detail}`);
}

describe('what a request says of belief', () => {
  it('may name every limit, and switch checks off', () => {
    const checks = {
      ...{ max_age_seconds: null, max_lead_seconds: 5, minimum: '1e-18', maximum: '1e12', jump_ratio: null },
      ...{ jump_memory_seconds: 3600, agreement_ratio: 0.01, max_uncertainty_ratio: 0.005, max_rate_age_seconds: null },
    };
    const median = { minimum_sources: 3, maximum_spread: 0.01, outlier_factor: 4, outlier_floor: 0.001 };
    const request = {
      rule: 'median',
      checks,
      median,
      sources: [{ source: 'deribit', standby: false, quoted_in: 'usdt' }],
    };
    expect(faultsOf(request)).toEqual([]);
    expect(tickerRequestSchema.parse({ ticker: 'btc_usd', ...request })).toMatchObject(request);
  });

  it.each<[object, string]>([
    [{ checks: { max_age_seconds: 0 } }, 'checks.max_age_seconds: must be a number from 1 to 604800'],
    [{ checks: { max_age_seconds: '600' } }, 'checks.max_age_seconds: must be a number from 1 to 604800'],
    [{ checks: { jump_ratio: 0 } }, 'checks.jump_ratio: must be a number above 0 and at most 1000'],
    [
      { checks: { jump_memory_seconds: 604_801 } },
      'checks.jump_memory_seconds: must be at most 604800 seconds, a week',
    ],
    [{ checks: { jump_memory_seconds: null } }, 'checks.jump_memory_seconds: must be a whole number of seconds'],
    [{ checks: { max_uncertainty_ratio: 0 } }, 'checks.max_uncertainty_ratio: must be a number above 0 and at most 1'],
    [{ checks: { max_uncertainty_ratio: 2 } }, 'checks.max_uncertainty_ratio: must be a number above 0 and at most 1'],
    [{ checks: { max_rate_age_seconds: -1 } }, 'checks.max_rate_age_seconds: must be at least 0 seconds'],
    [{ checks: { max_rate_age_seconds: 1.5 } }, 'checks.max_rate_age_seconds: must be a whole number of seconds'],
    [{ checks: { max_rate_age_seconds: 86_401 } }, 'checks.max_rate_age_seconds: must be at most 86400 seconds, a day'],
    [{ checks: { minimum: 1 } }, 'checks.minimum: must be a decimal as text, such as "0.01"'],
    [{ checks: { minimum: '-1' } }, 'checks.minimum: must be a decimal above 0 with at most 40 digits'],
    [{ checks: { maximum: 'much' } }, 'checks.maximum: must be a decimal above 0 with at most 40 digits'],
    [{ checks: { minimum: '2', maximum: '1' } }, 'checks: minimum must not be above maximum'],
    [{ checks: { minimum: '1e13' } }, 'checks: minimum must not be above maximum'],
    [
      { median: { minimum: 2 } },
      'median.minimum: is not a known field; known are minimum_sources, maximum_spread, outlier_factor, outlier_floor; did you mean minimum_sources?',
    ],
    [{ checks: 'none' }, 'checks: must be an object with limits'],
    [{ median: { minimum_sources: 0 } }, 'median.minimum_sources: must be a whole number, 1 to 16'],
    [{ median: { maximum_spread: 1.1 } }, 'median.maximum_spread: must be a number from 0 to 1'],
    [{ rule: 'mean' }, 'rule: must be one of priority, median'],
    [{ sources: [{ source: 'deribit', standby: 'yes' }] }, 'sources.0.standby: must be true or false'],
    [
      { sources: [{ source: 'deribit', quoted_in: 'USDT' }] },
      'sources.0.quoted_in: must be a currency in lower case, such as usdt',
    ],
  ])('is refused when it is %j', (more, fault) => {
    expect(faultsOf(more)).toEqual([fault]);
  });

  it('is left as it is by a change that does not name it, and taken back by null', () => {
    expect(tickerChangeSchema.parse({ checks: null, median: null })).toEqual({ checks: null, median: null });
    expect(tickerChangeSchema.parse({ rule: 'median' })).toEqual({ rule: 'median' });
    expect(tickerChangeSchema.safeParse({}).success).toBe(false);
  });
});

describe('the documented limits', () => {
  const camelCase = (name: string) => name.replaceAll(/_(\w)/g, (_all, letter: string) => letter.toUpperCase());

  it.each([
    ['checks', checksSchema, DEFAULT_CHECK_LIMITS],
    ['median', medianSchema, DEFAULT_MEDIAN_LIMITS],
  ])('of %s are those that hold where none is named', (_what, schema, limits) => {
    const { properties = {} } = z.toJSONSchema(schema, { io: 'input' });
    const documented = Object.entries(properties).map(([name, property]) => {
      const { default: value } = property as { readonly default: string | number };
      return [camelCase(name), plainDecimal(String(value))];
    });
    const held = Object.entries(limits).map(([name, value]) => [name, String(value)]);
    expect(documented.sort()).toEqual(held.sort());
  });
});
