import { foldedName, linkAssets, type AssetIdentities, type LinkRule, type ListedAsset } from './link-assets.js';

const NOTHING: AssetIdentities = { assets: [], links: [] };

/** `coingecko bitcoin btc Bitcoin`: source, id, symbol and name. */
function asset(text: string): ListedAsset {
  const [source = '', assetId = '', symbol = '', ...name] = text.split(' ');
  return { source, assetId, symbol, name: name.join(' ') };
}

function link(assets: readonly string[], rules: readonly LinkRule[] = [], known = NOTHING): AssetIdentities {
  return linkAssets(assets.map(asset), rules, known);
}

/** `coinpaprika btc-bitcoin: bitcoin`, by source and id. */
function linksOf({ links }: AssetIdentities): string[] {
  return links.map(({ source, assetId, canonicalId }) => `${source} ${assetId}: ${canonicalId}`).toSorted();
}

function clearOf({ assets }: AssetIdentities): string[] {
  return assets.flatMap(({ canonicalId, isSymbolClear }) => (isSymbolClear ? [canonicalId] : [])).toSorted();
}

describe('linking assets', () => {
  const BITCOIN = ['coingecko bitcoin btc Bitcoin', 'coinpaprika btc-bitcoin BTC bitcoin'];

  it('takes one symbol and one name of two sources for one asset, with the id of CoinGecko', () => {
    const linked = link(BITCOIN);
    expect(linksOf(linked)).toEqual(['coingecko bitcoin: bitcoin', 'coinpaprika btc-bitcoin: bitcoin']);
    expect(linked.assets).toEqual([
      { canonicalId: 'bitcoin', symbol: 'btc', name: 'Bitcoin', peggedTo: null, isSymbolClear: true },
    ]);
  });

  it('leaves the same symbol with another name apart, and the symbol unclear', () => {
    const linked = link(['coingecko matic-network matic Polygon', 'coinpaprika matic-matic MATIC Matic']);
    expect(linksOf(linked)).toEqual([
      'coingecko matic-network: matic-network',
      'coinpaprika matic-matic: coinpaprika:matic-matic',
    ]);
    expect(clearOf(linked)).toEqual([]);
  });

  it('guesses nothing where a source has symbol and name twice', () => {
    const linked = link([
      'coingecko goatcoin goat Goatcoin',
      'coingecko goat-coin goat Goat Coin',
      'coinpaprika goat-goat GOAT Goat Coin',
    ]);
    expect(linksOf(linked)).toContain('coinpaprika goat-goat: coinpaprika:goat-goat');
    expect(clearOf(linked)).toEqual([]);
  });

  it('keeps a link whoever comes with the same symbol and name later', () => {
    const before = link(BITCOIN);
    const after = link(['coingecko a-bitcoin btc Bitcoin', 'coinpaprika btc-b BTC Bitcoin', ...BITCOIN], [], before);
    expect(linksOf(after)).toEqual([
      'coingecko a-bitcoin: a-bitcoin',
      'coingecko bitcoin: bitcoin',
      'coinpaprika btc-b: coinpaprika:btc-b',
      'coinpaprika btc-bitcoin: bitcoin',
    ]);
    expect(clearOf(after)).toEqual([]);
  });

  it('keeps the link and the name of an asset that is not listed any more', () => {
    const before = link(BITCOIN);
    expect(link(['coingecko ethereum eth Ethereum'], [], before)).toEqual({
      assets: expect.arrayContaining(before.assets),
      links: expect.arrayContaining([...before.links]),
    });
  });

  it('gives an asset the id of CoinGecko once CoinGecko lists it', () => {
    const before = link(['coinpaprika foo-foo FOO Foo', 'csv FOO foo foo']);
    expect(linksOf(before)).toEqual(['coinpaprika foo-foo: coinpaprika:foo-foo', 'csv FOO: coinpaprika:foo-foo']);
    const after = link(['coinpaprika foo-foo FOO Foo', 'csv FOO foo foo', 'coingecko foocoin foo Foo'], [], before);
    expect(linksOf(after)).toEqual(['coingecko foocoin: foocoin', 'coinpaprika foo-foo: foocoin', 'csv FOO: foocoin']);
    expect(after.assets).toHaveLength(1);
  });

  it('takes no two names that have no letter for one', () => {
    expect(link(['coingecko a x !', 'coinpaprika b x ?']).assets).toHaveLength(2);
    expect(foldedName('Shiba-Inu (ＳＨＩＢ)')).toBe('shibainushib');
  });

  describe('with rules', () => {
    const MATIC = { canonicalId: 'matic-network', symbol: 'matic', ids: { coinpaprika: 'matic-matic' } };
    const LISTED = ['coingecko matic-network matic Polygon', 'coinpaprika matic-matic MATIC Matic'];

    it('does what a rule says, also against a link that was made', () => {
      const linked = link([...LISTED, 'coinpaprika matic-polygon MATIC Polygon']);
      expect(linksOf(linked)).toContain('coinpaprika matic-polygon: matic-network');
      const overruled = link([...LISTED, 'coinpaprika matic-polygon MATIC Polygon'], [MATIC], linked);
      expect(linksOf(overruled)).toEqual([
        'coingecko matic-network: matic-network',
        'coinpaprika matic-matic: matic-network',
        'coinpaprika matic-polygon: coinpaprika:matic-polygon',
      ]);
      expect(clearOf(overruled)).toEqual(['matic-network']);
    });

    it('keeps a source away from an asset that it does not have, by a rule', () => {
      const before = link(BITCOIN);
      const rule = { canonicalId: 'bitcoin', symbol: 'btc', ids: { coingecko: 'bitcoin', coinpaprika: null } };
      expect(linksOf(link(BITCOIN, [rule], before))).toContain('coinpaprika btc-bitcoin: coinpaprika:btc-bitcoin');
    });

    it('forgets what a rule has linked when the rule is gone', () => {
      const ruled = link(LISTED, [MATIC]);
      expect(linksOf(link(LISTED, [], ruled))).toContain('coinpaprika matic-matic: coinpaprika:matic-matic');
    });

    it('knows the asset of a rule only once it is listed, and a further source by its name', () => {
      expect(link([], [MATIC])).toEqual(NOTHING);
      const linked = link(['coinpaprika matic-matic MATIC Matic', 'csv matic matic Matic'], [MATIC]);
      expect(linksOf(linked)).toEqual(['coinpaprika matic-matic: matic-network', 'csv matic: matic-network']);
    });

    it('leaves the symbol of a rule to nobody else, listed or not', () => {
      const linked = link(['coingecko fake-matic matic Fake'], [MATIC]);
      expect(clearOf(linked)).toEqual([]);
    });

    it('gives the id of a rule to no other asset', () => {
      const rule = { canonicalId: 'x', symbol: 'x', ids: { coingecko: 'y' } };
      const linked = link(['coingecko x other Other', 'coingecko y x X'], [rule]);
      expect(linksOf(linked)).toEqual(['coingecko x: coingecko:x', 'coingecko y: x']);
    });
  });
});
