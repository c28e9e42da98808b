import type pg from 'pg';
import { resultAt, storeSamples, type SampleDraft } from '../../../../test/builders/stored-samples.js';
import {
  accepted,
  COINGECKO,
  DERIBIT,
  forgetEverything,
  insertSchedule,
  JUMPS_ALLOWED,
  makePartitionsOfTests,
  NOON,
  rowOf,
} from '../../../../test/builders/stored-schedules.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { SampleRepository, type DecidedPrice, type Sample } from './sample.repository.js';

const BOTH = [{ sourceId: DERIBIT }, { sourceId: COINGECKO }];
const IN_WINDOW = NOON + 3;

describe('deciding prices', () => {
  let database: TestDatabase;
  let otherPool: pg.Pool;
  let samples: SampleRepository;
  let other: SampleRepository;

  beforeAll(async () => {
    database = await createTestDatabase();
    otherPool = database.openPool();
    samples = new SampleRepository(database.pool);
    other = new SampleRepository(otherPool);
    await makePartitionsOfTests(database.pool);
  });
  afterAll(() => database.drop());
  beforeEach(() => forgetEverything(database.pool));

  const store = (given: Sample | readonly Sample[], draft?: SampleDraft, by = samples) =>
    storeSamples(by, given, draft);

  async function rows<T = Record<string, unknown>>(text: string): Promise<T[]> {
    return (await database.pool.query(text)).rows as T[];
  }

  const prices = () =>
    rows<{ slot: number; price: string; source_id: number }>(
      'SELECT slot, price::text, source_id FROM prices ORDER BY ticker_id, slot',
    );

  describe('what is derived from them', () => {
    let tickerId: number;

    beforeEach(async () => {
      ({ tickerId } = await insertSchedule(database.pool, { ticker: 'btc_usd', ruleOptions: JUMPS_ALLOWED }));
    });

    const slotPrices: readonly (readonly [minute: number, price: string])[] = [
      [3, '12.50'],
      [1, '10.10'],
      [5, '9.9'],
      [0, '11'],
      [4, '12.5'],
      [2, '15.000'],
    ];

    test('latest moves only forward', async () => {
      const seen: number[] = [];
      for (const [minute, price] of slotPrices) {
        await store(accepted(tickerId, price), { slot: NOON + minute * 60 });
        seen.push(Number((await rowOf<{ slot: number }>(database.pool, 'SELECT slot FROM latest')).slot - NOON) / 60);
      }
      expect(seen).toEqual([3, 3, 5, 5, 5, 5]);
      expect(await rows('SELECT price, source_id, observed_at FROM latest')).toEqual([
        { price: '9.9', source_id: DERIBIT, observed_at: new Date((NOON + 300) * 1000 + 412) },
      ]);
    });

    test('the candle is that of the prices in the order of their slots, however they came', async () => {
      for (const [minute, price] of slotPrices) await store(accepted(tickerId, price), { slot: NOON + minute * 60 });
      expect(await rows('SELECT * FROM candles')).toEqual([
        {
          ticker_id: tickerId,
          bucket: NOON,
          open: '11',
          open_slot: NOON,
          high: '15.000',
          low: '9.9',
          close: '9.9',
          close_slot: NOON + 300,
          count: 6,
        },
      ]);
    });

    test('the last slot of an hour and the first of the next are in two candles', async () => {
      await store(accepted(tickerId, '1'), { slot: NOON + 3540 });
      await store(accepted(tickerId, '2'), { slot: NOON + 3600 });
      expect(await rows('SELECT bucket, count FROM candles ORDER BY bucket')).toEqual([
        { bucket: NOON, count: 1 },
        { bucket: NOON + 3600, count: 1 },
      ]);
    });

    test('storing the slots of an hour at once from many sides gives one exact candle', async () => {
      const minutes = Array.from({ length: 60 }, (_, minute) => minute);
      await Promise.all(
        minutes.map((minute) =>
          store(
            accepted(tickerId, String(100 + ((minute * 37) % 60))),
            { slot: NOON + minute * 60 },
            minute % 2 === 0 ? samples : other,
          ),
        ),
      );
      expect(await rows('SELECT open, high, low, close, count FROM candles')).toEqual([
        { open: '100', high: '159', low: '100', close: String(100 + ((59 * 37) % 60)), count: 60 },
      ]);
      expect(await rows('SELECT slot FROM latest')).toEqual([{ slot: NOON + 59 * 60 }]);
    });
  });

  describe('of two sources', () => {
    let tickerId: number;

    beforeEach(async () => {
      ({ tickerId } = await insertSchedule(database.pool, { ticker: 'btc_usd', sources: BOTH }));
    });

    test('the better one is served at once', async () => {
      expect(await store(accepted(tickerId, '10'))).toMatchObject([{ sourceId: DERIBIT }]);
      expect(await store(accepted(tickerId, '11'), { sourceId: COINGECKO })).toEqual([]);
      expect(await rows('SELECT source_id, price FROM samples ORDER BY source_id')).toEqual([
        { source_id: DERIBIT, price: '10' },
        { source_id: COINGECKO, price: '11' },
      ]);
    });

    test('the other one waits for it', async () => {
      expect(await store(accepted(tickerId, '11'), { sourceId: COINGECKO, nowSeconds: IN_WINDOW })).toEqual([]);
      expect(await store(accepted(tickerId, '10'))).toMatchObject([{ sourceId: DERIBIT, price: '10' }]);
    });

    test('the other one is served as soon as the better one has failed', async () => {
      await store(accepted(tickerId, '11'), { sourceId: COINGECKO });
      expect(await store({ tickerId, outcome: 'failed', reason: 'timeout' })).toMatchObject([
        { sourceId: COINGECKO, price: '11' },
      ]);
    });

    test('the other one is served when the window has ended, and not a second before', async () => {
      await store(accepted(tickerId, '11'), { sourceId: COINGECKO, nowSeconds: NOON + 14 });
      expect(await samples.decidePrices(NOON, [tickerId], NOON + 14)).toEqual([]);
      expect(await samples.decidePrices(NOON, [tickerId], NOON + 15)).toMatchObject([{ sourceId: COINGECKO }]);
      expect(await samples.decidePrices(NOON, [tickerId], NOON + 16)).toEqual([]);
    });

    test('the other one does not wait where the better one is not due', async () => {
      await forgetEverything(database.pool);
      ({ tickerId } = await insertSchedule(database.pool, {
        ticker: 'btc_usd',
        sources: [{ sourceId: DERIBIT, intervalSeconds: 120 }, { sourceId: COINGECKO }],
      }));
      expect(await store(accepted(tickerId, '11'), { sourceId: COINGECKO, slot: NOON + 60 })).toMatchObject([
        { sourceId: COINGECKO },
      ]);
      expect(await store(accepted(tickerId, '11'), { sourceId: COINGECKO, slot: NOON + 120 })).toEqual([]);
    });

    test('two workers that store at once always make exactly one price, that of the better source', async () => {
      const decided: DecidedPrice[] = [];
      for (let round = 0; round < 200; round += 1) {
        const slot = NOON + round * 60;
        const [first, second] = await Promise.all([
          store(accepted(tickerId, '10'), { slot, sourceId: DERIBIT }),
          store(accepted(tickerId, '11'), { slot, sourceId: COINGECKO }, other),
        ]);
        decided.push(...first, ...second);
      }
      expect(decided).toHaveLength(200);
      expect(new Set((await prices()).map(({ slot, source_id }) => `${slot} ${source_id}`)).size).toBe(200);
      expect(decided.every(({ sourceId }) => sourceId === DERIBIT)).toBe(true);
      expect(await rows('SELECT sum(count)::int AS count FROM candles')).toEqual([{ count: 200 }]);
    });

    test('two workers of which the better one fails at once always make exactly one price too', async () => {
      const decided: DecidedPrice[] = [];
      for (let round = 0; round < 100; round += 1) {
        const slot = NOON + round * 60;
        const both = await Promise.all([
          store(
            { tickerId, outcome: 'failed', reason: 'timeout' },
            { slot, sourceId: DERIBIT, result: resultAt(slot, 'failed') },
          ),
          store(accepted(tickerId, '11'), { slot, sourceId: COINGECKO }, other),
        ]);
        decided.push(...both.flat());
      }
      expect(decided).toHaveLength(100);
      expect(await prices()).toHaveLength(100);
    });

    test('one and the same store from two sides at once makes one sample and one price', async () => {
      for (let round = 0; round < 30; round += 1) {
        const slot = NOON + round * 60;
        const both = await Promise.all([
          store(accepted(tickerId, '10'), { slot }),
          store(accepted(tickerId, '10'), { slot }, other),
        ]);
        expect(both.flat()).toHaveLength(1);
      }
      expect(await rows('SELECT count(*)::int AS count FROM samples')).toEqual([{ count: 30 }]);
    });
  });

  test('batches of many tickers in opposite order never stand in each other’s way', async () => {
    const tickerIds: number[] = [];
    for (let index = 0; index < 40; index += 1) {
      tickerIds.push(
        (
          await insertSchedule(database.pool, {
            ticker: `t${index}_usd`,
            sources: BOTH.map((source) => ({ ...source, batch: 'all' })),
          })
        ).tickerId,
      );
    }
    for (let round = 0; round < 15; round += 1) {
      const slot = NOON + round * 60;
      const ascending = tickerIds.map((tickerId) => accepted(tickerId, '10'));
      const decided = await Promise.all([
        store(ascending, { slot, batch: 'all', sourceId: DERIBIT }),
        store(ascending.toReversed(), { slot, batch: 'all', sourceId: COINGECKO }, other),
        store(ascending.toReversed(), { slot: slot + 60 * 100, batch: 'all', sourceId: DERIBIT }),
        samples.decidePrices(slot, tickerIds.toReversed(), NOON),
      ]);
      expect(decided[0].length + decided[1].length + decided[3].length).toBe(40);
    }
    expect(await prices()).toHaveLength(15 * 2 * 40);
    expect(await rows(`SELECT DISTINCT slot FROM latest`)).toEqual([{ slot: NOON + 60 * 114 }]);
  });
});
