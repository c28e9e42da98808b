import { CatalogueRepository, createDataSource, type ChangeOutcome, type TickerConfiguration } from '@app/storage';
import { createLogBook, type LogBook } from '../../../../test/support/log-lines.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { DEFAULT_CATALOGUE } from './catalogue-file.js';
import { CatalogueService } from './catalogue.service.js';
import { SymbolDirectory } from './symbol-directory.js';
import { SourceLoad } from './source-load.js';
import { CatalogueError } from './resolve-ticker.js';
import { tickerRequestSchema, type TickerRequest } from './ticker-request.js';

describe('the catalogue', () => {
  let database: TestDatabase;
  let dataSource: ReturnType<typeof createDataSource>;
  let log: LogBook;
  let repository: WatchedRepository;
  let catalogue: CatalogueService;

  beforeEach(async () => {
    database = await createTestDatabase();
    dataSource = await createDataSource(database.url, 'tidemark-test').initialize();
    log = createLogBook();
    repository = new WatchedRepository(dataSource);
    // The sources have no lists here: symbol-directory.spec.ts is about those.
    const client = { fetchNames: async () => undefined };
    const names = new SymbolDirectory({
      client,
      access: {},
      logger: log.logger,
      now: Date.now,
      spend: async () => true,
    });
    catalogue = new CatalogueService(repository, names, new SourceLoad({}, false), log.logger);
  });
  afterEach(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  it('begins with the default tickers, and the same again changes nothing', async () => {
    await begin({});
    await begin({});
    expect(await known()).toEqual(['btc_usd every 60', 'eth_usd every 60']);
    expect(log.of('ticker_created')).toHaveLength(2);
    expect(log.of('ticker_changed')).toEqual([]);
    expect(await versions()).toBe(2);
  });

  it('leaves a catalogue alone that was changed since', async () => {
    await begin({});
    await aged();
    await catalogue.disable('eth_usd');
    await catalogue.put(aRequest({ ticker: 'sol_usdc', interval_seconds: 5 }));
    await begin({});
    expect(await known()).toEqual(['btc_usd every 60', 'eth_usd disabled', 'sol_usdc every 5']);
  });

  it('is what a file says: listed tickers are sampled, others are disabled, and the file again changes nothing', async () => {
    await begin({});
    await aged();
    const tickers = [aRequest({ ticker: 'btc_usd', interval_seconds: 5 }), aRequest({ ticker: 'ada_usdc' })];
    await begin({ tickers });
    await begin({ tickers });
    await aged();
    expect(await known()).toEqual(['ada_usdc every 60', 'btc_usd every 5', 'eth_usd disabled']);
    expect(log.of('ticker_disabled')).toMatchObject([{ ticker: 'eth_usd' }]);
    await begin({ tickers: [aRequest({ ticker: 'eth_usd' })] });
    expect(await known()).toEqual(['ada_usdc disabled', 'btc_usd disabled', 'eth_usd every 60']);
  });

  it('writes at a start only what differs, so that a large file does not keep the scheduler from planning', async () => {
    const sampled = (index: number, source: object = {}): TickerRequest =>
      aRequest({ ticker: `t${index}_usd`, sources: [{ source: 'deribit', source_symbol: 'btc_usd', ...source }] });
    const tickers = Array.from({ length: 50 }, (_, index) => sampled(index));
    await begin({ tickers });
    expect(repository.written.splice(0)).toHaveLength(50);
    await begin({ tickers });
    await begin({});
    expect(repository.written).toEqual([]);
    await aged();
    await catalogue.disable('t4_usd');
    const changed = [
      { ...sampled(0), interval_seconds: 5 },
      sampled(1, { source_symbol: 'eth_usd' }),
      sampled(2, { batch: 'other' }),
      sampled(3, { source: 'coingecko' }),
    ];
    await begin({ tickers: [...changed, ...tickers.slice(changed.length)] });
    expect(repository.written).toEqual(['t0_usd', 't1_usd', 't2_usd', 't3_usd', 't4_usd']);
  });

  it('takes nothing of a file over that cannot be sampled', async () => {
    await begin({});
    const tickers = [aRequest({ ticker: 'ada_usdc' }), aRequest({ ticker: 'abc_usd' })];
    await expect(begin({ tickers })).rejects.toThrow(CatalogueError);
    expect(await known()).toEqual(['btc_usd every 60', 'eth_usd every 60']);
  });

  it('samples every ticker at the interval of SAMPLE_INTERVAL_SECONDS, and keeps the multiples of the sources', async () => {
    const sources = ['deribit', { source: 'coingecko', interval_seconds: 180 }];
    const tickers = [aRequest({ ticker: 'btc_usd', sources }), aRequest({ ticker: 'eth_usd', interval_seconds: 300 })];
    await begin({ tickers, intervalSeconds: 5 });
    await begin({ tickers, intervalSeconds: 5 });
    expect(await known()).toEqual(['btc_usd every 5', 'eth_usd every 5']);
    const btc = await catalogue.find('btc_usd');
    expect(btc?.sources.map((source) => source.intervalSeconds)).toEqual([5, 15]);
    expect(await versions()).toBe(2);
    await begin({ intervalSeconds: 60 });
    expect((await catalogue.find('btc_usd'))?.sources.map((source) => source.intervalSeconds)).toEqual([60, 180]);
  });

  it('closes a version and opens the next when a ticker changes, without a slot in both or in none', async () => {
    await catalogue.put(aRequest({ ticker: 'btc_usd', interval_seconds: 1 }));
    await aged();
    expect(await catalogue.put(aRequest({ ticker: 'btc_usd', interval_seconds: 5 }))).toBe('changed');
    const { rows } = await database.pool.query<{ from_slot: number; to_slot: number | null; interval_seconds: number }>(
      'SELECT from_slot, to_slot, interval_seconds FROM schedules ORDER BY from_slot',
    );
    expect(rows).toMatchObject([{ interval_seconds: 1 }, { interval_seconds: 5, to_slot: null }]);
    expect(rows[0]?.to_slot).toBe(rows[1]?.from_slot);
    expect((rows[1]?.from_slot ?? 1) % 5).toBe(0);
  });

  it('keeps what a change does not name, and multiples when the interval changes', async () => {
    const sources = ['deribit', { source: 'coingecko', batch: 'all', interval_seconds: 180 }];
    await catalogue.put(aRequest({ ticker: 'btc_usd', sources }));
    await change('btc_usd', { interval_seconds: 10 });
    expect(await catalogue.find('btc_usd')).toMatchObject({
      intervalSeconds: 10,
      sources: [
        { sourceId: 1, intervalSeconds: 10 },
        { sourceId: 2, intervalSeconds: 30, batch: 'all', sourceSymbol: 'bitcoin' },
      ],
    });
    await change('btc_usd', { sources: [{ source: 'coingecko' }] });
    expect(await catalogue.find('btc_usd')).toMatchObject({
      intervalSeconds: 10,
      sources: [{ sourceId: 2, batch: 'btc_usd' }],
    });
  });

  it('refuses a change that would ask a source less often than once a day', async () => {
    const sources = ['deribit', { source: 'coingecko', interval_seconds: 86_400 }];
    await catalogue.put(aRequest({ ticker: 'btc_usd', interval_seconds: 3_600, sources }));
    await expect(change('btc_usd', { interval_seconds: 7_200 })).rejects.toThrow(CatalogueError);
  });

  it('counts the other tickers of a batch, but not those that are disabled', async () => {
    const inBatch = (ticker: string): TickerRequest =>
      aRequest({ ticker, sources: [{ source: 'deribit', batch: 'one' }] });
    await catalogue.put(inBatch('btc_usd'));
    await expect(catalogue.put(inBatch('eth_usd'))).rejects.toThrow('batch one asks deribit for 2 tickers');
    await catalogue.disable('btc_usd');
    await expect(catalogue.put(inBatch('eth_usd'))).resolves.toBe('created');
  });

  it('refuses a price whose rate could be too old, and a rate that would become so', async () => {
    const tether = (interval_seconds: number) =>
      aRequest({ ticker: 'usdt_usd', interval_seconds, sources: [{ source: 'kraken' }] });
    const bitcoin = aRequest({ ticker: 'btc_usd', sources: [{ source: 'binance' }] });
    await catalogue.put(tether(86_400));
    const tooOld =
      /^btc_usd: binance quotes it in usdt, and usdt_usd is sampled every (86400|7200) s, .*: sample usdt_usd every 3600 s or more often, or raise/;
    await expect(catalogue.put(bitcoin)).rejects.toThrow(tooOld);
    await catalogue.put(aRequest({ ticker: 'eth_usd' }));
    await catalogue.put(tether(3_600));
    await catalogue.put(bitcoin);
    await expect(catalogue.put(tether(7_200))).rejects.toThrow(tooOld);
    await catalogue.put({ ...bitcoin, checks: { max_rate_age_seconds: 7_200 } });
    await catalogue.put(tether(7_200));
    expect(await known()).toEqual(['btc_usd every 60', 'eth_usd every 60', 'usdt_usd every 7200']);
    await expect(begin({ tickers: [tether(86_400), bitcoin] })).rejects.toThrow(tooOld);
  });

  it('says of a stored catalogue that a rate is sampled too seldom, and lets it be mended', async () => {
    await catalogue.put(aRequest({ ticker: 'usdt_usd', sources: [{ source: 'kraken' }] }));
    await catalogue.put(aRequest({ ticker: 'btc_usd', sources: [{ source: 'binance' }] }));
    // As a build of before would have taken it.
    await database.pool.query(`UPDATE schedules SET interval_seconds = 86400
      WHERE ticker_id = (SELECT id FROM tickers WHERE ticker = 'usdt_usd')`);
    await begin({});
    expect(log.of('catalogue_does_not_fit')).toMatchObject([
      { msg: expect.stringContaining('btc_usd: binance quotes it in usdt, and usdt_usd is sampled every 86400 s') },
    ]);
    await catalogue.put(aRequest({ ticker: 'eth_usd' }));
    await catalogue.put(aRequest({ ticker: 'usdt_usd', sources: [{ source: 'kraken' }] }));
  });

  it('says whether a ticker was there to be disabled', async () => {
    await begin({});
    expect(await catalogue.disable('btc_usd')).toBe(true);
    expect(await catalogue.disable('btc_usd')).toBe(false);
    expect(await catalogue.disable('abc_usd')).toBe(false);
    expect(log.of('ticker_disabled')).toHaveLength(1);
  });

  /** Lets an hour pass for the versions that hold: one that never held any slot is removed when it changes. */
  async function aged(): Promise<void> {
    await database.pool.query(
      `UPDATE schedules SET from_slot = from_slot - 3600 WHERE to_slot IS NULL AND ticker_id NOT IN (SELECT ticker_id FROM schedules WHERE to_slot IS NOT NULL)`,
    );
  }

  function begin({ tickers, intervalSeconds }: { tickers?: TickerRequest[]; intervalSeconds?: number }): Promise<void> {
    return catalogue.begin({ tickers, defaults: DEFAULT_CATALOGUE, intervalSeconds });
  }

  async function change(ticker: string, to: Parameters<CatalogueService['change']>[1]) {
    const current = await catalogue.find(ticker);
    if (current === undefined) throw new Error(`${ticker} is not there`);
    return catalogue.change(current, to);
  }

  async function known(): Promise<string[]> {
    const tickers = await catalogue.list();
    return tickers.map(
      ({ ticker, enabled, intervalSeconds }) => `${ticker} ${enabled ? `every ${intervalSeconds}` : 'disabled'}`,
    );
  }

  async function versions(): Promise<number> {
    return (await database.pool.query('SELECT 1 FROM schedules')).rows.length;
  }
});

/** Remembers which tickers were written. */
class WatchedRepository extends CatalogueRepository {
  readonly written: string[] = [];

  override put(plan: TickerConfiguration, nowMs: number): Promise<ChangeOutcome> {
    this.written.push(plan.ticker);
    return super.put(plan, nowMs);
  }
}

function aRequest(request: object): TickerRequest {
  return tickerRequestSchema.parse(request);
}
