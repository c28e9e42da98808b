import type pg from 'pg';
import {
  accepted,
  COINGECKO,
  DERIBIT,
  forgetEverything,
  insertFetch,
  insertSchedule,
  makePartitionsOfTests,
  NOON,
  rowOf,
} from '../../../test/builders/stored-schedules.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import { createPool } from './pool.js';
import { SampleRepository, type DecidedPrice, type FetchResult, type Sample } from './sample.repository.js';

const BOTH = [{ sourceId: DERIBIT }, { sourceId: COINGECKO }];
const IN_WINDOW = NOON + 3;

function resultAt(slot: number, status: FetchResult['status'] = 'answered'): FetchResult {
  return {
    status,
    requestedAt: new Date(slot * 1000 + 100),
    receivedAt: new Date(slot * 1000 + 412),
    httpStatus: 200,
    latencyMs: 312,
  };
}

describe('storing samples', () => {
  let database: TestDatabase;
  let otherPool: pg.Pool;
  let samples: SampleRepository;
  let other: SampleRepository;

  beforeAll(async () => {
    database = await createTestDatabase();
    otherPool = createPool({
      url: database.url,
      applicationName: 'other',
      maxConnections: 8,
      onIdleError: () => undefined,
    });
    samples = new SampleRepository(database.pool);
    other = new SampleRepository(otherPool);
    await makePartitionsOfTests(database.pool);
  });
  afterAll(async () => {
    await otherPool.end();
    await database.drop();
  });
  beforeEach(() => forgetEverything(database.pool));

  interface Given {
    readonly sourceId?: number;
    readonly slot?: number;
    readonly batch?: string;
    readonly nowSeconds?: number;
    readonly result?: FetchResult;
  }

  function store(
    given: Sample | readonly Sample[],
    { sourceId = DERIBIT, slot = NOON, batch = 'btc_usd', ...rest }: Given = {},
    by = samples,
  ): Promise<DecidedPrice[]> {
    const { nowSeconds = slot + 3, result = resultAt(slot) } = rest;
    return by.store({ sourceId, batch, slot }, 'outcome' in given ? [given] : given, result, nowSeconds);
  }

  async function rows<T = Record<string, unknown>>(text: string): Promise<T[]> {
    return (await database.pool.query(text)).rows as T[];
  }

  const prices = () =>
    rows<{ slot: number; price: string; source_id: number }>(
      'SELECT slot, price::text, source_id FROM prices ORDER BY ticker_id, slot',
    );

  describe('of one source', () => {
    let tickerId: number;

    beforeEach(async () => {
      ({ tickerId } = await insertSchedule(database.pool, { ticker: 'btc_usd' }));
    });

    test('keeps everything about the sample, its price and its fetch', async () => {
      await insertFetch(database.pool, {
        sourceId: DERIBIT,
        batch: 'btc_usd',
        slot: NOON,
        status: 'running',
        attempts: 1,
        leaseUntilMs: NOON * 1000,
      });
      const sample = { ...accepted(tickerId, '87123.45'), raw: '8.712345e4', sourceTime: new Date(NOON * 1000 + 17) };
      expect(await store(sample)).toEqual([{ tickerId, slot: NOON, price: '87123.45', sourceId: DERIBIT }]);
      expect(await rows('SELECT * FROM samples')).toEqual([
        {
          ticker_id: tickerId,
          slot: NOON,
          source_id: DERIBIT,
          outcome: 'accepted',
          reason: null,
          price: '87123.45',
          raw: '8.712345e4',
          source_time: new Date(NOON * 1000 + 17),
          requested_at: new Date(NOON * 1000 + 100),
          observed_at: new Date(NOON * 1000 + 412),
          batch: 'btc_usd',
          origin: 'live',
          revision: 0,
        },
      ]);
      expect(await rows('SELECT slot, price, source_id, observed_at, flags, revision FROM prices')).toEqual([
        {
          slot: NOON,
          price: '87123.45',
          source_id: DERIBIT,
          observed_at: new Date(NOON * 1000 + 412),
          flags: 0,
          revision: 0,
        },
      ]);
      expect(await rows('SELECT status, lease_until, http_status, latency_ms FROM fetches')).toEqual([
        { status: 'answered', lease_until: null, http_status: 200, latency_ms: 312 },
      ]);
    });

    test.each([
      '1234567890123456789012345678901234567890',
      '0.123456789012345678901234567890123456789',
      '12345678901234567890.12345678901234567890',
      '1.500',
      '100.000000000000000000',
      '0.000000000000000001',
      '1000000000000',
    ])('gives %s back with exactly its digits everywhere', async (price) => {
      expect(await store(accepted(tickerId, price))).toMatchObject([{ price }]);
      for (const column of [
        'price FROM samples',
        'price FROM prices',
        'price FROM latest',
        'open AS price FROM candles',
        'close AS price FROM candles',
      ]) {
        expect(await rows(`SELECT ${column}`)).toEqual([{ price }]);
      }
    });

    test('the same twice changes nothing', async () => {
      await insertFetch(database.pool, { sourceId: DERIBIT, batch: 'btc_usd', slot: NOON, status: 'running' });
      const picture = () =>
        rows(`SELECT (SELECT json_agg(s) FROM samples s) AS s, (SELECT json_agg(p) FROM prices p) AS p, (SELECT json_agg(l) FROM latest l) AS l,
        (SELECT json_agg(c) FROM candles c) AS c, (SELECT json_agg(f) FROM fetches f) AS f`);
      await store(accepted(tickerId, '10'));
      const first = await picture();
      expect(await store(accepted(tickerId, '10'))).toEqual([]);
      expect(await picture()).toEqual(first);
    });

    test('a price is decided once: another answer for the slot changes nothing', async () => {
      await store(accepted(tickerId, '10'));
      expect(await store(accepted(tickerId, '99'))).toEqual([]);
      expect(await prices()).toEqual([{ slot: NOON, price: '10', source_id: DERIBIT }]);
      expect(await rows('SELECT price FROM samples')).toEqual([{ price: '10' }]);
    });

    const ends: Sample[] = [
      { tickerId: 0, outcome: 'rejected', reason: 'absurd', raw: '1e99' },
      { tickerId: 0, outcome: 'failed', reason: 'timeout' },
      { tickerId: 0, outcome: 'failed', reason: 'absent' },
      { tickerId: 0, outcome: 'missed', reason: 'late' },
    ];

    test.each(ends)('$outcome ($reason) is kept with its reason and makes no price', async (sample) => {
      expect(await store({ ...sample, tickerId })).toEqual([]);
      expect(await rows('SELECT outcome, reason, price FROM samples')).toEqual([
        { outcome: sample.outcome, reason: sample.reason, price: null },
      ]);
      expect(await prices()).toEqual([]);
      expect(await rows('SELECT * FROM latest')).toEqual([]);
    });

    test('what was called missed gives way to an answer that was stored late', async () => {
      await store(
        { tickerId, outcome: 'missed', reason: 'lost' },
        { result: { status: 'closed' }, nowSeconds: NOON + 25 },
      );
      expect(await store(accepted(tickerId, '10'), { nowSeconds: NOON + 90 })).toMatchObject([{ price: '10' }]);
      expect(await rows('SELECT outcome, reason, price, observed_at FROM samples')).toEqual([
        { outcome: 'accepted', reason: null, price: '10', observed_at: new Date(NOON * 1000 + 412) },
      ]);
    });

    test('what was called missed gives way to a failure too, and to no other miss', async () => {
      await store({ tickerId, outcome: 'missed', reason: 'not_taken' });
      await store({ tickerId, outcome: 'missed', reason: 'late' });
      expect(await rows('SELECT reason FROM samples')).toEqual([{ reason: 'not_taken' }]);
      await store({ tickerId, outcome: 'failed', reason: 'timeout' });
      expect(await rows('SELECT outcome, reason FROM samples')).toEqual([{ outcome: 'failed', reason: 'timeout' }]);
    });

    test.each(ends.slice(0, 3))('$outcome ($reason) gives way to nothing', async (sample) => {
      await store({ ...sample, tickerId });
      await store(accepted(tickerId, '10'));
      await store({ tickerId, outcome: 'missed', reason: 'lost' });
      expect(await rows('SELECT outcome, reason FROM samples')).toEqual([
        { outcome: sample.outcome, reason: sample.reason },
      ]);
      expect(await prices()).toEqual([]);
    });

    test.each(['answered', 'failed'] as const)(
      'a fetch that is %s is never called closed by one who came too late',
      async (status) => {
        await insertFetch(database.pool, { sourceId: DERIBIT, batch: 'btc_usd', slot: NOON, status: 'running' });
        const result = { ...resultAt(NOON, status), errorKind: status === 'failed' ? 'timeout' : undefined };
        await store(
          status === 'failed' ? { tickerId, outcome: 'failed', reason: 'timeout' } : accepted(tickerId, '1'),
          { result },
        );
        const before = await rows('SELECT * FROM fetches');
        await store({ tickerId, outcome: 'missed', reason: 'lost' }, { result: { status: 'closed' } });
        expect(await rows('SELECT * FROM fetches')).toEqual(before);
      },
    );

    test('text that Postgres cannot hold does not lose the sample', async () => {
      await insertFetch(database.pool, { sourceId: DERIBIT, batch: 'btc_usd', slot: NOON, status: 'running' });
      await store(
        { tickerId, outcome: 'rejected', reason: 'not_a_decimal', raw: '12\u0000\ud800' },
        { result: { ...resultAt(NOON, 'failed'), errorMessage: 'bad \u0000 news' } },
      );
      expect(await rows('SELECT raw FROM samples')).toEqual([{ raw: '12\ufffd\ufffd' }]);
      expect(await rows('SELECT error_message FROM fetches')).toEqual([{ error_message: 'bad \ufffd news' }]);
    });

    test('a slot outside every schedule gets its sample and no price', async () => {
      expect(await store(accepted(tickerId, '10'), { slot: NOON - 60 })).toEqual([]);
      expect(await prices()).toEqual([]);
    });

    test('rolls everything back when one part cannot be stored', async () => {
      await expect(store([accepted(tickerId, '10'), accepted(tickerId + 1, '-1')])).rejects.toMatchObject({
        code: '23514',
      });
      expect(await rows('SELECT * FROM samples')).toEqual([]);
    });

    test('a fetch of no ticker at all is finished all the same', async () => {
      await insertFetch(database.pool, { sourceId: DERIBIT, batch: 'btc_usd', slot: NOON, status: 'running' });
      expect(await store([])).toEqual([]);
      expect(await rows('SELECT status FROM fetches')).toEqual([{ status: 'answered' }]);
    });

    describe('what is derived', () => {
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
      expect(await samples.decide(NOON, [tickerId], NOON + 14)).toEqual([]);
      expect(await samples.decide(NOON, [tickerId], NOON + 15)).toMatchObject([{ sourceId: COINGECKO }]);
      expect(await samples.decide(NOON, [tickerId], NOON + 16)).toEqual([]);
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
        samples.decide(slot, tickerIds.toReversed(), NOON),
      ]);
      expect(decided[0].length + decided[1].length + decided[3].length).toBe(40);
    }
    expect(await prices()).toHaveLength(15 * 2 * 40);
    expect(await rows(`SELECT DISTINCT slot FROM latest`)).toEqual([{ slot: NOON + 60 * 114 }]);
  });
});
