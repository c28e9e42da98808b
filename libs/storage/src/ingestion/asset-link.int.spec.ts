import type { LinkRule } from '@app/domain';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { ReadDatabase } from '../read/read-database.js';
import { AssetLinkReader } from './asset-link.reader.js';
import { AssetLinkRepository } from './asset-link.repository.js';

let database: TestDatabase;
let links: AssetLinkRepository;
let reader: AssetLinkReader;
beforeAll(async () => {
  database = await createTestDatabase();
  links = new AssetLinkRepository(database.pool);
  reader = new AssetLinkReader(new ReadDatabase(database.pool));
});
afterAll(() => database.drop());
beforeEach(() => database.pool.query('TRUNCATE assets, asset_links, canonical_assets'));

/** `coingecko bitcoin btc Bitcoin 100`: source, id, symbol, name of one word, and market capitalisation. */
async function list(...assets: readonly string[]): Promise<void> {
  for (const asset of assets) {
    const [source, id, symbol, name, marketCap = null] = asset.split(' ');
    await database.pool.query(
      `INSERT INTO assets (source, asset_id, symbol, name, market_cap, updated_at) VALUES ($1, $2, $3, $4, $5, now())
       ON CONFLICT (source, asset_id) DO UPDATE SET symbol = $3, name = $4, market_cap = $5`,
      [source, id, symbol, name, marketCap],
    );
  }
}

const BITCOIN = ['coingecko bitcoin btc Bitcoin 100', 'coinpaprika btc-bitcoin BTC Bitcoin 101'];

describe('links of assets', () => {
  it('are stored once, and the same again writes nothing', async () => {
    await list(...BITCOIN, 'coinpaprika eth-ethereum ETH Ethereum 50');
    expect(await links.link([])).toEqual({ linked: 3, unlinked: 0 });
    const { rows } = await database.pool.query(`SELECT xmin::text, * FROM asset_links ORDER BY asset_id`);
    expect(await links.link([])).toEqual({ linked: 0, unlinked: 0 });
    expect((await database.pool.query(`SELECT xmin::text, * FROM asset_links ORDER BY asset_id`)).rows).toEqual(rows);
    expect(await reader.counts()).toEqual({ assets: 2, linked: 1, ambiguous: 0 });
    expect(await reader.links(undefined, 10)).toEqual([
      {
        ...{ canonicalId: 'bitcoin', symbol: 'btc', name: 'Bitcoin', peggedTo: null, isSymbolClear: true },
        ...{ ids: { coingecko: 'bitcoin', coinpaprika: 'btc-bitcoin' }, marketCap: '101' },
      },
      {
        ...{ canonicalId: 'coinpaprika:eth-ethereum', symbol: 'eth', name: 'Ethereum', peggedTo: null },
        ...{ isSymbolClear: true, ids: { coinpaprika: 'eth-ethereum' }, marketCap: '50' },
      },
    ]);
  });

  it('move all together when CoinGecko lists the asset, and by a rule', async () => {
    await list('coinpaprika eth-ethereum ETH Ethereum 50', 'csv ETH eth ethereum');
    await links.link([]);
    await list('coingecko ethereum eth Ethereum 49');
    expect(await links.link([])).toEqual({ linked: 3, unlinked: 0 });
    expect(await reader.links('eth', 10)).toMatchObject([{ canonicalId: 'ethereum' }]);
    const rule: LinkRule = { canonicalId: 'ethereum', symbol: 'eth', peggedTo: 'usd', ids: { csv: null } };
    await links.link([rule]);
    expect(await reader.links('eth', 10)).toMatchObject([
      { canonicalId: 'ethereum', isSymbolClear: true, peggedTo: 'usd' },
      { canonicalId: 'csv:ETH', isSymbolClear: false },
    ]);
  });

  it('follow an asset that gets another name, and a further one, after a look that found nothing new', async () => {
    const rules: LinkRule[] = [];
    await list('coingecko foo foo Foo 1', 'coinpaprika foo-bar FOO Bar 1');
    expect(await links.link(rules)).toEqual({ linked: 2, unlinked: 0 });
    expect(await links.link(rules)).toEqual({ linked: 0, unlinked: 0 });
    await list('coinpaprika foo-bar FOO Foo 1');
    expect(await links.link(rules)).toEqual({ linked: 1, unlinked: 0 });
    await list('csv foo foo foo 1');
    expect(await links.link(rules)).toEqual({ linked: 1, unlinked: 0 });
    expect(await reader.counts()).toEqual({ assets: 1, linked: 1, ambiguous: 0 });
  });

  it('may be made by two at once', async () => {
    await list(...BITCOIN);
    const counts = await Promise.all([links.link([]), links.link([]), links.link([])]);
    expect(counts.reduce((sum, { linked }) => sum + linked, 0)).toBe(2);
  });

  it('name the symbols that mean no asset, those of great assets first', async () => {
    await list('coingecko a x One 1', 'coingecko b X Two', 'coingecko c y Three 5', 'coinpaprika y-y Y Four 7');
    await links.link([]);
    expect(await reader.ambiguous(undefined, 10)).toEqual([
      {
        ...{ symbol: 'y', isShared: false },
        assets: [
          { canonicalId: 'coinpaprika:y-y', name: 'Four', ids: { coinpaprika: 'y-y' } },
          { canonicalId: 'c', name: 'Three', ids: { coingecko: 'c' } },
        ],
      },
      {
        ...{ symbol: 'x', isShared: true },
        assets: [
          { canonicalId: 'a', name: 'One', ids: { coingecko: 'a' } },
          { canonicalId: 'b', name: 'Two', ids: { coingecko: 'b' } },
        ],
      },
    ]);
    expect(await reader.ambiguous('x', 10)).toHaveLength(1);
    expect(await reader.counts()).toMatchObject({ ambiguous: 2 });
  });

  it('say what each source calls the greatest assets', async () => {
    expect(await reader.top(5)).toEqual({ source: null, assets: [] });
    await list(...BITCOIN, 'coinpaprika eth-ethereum ETH Ethereum 50', 'coinpaprika nothing N Nothing');
    await links.link([]);
    const { source, assets } = await reader.top(5);
    expect(source).toBe('coinpaprika');
    expect(assets.map(({ rank, canonicalId, ids }) => ({ rank, canonicalId, ids }))).toEqual([
      { rank: 1, canonicalId: 'bitcoin', ids: { coingecko: 'bitcoin', coinpaprika: 'btc-bitcoin' } },
      { rank: 2, canonicalId: 'coinpaprika:eth-ethereum', ids: { coinpaprika: 'eth-ethereum' } },
    ]);
    expect((await reader.top(1)).assets).toHaveLength(1);
  });
});
