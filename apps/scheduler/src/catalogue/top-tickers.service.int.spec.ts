import type { ListedName, Source } from '@app/sources';
import {
  AssetLinkReader,
  AssetLinkRepository,
  CatalogueRepository,
  createDataSource,
  ReadDatabase,
} from '@app/storage';
import { createLogBook } from '../../../../test/support/log-lines.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { CatalogueService } from './catalogue.service.js';
import { CatalogueError } from './resolve-ticker.js';
import { SourceLoad } from './source-load.js';
import { SymbolDirectory } from './symbol-directory.js';
import { topRequestSchema, TopTickersService } from './top-tickers.service.js';

describe('adding the tickers of the greatest assets', () => {
  let database: TestDatabase;
  let dataSource: ReturnType<typeof createDataSource>;
  let catalogue: CatalogueService;
  let top: TopTickersService;
  const listed = new Map<string, readonly ListedName[]>();

  beforeEach(async () => {
    listed.clear();
    database = await createTestDatabase();
    dataSource = await createDataSource(database.url, 'tidemark-test').initialize();
    const { logger } = createLogBook();
    const client = { fetchNames: async ({ name }: Source) => listed.get(name) };
    const names = new SymbolDirectory({ client, access: {}, logger, now: Date.now, spend: async () => true });
    catalogue = new CatalogueService(new CatalogueRepository(dataSource), names, new SourceLoad({}, true), logger);
    top = new TopTickersService(new AssetLinkReader(new ReadDatabase(database.pool)), names, catalogue, {});
  });
  afterEach(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  /** So many coins of CoinPaprika, the greatest first. */
  async function list(count: number): Promise<void> {
    await database.pool.query(
      `INSERT INTO assets (source, asset_id, symbol, name, market_cap, updated_at)
       SELECT 'coinpaprika', 'c' || n || '-coin', 'C' || n, 'Coin ' || n, 1000 - n, now() FROM generate_series(1, $1::int) n`,
      [count],
    );
    await new AssetLinkRepository(database.pool).link([]);
  }

  function add(request: Readonly<Record<string, unknown>>) {
    return top.add(topRequestSchema.parse(request));
  }

  const sampled = async () => (await catalogue.list()).map(({ ticker }) => ticker);

  it('says so when no list was read', async () => {
    expect(await add({ top: 5 })).toBeUndefined();
  });

  it('takes the shortest interval that credits allow, shows it, adds it, and adds nothing twice', async () => {
    await list(30);
    const shown = await add({ top: 20, dry_run: true });
    expect(shown).toMatchObject({ rankedBy: 'coinpaprika', faults: [] });
    expect(shown?.added).toHaveLength(20);
    expect(shown?.added[0]).toMatchObject({ ticker: 'c1_usd', asset: 'coinpaprika:c1-coin', interval_seconds: 300 });
    expect(shown?.costs).toEqual([
      {
        source: 'coinpaprika',
        plan: 'free',
        perMinute: 0.2,
        perMinuteAllowed: 270,
        perMonth: 8_928,
        perMonthAllowed: 20_000,
      },
    ]);
    expect(await sampled()).toEqual([]);
    expect((await add({ top: 20 }))?.added).toHaveLength(20);
    expect(await sampled()).toHaveLength(20);
    const again = await add({ top: 20 });
    expect([again?.added, again?.sampled.length]).toEqual([[], 20]);
    const more = await add({ top: 22 });
    expect(more?.added.map(({ ticker, sources }) => [ticker, sources[0]?.batch])).toEqual([
      ['c21_usd', 'top_usd_300s_1'],
      ['c22_usd', 'top_usd_300s_1'],
    ]);
  });

  it('adds nothing at all where it does not fit, and says the cure', async () => {
    await list(5);
    const shown = await add({ top: 5, interval_seconds: 60, dry_run: true });
    expect(shown?.faults).toEqual([
      expect.stringMatching(
        /^coinpaprika: 1 batch every 60 s are 44,640 calls in a month .*: ask it every 180 s or slower/,
      ),
    ]);
    await expect(add({ top: 5, interval_seconds: 60 })).rejects.toThrow(/ask it every 180 s or slower/);
    expect(await sampled()).toEqual([]);
  });

  it('asks nobody else than it is told, and says who is not known', async () => {
    await list(2);
    listed.set('kraken', [{ name: 'C1USD', symbol: 'c1', quote: 'usd' }]);
    const { added = [], leftOut } = (await add({ top: 2, sources: ['kraken'], dry_run: true })) ?? {};
    expect(added.map(({ ticker, sources }) => [ticker, sources.length])).toEqual([['c1_usd', 1]]);
    expect(leftOut).toMatchObject([{ symbol: 'c2', reason: 'is listed in usd by none of these sources' }]);
    await expect(add({ top: 2, sources: ['krakn'] })).rejects.toThrow(
      /there is no source krakn; did you mean kraken\?/,
    );
    await expect(add({ top: 2, sources: ['krakn', 'nobody'] })).rejects.toBeInstanceOf(CatalogueError);
  });

  it('is done once by two at once', async () => {
    await list(10);
    await Promise.all([add({ top: 10 }), add({ top: 10 })]);
    const { rows } = await database.pool.query<{ count: number }>('SELECT count(*)::int AS count FROM schedules');
    expect(rows).toEqual([{ count: 10 }]);
  });
});
