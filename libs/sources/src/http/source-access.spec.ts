import { coingeckoSource } from '../providers/coingecko.source.js';
import { deribitSource } from '../providers/deribit.source.js';
import { checkPlans, lacksKey, planOf } from './source-access.js';

describe('the plan of a source', () => {
  it.each([
    [{}, 'free'],
    [{ apiKey: 'k' }, 'demo'],
    [{ apiKey: 'k', plan: 'pro' }, 'pro'],
    [{ plan: 'free' }, 'free'],
    [{ apiKey: 'k', plan: 'free' }, 'free'],
  ])('with %j is %s', (access, name) => {
    expect(planOf(coingeckoSource, access).name).toBe(name);
  });

  it('is refused when there is none of that name, or it needs a key that is not set', () => {
    expect(() => planOf(coingeckoSource, { plan: 'gold' })).toThrow('COINGECKO_PLAN: must be one of free, demo, pro');
    expect(() => planOf(coingeckoSource, { plan: 'pro' })).toThrow('COINGECKO_PLAN: pro needs COINGECKO_API_KEY');
  });

  it('is checked for all sources at once', () => {
    expect(() => checkPlans([deribitSource, coingeckoSource], { coingecko: { apiKey: 'k' } })).not.toThrow();
    expect(() =>
      checkPlans([deribitSource, coingeckoSource], { deribit: { plan: 'x' }, coingecko: { plan: 'pro' } }),
    ).toThrow(
      'The environment is not usable:\n  - DERIBIT_PLAN: must be one of free\n  - COINGECKO_PLAN: pro needs COINGECKO_API_KEY',
    );
  });

  it('needs a key only where the source answers nobody without one', () => {
    const keyed = { ...coingeckoSource, plans: [coingeckoSource.plans[1] ?? coingeckoSource.plans[0]] } as const;
    expect([lacksKey(deribitSource), lacksKey(keyed), lacksKey(keyed, { apiKey: 'k' })]).toEqual([false, true, false]);
  });
});
