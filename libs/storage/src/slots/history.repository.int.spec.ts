import {
  DERIBIT,
  COINGECKO,
  forgetEverything,
  insertSchedule,
  makePartitionsOfTests,
  NOON,
  accepted,
  untilBlocked,
} from '../../../../test/builders/stored-schedules.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { HistoryRepository, type HistoryRange } from './history.repository.js';
import { SampleRepository, storeSamples } from './sample.repository.js';

/** The first schedule of the tests begins here, in the middle of an hour. */
const FIRST_SLOT = NOON + 1_800;

describe('the past of a ticker', () => {
  let database: TestDatabase;
  let histories: HistoryRepository;
  let tickerId: number;

  beforeAll(async () => {
    database = await createTestDatabase();
    histories = new HistoryRepository(database.pool);
    await makePartitionsOfTests(database.pool);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await forgetEverything(database.pool);
    ({ tickerId } = await insertSchedule(database.pool, {
      ticker: 'btc_usd',
      fromSlot: FIRST_SLOT,
      intervalSeconds: 5,
      sources: [{ sourceId: DERIBIT }, { sourceId: COINGECKO }],
    }));
  });

  async function rows<T = Record<string, unknown>>(text: string): Promise<T[]> {
    return (await database.pool.query(text)).rows as T[];
  }

  /** A price a minute for so many minutes before the first schedule. */
  function range(minutes: number, change: Partial<HistoryRange> = {}): HistoryRange {
    const points = Array.from(
      { length: minutes },
      (_, index) => [FIRST_SLOT - (minutes - index) * 60, `${100 + index}.50`] as const,
    );
    return {
      ticker: 'btc_usd',
      sourceId: DERIBIT,
      intervalSeconds: 60,
      receivedAt: new Date(FIRST_SLOT * 1000 - 5),
      points,
      ...change,
    };
  }

  test('is missing for a ticker that has none, before its first schedule and from its first source', async () => {
    expect(await histories.withoutHistory()).toEqual([
      { ticker: 'btc_usd', fromSlot: FIRST_SLOT, sourceId: DERIBIT, sourceSymbol: 'btc_usd' },
    ]);
  });

  test('is put before the first schedule with a schedule of its own, so that its slots are expected and there', async () => {
    expect(await histories.insert(range(90))).toBe(90);
    expect(
      await rows('SELECT from_slot, to_slot, interval_seconds, planned_to FROM schedules ORDER BY from_slot'),
    ).toEqual([
      { from_slot: FIRST_SLOT - 5_400, to_slot: FIRST_SLOT, interval_seconds: 60, planned_to: FIRST_SLOT },
      { from_slot: FIRST_SLOT, to_slot: null, interval_seconds: 5, planned_to: FIRST_SLOT },
    ]);
    expect(await rows(`SELECT DISTINCT outcome, origin, source_id FROM samples`)).toEqual([
      { outcome: 'accepted', origin: 'history', source_id: DERIBIT },
    ]);
    expect(await rows('SELECT count(*)::int AS count FROM prices')).toEqual([{ count: 90 }]);
    expect(await histories.withoutHistory()).toEqual([]);
  });

  test('keeps every digit', async () => {
    await histories.insert(range(1));
    expect(await rows('SELECT price FROM prices')).toEqual([{ price: '100.50' }]);
    expect(await rows('SELECT price, raw FROM samples')).toEqual([{ price: '100.50', raw: '100.50' }]);
  });

  test('makes exact candles, also for the hour that it shares with live prices', async () => {
    await new SampleRepository(database.pool).store(
      { sourceId: DERIBIT, batch: 'btc_usd', slot: FIRST_SLOT },
      [accepted(tickerId, '7')],
      { status: 'answered', requestedAt: new Date(FIRST_SLOT * 1000), receivedAt: new Date(FIRST_SLOT * 1000 + 1) },
      FIRST_SLOT + 1,
    );
    await histories.insert(range(90));
    expect(await rows('SELECT * FROM candles ORDER BY bucket')).toEqual([
      {
        ticker_id: tickerId,
        bucket: NOON - 3_600,
        open: '100.50',
        open_slot: NOON - 3_600,
        high: '159.50',
        low: '100.50',
        close: '159.50',
        close_slot: NOON - 60,
        count: 60,
      },
      {
        ticker_id: tickerId,
        bucket: NOON,
        open: '160.50',
        open_slot: NOON,
        high: '189.50',
        low: '7',
        close: '7',
        close_slot: FIRST_SLOT,
        count: 31,
      },
    ]);
  });

  test('loses no live price that is stored at the same time in an hour that both share', async () => {
    const live = await database.pool.connect();
    try {
      await live.query('BEGIN');
      const key = { sourceId: DERIBIT, batch: 'btc_usd', slot: FIRST_SLOT };
      await storeSamples(live, key, {
        samples: [accepted(tickerId, '7')],
        result: { status: 'answered', receivedAt: new Date(FIRST_SLOT * 1000) },
        nowSeconds: FIRST_SLOT,
      });
      const inserted = histories.insert(range(3));
      await untilBlocked(database.pool);
      await live.query('COMMIT');
      await inserted;
    } finally {
      live.release();
    }
    expect(await rows('SELECT open, high, low, close, count FROM candles')).toEqual([
      { open: '100.50', high: '102.50', low: '7', close: '7', count: 4 },
    ]);
  });

  test('its newest price is the latest until there is a live one, and never after', async () => {
    await histories.insert(range(3));
    expect(await rows('SELECT slot, price, source_id FROM latest')).toEqual([
      { slot: FIRST_SLOT - 60, price: '102.50', source_id: DERIBIT },
    ]);
  });

  test('does not push a live price from being the latest', async () => {
    await new SampleRepository(database.pool).store(
      { sourceId: DERIBIT, batch: 'btc_usd', slot: FIRST_SLOT },
      [accepted(tickerId, '7')],
      { status: 'answered', requestedAt: new Date(FIRST_SLOT * 1000), receivedAt: new Date(FIRST_SLOT * 1000 + 1) },
      FIRST_SLOT + 1,
    );
    await histories.insert(range(3));
    expect(await rows('SELECT slot, price FROM latest')).toEqual([{ slot: FIRST_SLOT, price: '7' }]);
  });

  test('makes the partitions that it needs', async () => {
    const slot = Date.UTC(2019, 1, 3) / 1000;
    expect(await histories.insert(range(0, { points: [[slot, '1']] }))).toBe(1);
    expect(await rows('SELECT tableoid::regclass::text AS partition FROM prices')).toEqual([
      { partition: 'prices_y2019m02' },
    ]);
  });

  test('of nothing stores nothing', async () => {
    expect(await histories.insert(range(0))).toBe(0);
    expect(await rows('SELECT * FROM schedules')).toHaveLength(1);
  });

  test('stores all of it or none of it', async () => {
    await expect(
      histories.insert(
        range(3, {
          points: [
            [FIRST_SLOT - 120, '1'],
            [FIRST_SLOT - 60, '-1'],
          ],
        }),
      ),
    ).rejects.toMatchObject({ code: '23514' });
    expect(await rows('SELECT * FROM schedules')).toHaveLength(1);
    expect(await rows('SELECT * FROM samples')).toEqual([]);
  });

  test('is refused twice, so that no slot is there twice', async () => {
    await histories.insert(range(3));
    await expect(histories.insert(range(3))).rejects.toThrow('btc_usd has no schedule');
    expect(await rows('SELECT count(*)::int AS count FROM prices')).toEqual([{ count: 3 }]);
  });

  test('is refused where it reaches into what is sampled live', async () => {
    await expect(
      histories.insert(
        range(0, {
          points: [
            [FIRST_SLOT - 60, '1'],
            [FIRST_SLOT, '2'],
          ],
        }),
      ),
    ).rejects.toThrow('btc_usd');
    expect(await rows('SELECT * FROM prices')).toEqual([]);
  });

  test('is refused for a ticker without a schedule', async () => {
    await expect(histories.insert(range(2, { ticker: 'eth_usd' }))).rejects.toThrow(
      'eth_usd has no schedule of source 1 to put this history before',
    );
  });

  test('is refused from a source that the first schedule does not have', async () => {
    await forgetEverything(database.pool);
    await insertSchedule(database.pool, { ticker: 'btc_usd', fromSlot: FIRST_SLOT });
    await expect(histories.insert(range(2, { sourceId: COINGECKO }))).rejects.toThrow('btc_usd');
    expect(await rows('SELECT * FROM prices')).toEqual([]);
  });
});
