import { SOURCES } from '@app/sources';
import { CatalogueError, checkBatches, resolveTicker } from './resolve-ticker.js';
import { tickerRequestSchema, type TickerRequest } from './ticker-request.js';

describe('a request for a ticker', () => {
  it('becomes a configuration with names, batches and intervals filled in', () => {
    const request = aRequest({
      interval_seconds: 5,
      sources: ['deribit', { source: 'coingecko', batch: 'all', interval_seconds: 60 }],
    });
    expect(resolveTicker(request)).toEqual({
      ticker: 'btc_usd',
      intervalSeconds: 5,
      rule: 'priority',
      ruleOptions: {},
      sources: [
        { sourceId: 1, position: 0, sourceSymbol: 'btc_usd', batch: 'btc_usd', intervalSeconds: 5, standby: false },
        { sourceId: 2, position: 1, sourceSymbol: 'bitcoin', batch: 'all', intervalSeconds: 60, standby: false },
      ],
    });
  });

  it('keeps what it says of belief: limits, median, standby, currency', () => {
    const checks = { max_age_seconds: null, jump_ratio: 0.3, minimum: '1e-6' };
    const median = { minimum_sources: 3, maximum_spread: 0.01 };
    const sources = ['deribit', { source: 'coingecko', quoted_in: 'usdt' }, { source: 'kraken', standby: true }];
    expect(resolveTicker(aRequest({ rule: 'median', checks, median, sources }))).toMatchObject({
      rule: 'median',
      ruleOptions: { checks, median },
      sources: [
        { standby: false, quotedIn: undefined },
        { standby: false, quotedIn: 'usdt' },
        { standby: true, quotedIn: undefined },
      ],
    });
  });

  it('knows from a name in which currency it is quoted, unless it is told otherwise', () => {
    const source = { source: 'binance', source_symbol: 'BTCUSDT' };
    expect(resolveTicker(aRequest({ sources: [source] })).sources).toMatchObject([{ quotedIn: 'usdt' }]);
    const said = resolveTicker(aRequest({ sources: [{ ...source, quoted_in: 'usd' }] })).sources;
    expect(said[0]?.quotedIn).toBeUndefined();
    const own = resolveTicker(aRequest({ ticker: 'btc_usdt', sources: [source] })).sources;
    expect(own[0]?.quotedIn).toBeUndefined();
  });

  it('keeps a name that is given over the one that is known', () => {
    const request = aRequest({ ticker: 'abc_usd', sources: [{ source: 'coingecko', source_symbol: 'alphabet-coin' }] });
    expect(resolveTicker(request).sources).toMatchObject([{ sourceSymbol: 'alphabet-coin' }]);
  });

  it.each([
    [
      'an unknown source, with the nearest',
      { sources: ['deribt'] },
      `btc_usd: there is no source deribt; did you mean deribit? Known: ${SOURCES.map(({ name }) => name).join(', ')}`,
    ],
    [
      'a ticker that the source has no name for',
      { ticker: 'abc_usd' },
      'abc_usd: deribit has no symbol for it that is known here; give one as "source_symbol"',
    ],
    ['a source named twice', { sources: ['deribit', 'deribit'] }, 'btc_usd: a source is named twice'],
    [
      'a source interval that is no multiple',
      { interval_seconds: 60, sources: ['deribit', { source: 'coingecko', interval_seconds: 90 }] },
      'btc_usd: coingecko every 90 s is no multiple of 60 s',
    ],
    [
      'an interval at which no source is asked',
      { interval_seconds: 5, sources: [{ source: 'deribit', interval_seconds: 10 }] },
      'btc_usd: no source is asked every 5 s, so most slots could have no price',
    ],
    [
      'an interval at which only a standby source is asked',
      {
        interval_seconds: 5,
        sources: [
          { source: 'deribit', interval_seconds: 10 },
          { source: 'coingecko', standby: true },
        ],
      },
      'btc_usd: no source is asked every 5 s, so most slots could have no price',
    ],
    [
      'a standby source before all others',
      { sources: [{ source: 'deribit', standby: true }, 'coingecko'] },
      'btc_usd: its first source cannot be a standby, since nobody comes before it',
    ],
    [
      'a standby source that there is no time to ask',
      { interval_seconds: 4, sources: ['deribit', { source: 'coingecko', standby: true }] },
      'btc_usd: a standby source needs an interval of at least 5 s, there is no time to ask it in a shorter one',
    ],
    [
      'a median of too few sources',
      { rule: 'median', sources: ['deribit'] },
      'btc_usd: rule median needs at least 2 sources, and 1 is named',
    ],
    [
      'limits of a median without one',
      { median: { minimum_sources: 1 } },
      'btc_usd: "median" goes with the rule median only',
    ],
  ])('is refused for %s', (_why, request, fault) => {
    expect(faultsOf(() => resolveTicker(aRequest(request)))).toEqual([fault]);
  });

  it('is refused for a source interval beyond a day, which a new interval may lead to', () => {
    const request = aRequest({ interval_seconds: 7_200, sources: ['deribit', 'coingecko'] });
    const sources = request.sources.map((source, index) => ({
      ...source,
      interval_seconds: index === 0 ? 7_200 : 172_800,
    }));
    expect(faultsOf(() => resolveTicker({ ...request, sources }))).toEqual([
      'btc_usd: coingecko every 172800 s is more than a day: name another interval_seconds for it',
    ]);
  });

  it('reports every fault at once', () => {
    const sources = ['nobody', { source: 'coingecko', interval_seconds: 7 }];
    expect(faultsOf(() => resolveTicker(aRequest({ sources })))).toHaveLength(3);
  });
});

describe('the batches of a catalogue', () => {
  it('may hold as many tickers as the source answers in one call', () => {
    expect(() => checkBatches(plans(100, 'coingecko'))).not.toThrow();
  });

  it.each([
    [
      'coingecko',
      101,
      'batch all asks coingecko for 101 tickers in one call, it answers at most 100: use another batch',
    ],
    ['deribit', 2, 'batch all asks deribit for 2 tickers in one call, it answers at most 1: use another batch'],
  ])('are refused when they ask %s for %i tickers', (source, count, fault) => {
    expect(faultsOf(() => checkBatches(plans(count, source)))).toEqual([fault]);
  });

  it('are counted for each source by itself', () => {
    expect(() => checkBatches([...plans(1, 'deribit'), ...plans(60, 'coingecko')])).not.toThrow();
  });

  it('are refused when their tickers have windows of different lengths: a late call would be in time for one of them only', () => {
    const mixed = [...plans(1, 'coingecko', 5), ...plans(1, 'coingecko', 60)];
    expect(faultsOf(() => checkBatches(mixed))).toEqual([
      'batch all asks coingecko for tickers with intervals of 5 and 60 s: below 15 s they need a batch for each interval',
    ]);
    expect(() => checkBatches([...plans(1, 'coingecko', 15), ...plans(1, 'coingecko', 60)])).not.toThrow();
  });
});

function plans(count: number, source: string, intervalSeconds = 60) {
  return Array.from({ length: count }, (_, index) =>
    resolveTicker(
      aRequest({
        ticker: `t${index}_usd`,
        interval_seconds: intervalSeconds,
        sources: [{ source, source_symbol: `n${index}`, batch: 'all' }],
      }),
    ),
  );
}

function faultsOf(work: () => unknown): readonly string[] {
  try {
    work();
  } catch (error) {
    if (error instanceof CatalogueError) return error.faults;
    throw error;
  }
  throw new Error('nothing was refused');
}

function aRequest(request: object): TickerRequest {
  return tickerRequestSchema.parse({ ticker: 'btc_usd', ...request });
}
