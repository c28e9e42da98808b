import { sourceByName, type Source, type SourceEndpoint, type SourcePlan } from '@app/sources';
import type { TickerConfiguration } from '@app/storage';
import { CatalogueError } from './resolve-ticker.js';
import { loadFaults, SourceLoad } from './source-load.js';

const FREE: SourcePlan = {
  name: 'free',
  baseUrl: 'https://example.com',
  limit: { calls: 10, perSeconds: 1, origin: 'example.com/limits' },
  monthly: { credits: 20_000, origin: 'example.com/plans' },
};
const PRO: SourcePlan = {
  ...FREE,
  name: 'pro',
  monthly: { credits: 500_000, origin: 'example.com/plans' },
  keyHeader: (key) => ['authorization', key],
};

/** A source of which nothing counts here but its plans and what its calls cost. */
function aSource(over: Partial<Source> = {}, endpoint: Partial<SourceEndpoint> = {}): Source {
  const only = { name: 'prices', maxBatch: 50, ...endpoint } as SourceEndpoint;
  return { id: 77, name: 'example', title: 'Example', plans: [FREE, PRO], endpoints: [only], ...over } as Source;
}

/** So many tickers, each in a batch of its own or all in one. */
function tickers(count: number, intervalSeconds: number, batch?: string, over: object = {}): TickerConfiguration[] {
  return Array.from({ length: count }, (_, index) => ({
    ticker: `t${index}_usd`,
    intervalSeconds,
    rule: 'priority' as const,
    sources: [
      { sourceId: 77, position: 0, sourceSymbol: `t${index}`, batch: batch ?? `t${index}`, intervalSeconds, ...over },
    ],
  }));
}

describe('what a catalogue asks of a source', () => {
  it.each([
    ['nothing', []],
    ['one batch of many every three minutes', tickers(40, 180, 'all')],
    ['many that are on standby', tickers(500, 1, undefined, { standby: true })],
    ['a lot, but of other sources', tickers(500, 1, undefined, { sourceId: 5 })],
  ])('fits when it is %s', (_what, plans) => {
    expect(loadFaults(aSource(), plans)).toEqual([]);
  });

  it('is refused when a month does not allow it, with the arithmetic and every cure', () => {
    expect(loadFaults(aSource(), tickers(40, 60, 'all'))).toEqual([
      'example: 1 batch every 60 s are 44,640 calls in a month of 31 days, the plan free allows 20,000 (example.com/plans): ' +
        'ask it every 180 s or slower, or set EXAMPLE_API_KEY (plan pro)',
    ]);
  });

  it('names fewer batches where there are several and calls take more', () => {
    expect(loadFaults(aSource(), tickers(3, 300))).toEqual([
      'example: 3 batches every 300 s are 26,784 calls in a month of 31 days, the plan free allows 20,000 (example.com/plans): ' +
        'ask it every 600 s or slower, or put its tickers into fewer batches, or set EXAMPLE_API_KEY (plan pro)',
    ]);
  });

  it('is measured by the plan of the key', () => {
    expect(loadFaults(aSource(), tickers(40, 60, 'all'), { apiKey: 'x' })).toEqual([]);
    expect(loadFaults(aSource(), tickers(40, 1, 'all'), { apiKey: 'x' })).toEqual([
      'example: 1 batch every 1 s are 2,678,400 calls in a month of 31 days, the plan pro allows 500,000 (example.com/plans): ' +
        'ask it every 6 s or slower',
    ]);
  });

  it('counts what calls cost', () => {
    const source = aSource({}, { cost: (count) => 2 * count });
    expect(loadFaults(source, tickers(10, 1_800, 'all'))).toEqual([
      'example: 1 batch every 1,800 s are 29,760 calls, by their credits, in a month of 31 days, the plan free allows 20,000 ' +
        '(example.com/plans): ask it every 3,600 s or slower, or set EXAMPLE_API_KEY (plan pro)',
    ]);
  });

  const unmetered = aSource({ plans: [{ ...FREE, monthly: undefined }] });

  it('is refused when it is more in a second than the share of the limit that is used', () => {
    expect(loadFaults(unmetered, tickers(60, 10))).toEqual([
      'example: 60 batches every 10 s are 6 calls in a second, the plan free allows 10 in a second (example.com/limits), of which 4.5 ' +
        'are used, the rest is head room: ask it every 20 s or slower, or put its tickers into fewer batches',
    ]);
    expect(loadFaults(unmetered, tickers(40, 10))).toEqual([]);
  });

  it('tells batches of different intervals apart', () => {
    const [fault] = loadFaults(unmetered, [...tickers(6, 1), ...tickers(40, 60, 'slow')]);
    expect(fault).toContain('6 batches every 1 s and 1 batch every 60 s are 6.02 calls in a second');
    expect(fault).toContain('ask it 2 times less often');
  });

  it('is refused when too many are due at once for their window, though it is little on the average', () => {
    expect(loadFaults(unmetered, tickers(64, 3_600))).toEqual([
      'example: 64 batches every 3,600 s are 64 calls that are due at once, of which 63 can be made in the 15 s of their window, ' +
        'since the plan free allows 10 in a second (example.com/limits), of which 4.5 are used, the rest is head room: ' +
        'put its tickers into fewer batches, or name fewer tickers for it',
    ]);
    expect(loadFaults(unmetered, tickers(63, 3_600))).toEqual([]);
  });

  it('is refused with every fault of every source at once', () => {
    const wanted = ['coinpaprika', 'kraken'].map((name) => sourceByName(name)?.id ?? 0);
    const plans = tickers(90, 1).map((plan) => ({
      ...plan,
      sources: wanted.map((sourceId, position) => ({ ...plan.sources[0], sourceId, position }) as never),
    }));
    const load = new SourceLoad({}, true);
    expect(() => load.check(plans)).toThrow(CatalogueError);
    expect(() => load.check(plans)).toThrow(/coinpaprika: .*a month of 31 days.*; kraken: /);
  });

  it('is not looked at where limits are off', () => {
    expect(() => new SourceLoad({}, false).check(tickers(9_999, 1, undefined, { sourceId: 1 }))).not.toThrow();
  });
});
