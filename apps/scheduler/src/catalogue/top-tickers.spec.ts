import { sourceByName, type ListedName } from '@app/sources';
import type { CataloguedTicker, RankedAsset } from '@app/storage';
import { topTickers, type AskedSource, type TopTickersOptions } from './top-tickers.js';

const BITCOIN = anAsset({ canonicalId: 'bitcoin', symbol: 'btc', name: 'Bitcoin' });
const FOO = anAsset({ canonicalId: 'foocoin', symbol: 'foo', name: 'Foo', ids: { coingecko: 'foocoin' } });

function anAsset(asset: Partial<RankedAsset>): RankedAsset {
  return {
    ...{ canonicalId: 'x', symbol: 'x', name: 'X', peggedTo: null, isSymbolClear: true, marketCap: '1', rank: 1 },
    ids: { coingecko: asset.canonicalId ?? 'x', coinpaprika: `${asset.symbol ?? 'x'}-coin` },
    ...asset,
  };
}

/** `kraken XBTUSD:btc/usd`: a source with what it lists, `foo:foo=Foo` a coin with its name; no list without names. */
function asked(text: string): AskedSource {
  const [name = '', ...listed] = text.split(' ');
  const source = sourceByName(name);
  if (source === undefined) throw new Error(`there is no source ${name}`);
  const names = listed.map((each): [string, ListedName] => {
    const [market = '', title] = each.split('=');
    const [own = '', symbol = '', quote] = market.split(/[:/]/);
    return [own, { name: own, symbol, quote, title }];
  });
  return { source, access: {}, names: names.length === 0 ? undefined : new Map(names) };
}

const KRAKEN = asked('kraken XBTUSD:btc/usd FOOUSD:foo/usd FOOEUR:foo/eur');

function made(options: Partial<TopTickersOptions>) {
  return topTickers({
    ...{ assets: [BITCOIN], quote: 'usd', sources: [KRAKEN], catalogued: [], isConverted: () => false },
    ...{ intervalSeconds: 60, creditedIntervalSeconds: 300 },
    ...options,
  });
}

function sourcesOf(options: Partial<TopTickersOptions>): string[] {
  return made(options).added.flatMap(({ sources }) =>
    sources.map(({ source, source_symbol: symbol, standby }) => `${source} ${symbol}${standby ? ' standby' : ''}`),
  );
}

function aTicker(ticker: string, enabled: boolean): CataloguedTicker {
  return {
    ...{ ticker, enabled, intervalSeconds: 60, rule: 'priority', ruleOptions: {}, fromSlot: 0, toSlot: undefined },
    sources: [{ sourceId: 7, position: 0, sourceSymbol: 'XBTUSD', batch: 'top_usd_60s_1', intervalSeconds: 60 }],
  };
}

describe('the tickers of the greatest assets', () => {
  it('ask a market in every slot, many in one call, and let the others stand by', () => {
    const sources = [asked('coinpaprika'), asked('coingecko'), asked('bitstamp btcusd:btc/usd'), KRAKEN];
    expect(sourcesOf({ sources })).toEqual([
      'kraken XBTUSD',
      'bitstamp btcusd standby',
      'coingecko bitcoin standby',
      'coinpaprika btc-coin standby',
    ]);
    const { added } = made({ assets: [BITCOIN, FOO] });
    expect(added.map(({ ticker, sources: [first] }) => [ticker, first?.batch])).toEqual([
      ['btc_usd', 'top_usd_60s_1'],
      ['foo_usd', 'top_usd_60s_1'],
    ]);
  });

  it('ask only who is known to list them', () => {
    const sources = [asked('bitstamp ethusd:eth/usd'), asked('binance'), asked('coinpaprika eth-ethereum:eth')];
    expect(made({ sources })).toMatchObject({
      added: [],
      leftOut: [{ asset: 'bitcoin', symbol: 'btc', reason: 'is listed in usd by none of these sources' }],
    });
    expect(sourcesOf({ sources: [KRAKEN], quote: 'gbp' })).toEqual([]);
  });

  it('never ask for another coin that alone has the symbol', () => {
    const assets = [
      anAsset({ canonicalId: 'foo-foo', symbol: 'foo', name: 'Foo Protocol', ids: { coinpaprika: 'foo-foo' } }),
    ];
    const sources = (coin: string) =>
      sourcesOf({ assets, sources: [asked(`coingecko ${coin}`), asked('coinpaprika')] });
    expect(sources('bar-coin:foo=Bar')).toEqual(['coinpaprika foo-foo']);
    expect(sources('foo-protocol:foo=foo_protocol')).toEqual(['coingecko foo-protocol', 'coinpaprika foo-foo standby']);
  });

  it('take a price in another currency when that can be converted', () => {
    const sources = [asked('binance BTCUSDT:btc/usdt')];
    expect(sourcesOf({ sources })).toEqual([]);
    expect(sourcesOf({ sources, isConverted: (quotedIn) => quotedIn === 'usdt' })).toEqual(['binance BTCUSDT']);
  });

  it('are asked less often where every call costs credits', () => {
    const { added } = made({ sources: [asked('coinpaprika')] });
    expect(added).toMatchObject([{ interval_seconds: 300, sources: [{ batch: 'top_usd_300s_1' }] }]);
  });

  it.each([
    ['is pegged to usd', anAsset({ symbol: 'dai', peggedTo: 'usd' })],
    ['taken for pegged', anAsset({ symbol: 'gusd' })],
    ['is the quote itself', anAsset({ symbol: 'usd' })],
    ['etl assets --ambiguous --symbol foo', anAsset({ symbol: 'foo', isSymbolClear: false })],
    ['no symbol that a ticker can have', anAsset({ symbol: '币安' })],
  ])('leave out what %s', (reason, asset) => {
    expect(made({ assets: [asset] })).toMatchObject({
      added: [],
      leftOut: [{ reason: expect.stringContaining(reason) as string }],
    });
  });

  it('leave alone what is sampled, and what somebody has disabled', () => {
    expect(made({ catalogued: [aTicker('btc_usd', true)] })).toMatchObject({ added: [], sampled: ['btc_usd'] });
    const disabled = made({ catalogued: [aTicker('btc_usd', false)] });
    expect(disabled.leftOut).toMatchObject([{ reason: expect.stringContaining('is disabled') as string }]);
  });

  it('begin a further call where one is full', () => {
    const assets = Array.from({ length: 251 }, (_, index) =>
      anAsset({ canonicalId: `c${index}`, symbol: `c${index}` }),
    );
    const { added } = made({ assets, sources: [asked('coingecko')] });
    const batches = new Set(added.map(({ sources: [first] }) => first?.batch));
    expect(added).toHaveLength(251);
    expect(batches.size).toBeGreaterThan(1);
  });
});
