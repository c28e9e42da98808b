import fc from 'fast-check';
import {
  foldedName,
  foldedSymbol,
  linkAssets,
  type AssetIdentities,
  type LinkRule,
  type ListedAsset,
} from './link-assets.js';

const NOTHING: AssetIdentities = { assets: [], links: [] };

const source = fc.constantFrom('coingecko', 'coinpaprika', 'csv');
const id = fc.constantFrom('a', 'b', 'c', 'd', 'e');

const listed: fc.Arbitrary<ListedAsset> = fc.record({
  source,
  assetId: id,
  symbol: fc.constantFrom('x', 'X', 'y'),
  name: fc.constantFrom('One', 'one', 'Two', '-'),
});
const lists = fc.uniqueArray(listed, { selector: ({ source: of, assetId }) => `${of} ${assetId}`, maxLength: 15 });

const rules: fc.Arbitrary<LinkRule[]> = fc
  .uniqueArray(
    fc.record({
      canonicalId: id,
      symbol: fc.constantFrom('x', 'y', 'z'),
      ids: fc.dictionary(source, fc.option(id, { nil: null }), { maxKeys: 3 }),
    }),
    { selector: ({ canonicalId }) => canonicalId, maxLength: 2 },
  )
  .filter((all) => new Set(all.map(({ symbol }) => symbol)).size === all.length);

const sorted = ({ assets, links }: AssetIdentities) => ({
  assets: assets.toSorted((left, right) => (left.canonicalId < right.canonicalId ? -1 : 1)),
  links: links.toSorted((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1)),
});
const keyOf = (of: { readonly source: string; readonly assetId: string }) => `${of.source} ${of.assetId}`;

/** Lists that came one after the other, each with what was known before it. */
const grown = fc.tuple(lists, lists, rules).map(([first, second, given]) => {
  const before = linkAssets(first, given, NOTHING);
  const all = [...second, ...first.filter((one) => !second.some((other) => keyOf(one) === keyOf(other)))];
  return { all, given, before, after: linkAssets(all, given, before) };
});

describe('linking any assets by any rules', () => {
  it('leaves nobody out, and takes no two of one source for one', () => {
    fc.assert(
      fc.property(grown, ({ all, after: { assets, links } }) => {
        const linked = links.map(keyOf);
        expect(new Set(linked).size).toBe(linked.length);
        expect(all.filter((one) => !linked.includes(keyOf(one)))).toEqual([]);
        const perSource = links.map(({ source: of, canonicalId }) => `${of} ${canonicalId}`);
        expect(new Set(perSource).size).toBe(perSource.length);
        const ids = assets.map(({ canonicalId }) => canonicalId);
        expect(new Set(ids).size).toBe(ids.length);
        expect(new Set(links.map(({ canonicalId }) => canonicalId))).toEqual(new Set(ids));
      }),
    );
  });

  it('changes nothing when it comes again, in whatever order', () => {
    fc.assert(
      fc.property(grown, ({ all, given, after }) => {
        expect(sorted(linkAssets(all, given, after))).toEqual(sorted(after));
        expect(sorted(linkAssets(all.toReversed(), given, after))).toEqual(sorted(after));
      }),
    );
  });

  it('does not depend on the order of the assets', () => {
    fc.assert(
      fc.property(lists, rules, (all, given) => {
        const links = (assets: readonly ListedAsset[]) => sorted(linkAssets(assets, given, NOTHING));
        expect(links(all.toReversed())).toEqual(links(all));
      }),
    );
  });

  it('keeps together what was together, whatever is listed later', () => {
    fc.assert(
      fc.property(grown, ({ before, after }) => {
        const now = new Map(after.links.map((one) => [keyOf(one), one.canonicalId]));
        for (const [, together] of Map.groupBy(before.links, ({ canonicalId }) => canonicalId))
          expect(new Set(together.map((one) => now.get(keyOf(one)))).size).toBe(1);
      }),
    );
  });

  it('obeys every rule, and else links only what had one symbol and one name, once in each source', () => {
    fc.assert(
      fc.property(lists, rules, (all, given) => {
        const { links } = linkAssets(all, given, NOTHING);
        for (const { linkedBy, canonicalId, source: of, assetId } of links) {
          const rule = given.find((each) => each.canonicalId === canonicalId);
          if (linkedBy === 'rule') expect(rule?.ids[of]).toBe(assetId);
          else expect(rule?.ids[of]).toBeUndefined();
          if (linkedBy !== 'symbol_and_name') continue;
          const identities = all
            .filter((one) => links.some((each) => each.canonicalId === canonicalId && keyOf(each) === keyOf(one)))
            .map(({ symbol, name }) => `${foldedSymbol(symbol)} ${foldedName(name)}`);
          const own = all.find((one) => one.source === of && one.assetId === assetId);
          const identity = `${foldedSymbol(own?.symbol ?? '')} ${foldedName(own?.name ?? '')}`;
          expect(identities.filter((each) => each === identity).length).toBeGreaterThan(1);
        }
      }),
    );
  });

  it('calls a symbol clear of one asset at most', () => {
    fc.assert(
      fc.property(grown, ({ after: { assets } }) => {
        const clear = assets.filter(({ isSymbolClear }) => isSymbolClear).map(({ symbol }) => symbol);
        expect(new Set(clear).size).toBe(clear.length);
      }),
    );
  });
});
