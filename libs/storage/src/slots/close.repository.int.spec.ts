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
  type FetchDraft,
} from '../../../../test/builders/stored-schedules.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { CloseRepository } from './close.repository.js';
import { SampleRepository } from './sample.repository.js';

/** The window of a minute's slot is 15 s, grace 10 s more. */
const GRACE_END = NOON + 25;

describe('closing', () => {
  let database: TestDatabase;
  let otherPool: pg.Pool;
  let closing: CloseRepository;
  let samples: SampleRepository;
  let tickerId: number;

  beforeAll(async () => {
    database = await createTestDatabase();
    otherPool = database.openPool();
    closing = new CloseRepository(database.pool);
    samples = new SampleRepository(otherPool);
    await makePartitionsOfTests(database.pool);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await forgetEverything(database.pool);
    ({ tickerId } = await insertSchedule(database.pool, {
      ticker: 'btc_usd',
      sources: [{ sourceId: DERIBIT }, { sourceId: COINGECKO }],
    }));
  });

  function planned(draft: Partial<FetchDraft> = {}): Promise<void> {
    return insertFetch(database.pool, { sourceId: DERIBIT, batch: 'btc_usd', slot: NOON, ...draft });
  }

  describe('of a fetch that nobody has begun', () => {
    const DEADLINE = NOON + 15;

    it.each([
      ['queued', DEADLINE, ['btc_usd']],
      ['planned', DEADLINE, ['btc_usd']],
      ['queued', DEADLINE - 1, []],
      // Seen in each of three seconds, and then left to the closer.
      ['queued', DEADLINE + 2, ['btc_usd']],
      ['queued', DEADLINE + 3, []],
      ['running', DEADLINE, []],
      ['retry', DEADLINE, []],
      ['answered', DEADLINE, []],
    ])('names the job to be taken out of the queue: %s, at %i', async (status, nowSeconds, batches) => {
      await planned({ status });
      const expired = await closing.expiredUnbegun(nowSeconds, 10);
      expect(expired).toEqual(batches.map((batch) => ({ source: 'deribit', batch, slot: NOON })));
    });
  });

  async function rows(text: string): Promise<unknown[]> {
    return (await database.pool.query(text)).rows;
  }

  async function store(price: string, given: { sourceId?: number; slot?: number; nowSeconds?: number } = {}) {
    const { sourceId = DERIBIT, slot = NOON, nowSeconds = slot + 2 } = given;
    const result = {
      status: 'answered',
      requestedAt: new Date(slot * 1000),
      receivedAt: new Date(slot * 1000 + 500),
    } as const;
    const key = { sourceId, batch: 'btc_usd', slot };
    return (await samples.store(key, [accepted(tickerId, price)], result, nowSeconds)).decided;
  }

  const reasons: readonly (readonly [why: string, draft: Partial<FetchDraft>, outcome: string, reason: string])[] = [
    ['was planned and the queue did not take', { status: 'planned' }, 'missed', 'not_enqueued'],
    ['stood in the queue and nobody took', { status: 'queued' }, 'missed', 'not_taken'],
    ['was begun and never reported', { status: 'running', attempts: 1 }, 'missed', 'lost'],
    [
      'was put back after an error',
      { status: 'retry', attempts: 1, errorKind: 'rate_limited' },
      'failed',
      'rate_limited',
    ],
    ['was put back without a word', { status: 'retry', attempts: 1 }, 'missed', 'lost'],
  ];

  test.each(reasons)('a fetch that %s is closed with that reason', async (_why, draft, outcome, reason) => {
    await planned(draft);
    expect(await closing.closeOverdue(GRACE_END, 10)).toEqual([
      { source: 'deribit', batch: 'btc_usd', slot: NOON, tickers: ['btc_usd'], outcome, reason },
    ]);
    expect(await rows('SELECT source_id, outcome, reason, observed_at, batch FROM samples')).toEqual([
      { source_id: DERIBIT, outcome, reason, observed_at: null, batch: 'btc_usd' },
    ]);
    expect(await rows('SELECT status, error_kind FROM fetches')).toEqual([
      { status: 'closed', error_kind: draft.errorKind ?? null },
    ]);
  });

  test('nothing is closed before its grace is over', async () => {
    for (const [index, [, draft]] of reasons.entries()) await planned({ ...draft, slot: NOON + index * 60 });
    expect(await closing.closeOverdue(GRACE_END - 1, 10)).toEqual([]);
    expect(await closing.closeOverdue(GRACE_END, 10)).toHaveLength(1);
    expect(await rows('SELECT * FROM samples')).toHaveLength(1);
  });

  test('a shorter window has its grace sooner', async () => {
    await planned({ deadline: NOON + 1 });
    expect(await closing.closeOverdue(NOON + 10, 10)).toEqual([]);
    expect(await closing.closeOverdue(NOON + 11, 10)).toHaveLength(1);
  });

  test.each(['answered', 'failed', 'closed'])('a fetch that is %s is left alone', async (status) => {
    await planned({ status });
    expect(await closing.closeOverdue(GRACE_END + 1_000, 10)).toEqual([]);
    expect(await rows('SELECT * FROM samples')).toEqual([]);
  });

  test('every ticker of a batch gets the outcome', async () => {
    const other = await insertSchedule(database.pool, {
      ticker: 'eth_usd',
      sources: [{ sourceId: DERIBIT, batch: 'btc_usd' }],
    });
    await planned({ status: 'queued' });
    expect(await closing.closeOverdue(GRACE_END, 10)).toMatchObject([{ tickers: ['btc_usd', 'eth_usd'] }]);
    expect(await rows('SELECT ticker_id, reason FROM samples ORDER BY ticker_id')).toEqual([
      { ticker_id: tickerId, reason: 'not_taken' },
      { ticker_id: other.tickerId, reason: 'not_taken' },
    ]);
  });

  test('comes in portions, the oldest first, until all is closed', async () => {
    for (let minute = 4; minute >= 0; minute -= 1) await planned({ slot: NOON + minute * 60 });
    const later = GRACE_END + 3_600;
    const portions: number[][] = [];
    for (let index = 0; index < 4; index += 1)
      portions.push((await closing.closeOverdue(later, 2)).map(({ slot }) => (slot - NOON) / 60));
    expect(portions).toEqual([[0, 1], [2, 3], [4], []]);
  });

  test('two that close at once close each fetch once', async () => {
    for (let minute = 0; minute < 30; minute += 1) await planned({ slot: NOON + minute * 60 });
    const other = new CloseRepository(otherPool);
    const closed = await Promise.all([
      closing.closeOverdue(GRACE_END + 3_600, 50),
      other.closeOverdue(GRACE_END + 3_600, 50),
    ]);
    expect(
      closed
        .flat()
        .map(({ slot }) => slot)
        .sort(),
    ).toEqual(Array.from({ length: 30 }, (_, minute) => NOON + minute * 60));
    expect(await rows('SELECT * FROM samples')).toHaveLength(30);
  });

  test('the fallback is served when the better source is closed', async () => {
    await planned({ status: 'queued' });
    await store('11', { sourceId: COINGECKO });
    expect(await rows('SELECT * FROM prices')).toEqual([]);
    await closing.closeOverdue(GRACE_END, 10);
    expect(await rows('SELECT price, source_id FROM prices')).toEqual([{ price: '11', source_id: COINGECKO }]);
  });

  test('a store that races with the closing leaves exactly one outcome, and the price when there is one', async () => {
    for (let round = 0; round < 60; round += 1) {
      await planned({ slot: NOON + round * 60, status: 'running', attempts: 1 });
      const slot = NOON + round * 60;
      const [stored] = await Promise.all([
        store('10', { slot, nowSeconds: slot + 25 }),
        closing.closeOverdue(slot + 25, 10),
      ]);
      expect(stored).toHaveLength(1);
    }
    expect(await rows(`SELECT DISTINCT outcome FROM samples`)).toEqual([{ outcome: 'accepted' }]);
    expect(await rows('SELECT count(*)::int AS count FROM samples')).toEqual([{ count: 60 }]);
    expect(await rows('SELECT count(*)::int AS count FROM prices')).toEqual([{ count: 60 }]);
    expect(await rows('SELECT DISTINCT status FROM fetches')).toEqual([{ status: 'answered' }]);
  });

  test('a batch that is stored and closed at once, in whatever order its tickers come, never ends in a deadlock', async () => {
    const tickerIds: number[] = [];
    for (let index = 0; index < 20; index += 1) {
      tickerIds.push(
        (
          await insertSchedule(database.pool, {
            ticker: `t${index}_usd`,
            sources: [{ sourceId: DERIBIT, batch: 'all' }],
          })
        ).tickerId,
      );
    }
    for (let round = 0; round < 20; round += 1) {
      const slot = NOON + round * 60;
      await planned({ slot, batch: 'all', status: 'running', attempts: 1 });
      const result = {
        status: 'answered',
        requestedAt: new Date(slot * 1000),
        receivedAt: new Date(slot * 1000 + 5),
      } as const;
      const given = tickerIds.toReversed().map((id) => accepted(id, '5'));
      await Promise.all([
        samples.store({ sourceId: DERIBIT, batch: 'all', slot }, given, result, slot + 25),
        closing.closeOverdue(slot + 25, 10),
      ]);
    }
    expect(await rows('SELECT count(*)::int AS count FROM prices')).toEqual([{ count: 400 }]);
  });

  describe('deciding without waiting any longer', () => {
    beforeEach(() => planned({ status: 'running', attempts: 1 }));

    test('serves the fallback from the end of the window on, while the better source is still open', async () => {
      await store('11', { sourceId: COINGECKO });
      expect(await closing.decideExpired(NOON + 14, 10)).toEqual([]);
      expect(await closing.decideExpired(NOON + 15, 10)).toEqual([
        { tickerId, slot: NOON, price: '11', sourceId: COINGECKO },
      ]);
      expect(await closing.decideExpired(NOON + 16, 10)).toEqual([]);
    });

    test('has nothing to serve where nobody was accepted', async () => {
      expect(await closing.decideExpired(NOON + 20, 10)).toEqual([]);
    });

    test('the better answer that is stored afterwards is kept and does not change the price', async () => {
      await store('11', { sourceId: COINGECKO });
      await closing.decideExpired(NOON + 15, 10);
      expect(await store('10', { nowSeconds: NOON + 16 })).toEqual([]);
      expect(await rows('SELECT price FROM prices')).toEqual([{ price: '11' }]);
      expect(await rows('SELECT price FROM samples ORDER BY source_id')).toEqual([{ price: '10' }, { price: '11' }]);
    });

    test('races with the better answer and gives one price', async () => {
      for (let round = 1; round <= 40; round += 1) {
        const slot = NOON + round * 60;
        await planned({ slot, status: 'running', attempts: 1 });
        await store('11', { slot, sourceId: COINGECKO });
        const [decided, stored] = await Promise.all([
          closing.decideExpired(slot + 15, 10),
          store('10', { slot, nowSeconds: slot + 15 }),
        ]);
        expect(decided.length + stored.length).toBe(1);
      }
      expect(await rows('SELECT count(*)::int AS count FROM prices')).toEqual([{ count: 40 }]);
      expect(await rows('SELECT sum(count)::int AS count FROM candles')).toEqual([{ count: 40 }]);
    });
  });
});
