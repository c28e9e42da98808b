import { checkConversions, checkRateAges, missingRates, type RateAgeOptions } from './conversions.js';
import type { StoredChecks } from '@app/domain';
import type { z } from 'zod';
import { CatalogueError, resolveTicker } from './resolve-ticker.js';
import { tickerRequestSchema } from './ticker-request.js';

/** A ticker of one source, which quotes it in this currency. */
function plan(ticker: string, quotedIn?: string, more: Partial<z.input<typeof tickerRequestSchema>> = {}) {
  const source = {
    source: 'coingecko',
    source_symbol: 'any',
    ...(quotedIn === undefined ? {} : { quoted_in: quotedIn }),
  };
  return resolveTicker(tickerRequestSchema.parse({ ticker, sources: [source], ...more }));
}

/** A ticker that is sampled so often. */
const every = (seconds: number, ticker: string, quotedIn?: string, checks?: StoredChecks) =>
  plan(ticker, quotedIn, { interval_seconds: seconds, checks });

const faultsOf = (configurations: ReturnType<typeof plan>[]) => faultsBy(() => checkConversions(configurations));
const ageFaultsOf = (configurations: ReturnType<typeof plan>[], options: Partial<RateAgeOptions> = {}) =>
  faultsBy(() => checkRateAges(configurations, { stablecoinsAtPar: false, ...options }));

function faultsBy(check: () => void): readonly string[] {
  try {
    check();
    return [];
  } catch (error) {
    if (error instanceof CatalogueError) return error.faults;
    throw error;
  }
}

describe('the conversions of a catalogue', () => {
  it('may be chained', () => {
    expect(faultsOf([plan('doge_usd', 'btc'), plan('btc_usd', 'usdt'), plan('usdt_usd')])).toEqual([]);
  });

  it('are refused when a price would be converted by itself', () => {
    expect(faultsOf([plan('usdt_usd', 'usdt')])).toEqual([
      'usdt_usd: coingecko quotes it in usdt, and it would be converted by itself: usdt_usd; name sources that quote one of them in usd',
    ]);
  });

  it('are refused when a price comes back to itself over others, and blame only who is in the circle', () => {
    const faults = faultsOf([plan('doge_usd', 'btc'), plan('btc_usd', 'usdt'), plan('usdt_usd', 'btc')]);
    expect(faults).toHaveLength(2);
    expect(faults[0]).toContain(
      'btc_usd: coingecko quotes it in usdt, and it would be converted by itself: usdt_usd, btc_usd',
    );
    expect(faults[1]).toContain('usdt_usd: coingecko quotes it in btc');
  });

  it('whose rate nobody measures are reported, with the request that mends it', () => {
    const tether = plan('btc_usd', 'usdt');
    const [missing] = missingRates([tether], [tether], false);
    expect(missing).toMatchObject({ ticker: 'btc_usd', rateTicker: 'usdt_usd' });
    expect(missing?.message).toMatch(
      /^btc_usd: coingecko quotes it in usdt, and every sample of it will be rejected as no_conversion_rate until usdt_usd is sampled too: POST \/tickers \{"ticker":"usdt_usd","sources":\["/,
    );
    expect(missingRates([tether], [tether, plan('usdt_usd')], false)).toEqual([]);
  });

  it('need no rate where a stablecoin is taken for a dollar', () => {
    const [tether, bitcoin] = [plan('btc_usd', 'usdt'), plan('doge_usd', 'btc')];
    expect(missingRates([tether, bitcoin], [tether, bitcoin], true)).toEqual([]);
    expect(missingRates([bitcoin], [bitcoin], true).map(({ rateTicker }) => rateTicker)).toEqual(['btc_usd']);
  });

  describe('whose rate could be too old', () => {
    it('are refused with the cure', () => {
      expect(ageFaultsOf([every(60, 'btc_usd', 'usdt'), every(86_400, 'usdt_usd')])).toEqual([
        'btc_usd: coingecko quotes it in usdt, and usdt_usd is sampled every 86400 s, so that the rate could be 86340 s old, more than the 3600 s of max_rate_age_seconds: sample usdt_usd every 3600 s or more often, or raise max_rate_age_seconds in the checks of btc_usd',
      ]);
    });

    it.each<[string, number, number, number | undefined, string]>([
      ['longer than the age', 7_000, 5_000, undefined, 'every 7000 s as btc_usd is, or every 3600 s or more often'],
      ['and with no slot in common', 7_001, 7_000, 60, 'every 7001 s as btc_usd is, or every 60 s or more often'],
      ['where no age is allowed', 60, 120, 0, 'every 60 s as btc_usd is'],
      ['shorter than the age', 60, 7_200, undefined, 'every 3600 s or more often'],
    ])('are refused with a cure that is one: %s', (_, seconds, rateSeconds, maxAge, cure) => {
      const checks = maxAge === undefined ? undefined : { max_rate_age_seconds: maxAge };
      const price = every(seconds, 'btc_usd', 'usdt', checks);
      expect(ageFaultsOf([price, every(rateSeconds, 'usdt_usd')])).toEqual([
        expect.stringContaining(`: sample usdt_usd ${cure}, or raise max_rate_age_seconds`),
      ]);
      const most = maxAge ?? 3_600;
      const oftener = [most, most - 1, Math.ceil(most / 2), 7, 1].filter(
        (interval) => interval > 0 && interval <= most,
      );
      for (const interval of seconds > most ? [seconds, ...oftener] : oftener)
        expect(ageFaultsOf([price, every(interval, 'usdt_usd')])).toEqual([]);
    });

    it.each<[string, number, number, StoredChecks | undefined, number]>([
      ['a rate of every hour is never older than that', 60, 3_600, undefined, 0],
      ['of two hours it could be', 60, 7_200, undefined, 1],
      ['the slot of the rate may be that of the price, however seldom both are', 86_400, 86_400, undefined, 0],
      ['or one in which it is young enough', 3_600, 7_200, undefined, 0],
      ['intervals that have few slots in common count as well', 3_500, 7_200, undefined, 1],
      ['the ticker may take an older one', 60, 7_200, { max_rate_age_seconds: 7_140 }, 0],
      ['but no older than that', 60, 7_200, { max_rate_age_seconds: 7_139 }, 1],
      ['or one of any age', 60, 86_400, { max_rate_age_seconds: null }, 0],
      ['or none but of the very slot', 60, 120, { max_rate_age_seconds: 0 }, 1],
      ['which is there when both have the same slots', 60, 60, { max_rate_age_seconds: 0 }, 0],
    ])('%s', (_, seconds, rateSeconds, checks, faults) => {
      const tickers = [every(seconds, 'btc_usd', 'usdt', checks), every(rateSeconds, 'usdt_usd')];
      expect(ageFaultsOf(tickers)).toHaveLength(faults);
    });

    it('count where a stablecoin is no dollar, and where nobody measures the rate another fault says so', () => {
      const tickers = [every(60, 'btc_usd', 'usdt'), every(86_400, 'usdt_usd')];
      expect(ageFaultsOf(tickers, { stablecoinsAtPar: true })).toEqual([]);
      expect(ageFaultsOf([every(60, 'btc_usd', 'usdt')])).toEqual([]);
    });

    it('concern a change of one of both alone', () => {
      const tickers = [every(60, 'btc_usd', 'usdt'), every(86_400, 'usdt_usd'), every(60, 'doge_usd')];
      expect(ageFaultsOf(tickers, { about: 'btc_usd' })).toHaveLength(1);
      expect(ageFaultsOf(tickers, { about: 'usdt_usd' })).toHaveLength(1);
      expect(ageFaultsOf(tickers, { about: 'doge_usd' })).toEqual([]);
    });
  });
});
