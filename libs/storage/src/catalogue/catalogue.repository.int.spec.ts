import type { ScheduledSource } from '@app/domain';
import { ChangedCatalogue, planOf } from '../../../../test/builders/changed-catalogue.js';
import { COINGECKO, DERIBIT, forgetEverything, NOON } from '../../../../test/builders/stored-schedules.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';

describe('the catalogue', () => {
  let database: TestDatabase;
  let catalogue: ChangedCatalogue;

  beforeAll(async () => {
    database = await createTestDatabase();
    catalogue = await ChangedCatalogue.of(database);
  });
  afterAll(async () => {
    await catalogue.close();
    await database.drop();
  });
  beforeEach(() => forgetEverything(database.pool));

  describe('a new ticker', () => {
    test('is sampled from the slot that runs on, so that its first price comes at once', async () => {
      expect(await catalogue.put(60, 5.5)).toBe('created');
      expect(await catalogue.versions()).toEqual([{ from: 0, to: null, interval: 60 }]);
      expect(await catalogue.repository.find('btc_usd')).toEqual({
        ticker: 'btc_usd',
        enabled: true,
        intervalSeconds: 60,
        rule: 'priority',
        ruleOptions: {},
        fromSlot: NOON,
        toSlot: undefined,
        sources: [
          expect.objectContaining({
            sourceId: DERIBIT,
            position: 0,
            sourceSymbol: 'btc_usd',
            batch: 'btc_usd',
            intervalSeconds: 60,
          }),
        ],
      });
      await catalogue.planAt(6);
      expect(await catalogue.fetched()).toEqual([0]);
    });

    test.each([
      [13.001, 60, 60],
      [15, 60, 60],
      [59.999, 60, 60],
      [0.5, 1, 1],
      [3.5, 5, 5],
    ])(
      'with too little of a window left at second %d is sampled from the next slot on (every %i s)',
      async (second, interval, from) => {
        await catalogue.put(interval, second);
        expect(await catalogue.versions()).toEqual([{ from, to: null, interval }]);
      },
    );

    test('that joins a batch does so ahead of every call that may have been made without it', async () => {
      const inBatch = (ticker: string) =>
        planOf(5, {
          ticker,
          sources: [{ sourceId: COINGECKO, position: 0, sourceSymbol: ticker, batch: 'coins', intervalSeconds: 5 }],
        });
      await catalogue.repository.put(inBatch('eth_usd'), (NOON - 60) * 1000);
      await catalogue.planAt(0);
      const joined: (number | undefined)[] = [];
      for (const [index, second] of [0.1, 2.9, 3.1, 4.999].entries()) {
        await catalogue.repository.put(inBatch(`t${index}_usd`), (NOON + second) * 1000);
        joined.push((await catalogue.repository.find(`t${index}_usd`))?.fromSlot);
      }
      expect(joined.map((slot) => (slot ?? 0) - NOON)).toEqual([5, 5, 5, 10]);
    });

    test('asked for again is unchanged', async () => {
      await catalogue.put(60, 5);
      expect(await catalogue.put(60, 30)).toBe('unchanged');
      expect(await catalogue.put(60, 300)).toBe('unchanged');
      expect(await catalogue.versions()).toHaveLength(1);
    });

    test('is made once when it is asked for many times at once', async () => {
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => catalogue.put(60, 5)));
      expect(outcomes.sort()).toEqual(['created', ...Array.from({ length: 7 }, () => 'unchanged')]);
      expect(await catalogue.versions()).toHaveLength(1);
    });

    test.each(['BTC_USD', 'btc', ''])('called %j is refused', async (ticker) => {
      await expect(catalogue.put(60, 5, { ticker })).rejects.toThrow('is no ticker');
    });

    test('without a source is refused, since no slot of it could ever have an outcome', async () => {
      await expect(catalogue.put(60, 5, { sources: [] })).rejects.toThrow('btc_usd');
      expect(await catalogue.versions()).toEqual([]);
    });

    test('from a source that the database does not know leaves nothing behind', async () => {
      await expect(
        catalogue.put(60, 5, {
          sources: [{ sourceId: 99, position: 0, sourceSymbol: 'x', batch: 'x', intervalSeconds: 60 }],
        }),
      ).rejects.toThrow();
      expect(await catalogue.repository.list()).toEqual([]);
      expect(await catalogue.versions()).toEqual([]);
    });
  });

  describe('a change', () => {
    beforeEach(async () => {
      await catalogue.put(60, -30);
      await catalogue.planAt(0);
    });

    test('closes the version that holds where the next one begins: no slot of either is lost or doubled', async () => {
      expect(await catalogue.put(7, 5)).toBe('changed');
      // The first multiple of 7 since 1970 after now: the minute that is planned already began before it.
      const boundary = 6 + ((7 - ((NOON + 6) % 7)) % 7);
      expect(await catalogue.versions()).toEqual([
        { from: 0, to: boundary, interval: 60 },
        { from: boundary, to: null, interval: 7 },
      ]);
    });

    test('of 60 s to 7 s to 1 s and back leaves no hole and no overlap, and every expected slot is planned', async () => {
      const changes = new Map([
        [5, 7],
        [100, 1],
        [117, 60],
        [200, 5],
      ]);
      for (let second = 1; second <= 300; second += 1) {
        const interval = changes.get(second);
        if (interval !== undefined) expect(await catalogue.put(interval, second)).toBe('changed');
        await catalogue.planAt(second);
      }
      const all = await catalogue.versions();
      for (const [index, version] of all.slice(1).entries()) expect(version.from).toBe(all[index]?.to);
      expect(all.map(({ interval }) => interval)).toEqual([60, 7, 1, 60, 5]);
      const expected = all.flatMap(({ from, to, interval }) =>
        Array.from({ length: 301 }, (_, second) => second).filter(
          (second) => second >= from && second < (to ?? 301) && (NOON + second) % interval === 0,
        ),
      );
      expect(await catalogue.fetched()).toEqual(expected);
      expect((await database.pool.query('SELECT 1 FROM gaps')).rowCount).toBe(0);
    });

    test.each([7, 1, 60, 3_600])('takes effect within one interval: to %i s', async (interval) => {
      await catalogue.put(interval, 5, {
        sources: [
          { sourceId: COINGECKO, position: 0, sourceSymbol: 'bitcoin', batch: 'btc_usd', intervalSeconds: interval },
        ],
      });
      const last = (await catalogue.versions()).at(-1);
      expect(last?.from).toBeLessThanOrEqual(60 + interval);
      expect(last?.from).toBeGreaterThan(5);
    });

    test('twice within one slot leaves only the last, and one that never held is gone', async () => {
      await catalogue.put(5, 5);
      expect(await catalogue.put(1, 6)).toBe('changed');
      expect(await catalogue.versions()).toEqual([
        { from: 0, to: 10, interval: 60 },
        { from: 10, to: null, interval: 1 },
      ]);
      expect((await database.pool.query('SELECT 1 FROM ticker_sources')).rowCount).toBe(2);
    });

    test('from an hour to 5 s does not wait for the hour', async () => {
      await catalogue.put(3_600, 1);
      await catalogue.planAt(3_600);
      await catalogue.put(5, 3_601);
      expect((await catalogue.versions()).at(-1)).toEqual({ from: 3_605, to: null, interval: 5 });
    });

    test('back to what it was goes on without a break', async () => {
      await catalogue.put(5, 5);
      await catalogue.put(60, 6);
      const all = await catalogue.versions();
      expect(all.at(-1)).toMatchObject({ to: null, interval: 60 });
      for (const [index, version] of all.slice(1).entries()) expect(version.from).toBe(all[index]?.to);
      for (let second = 1; second <= 180; second += 1) await catalogue.planAt(second);
      expect(await catalogue.fetched()).toEqual([0, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 120, 180]);
    });

    test('of the sources, their names, batches or order is a change', async () => {
      const both: ScheduledSource[] = [
        { sourceId: DERIBIT, position: 0, sourceSymbol: 'btc_usd', batch: 'btc_usd', intervalSeconds: 60 },
        { sourceId: COINGECKO, position: 1, sourceSymbol: 'bitcoin', batch: 'btc_usd', intervalSeconds: 60 },
      ];
      expect(await catalogue.put(60, 5, { sources: both })).toBe('changed');
      expect(await catalogue.put(60, 70, { sources: both })).toBe('unchanged');
      const named = both.map((source) => ({ ...source, sourceSymbol: `${source.sourceSymbol}2` }));
      expect(await catalogue.put(60, 130, { sources: named })).toBe('changed');
      const batched = named.map((source) => ({ ...source, batch: 'coins' }));
      expect(await catalogue.put(60, 190, { sources: batched })).toBe('changed');
      const slower = batched.map((source) => ({ ...source, intervalSeconds: 120 }));
      expect(await catalogue.put(60, 250, { sources: slower })).toBe('changed');
      const turned = slower.toReversed().map((source, position) => ({ ...source, position }));
      expect(await catalogue.put(60, 310, { sources: turned })).toBe('changed');
      expect((await catalogue.repository.find('btc_usd'))?.sources.map(({ sourceId }) => sourceId)).toEqual([
        COINGECKO,
        DERIBIT,
      ]);
    });

    test('after a long time off begins ahead of now, and the range before is still expected', async () => {
      expect(await catalogue.put(5, 100_000)).toBe('changed');
      expect(await catalogue.versions()).toEqual([
        { from: 0, to: 100_005, interval: 60 },
        { from: 100_005, to: null, interval: 5 },
      ]);
    });

    test('by a process whose clock lags never reaches back into what was planned', async () => {
      for (let second = 1; second <= 300; second += 1) await catalogue.planAt(second);
      await catalogue.put(1, 30);
      expect((await catalogue.versions()).at(-1)).toEqual({ from: 301, to: null, interval: 1 });
    });
  });

  test('lists every ticker by name with its newest version, disabled ones too', async () => {
    for (const ticker of ['eth_usd', 'ada_usd', 'btc_usd'])
      await catalogue.repository.put(planOf(60, { ticker }), (NOON - 5) * 1000);
    await catalogue.repository.disable('ada_usd', (NOON + 65) * 1000);
    await catalogue.put(5, 65);
    expect(
      (await catalogue.repository.list()).map(({ ticker, enabled, intervalSeconds }) => ({
        ticker,
        enabled,
        intervalSeconds,
      })),
    ).toEqual([
      { ticker: 'ada_usd', enabled: false, intervalSeconds: 60 },
      { ticker: 'btc_usd', enabled: true, intervalSeconds: 5 },
      { ticker: 'eth_usd', enabled: true, intervalSeconds: 60 },
    ]);
    expect(await catalogue.repository.find('xrp_usd')).toBeUndefined();
  });
});
