import {
  COINGECKO,
  DERIBIT,
  forgetEverything,
  insertFetch,
  insertSchedule,
  makePartitionsOfTests,
  NOON,
  rowOf,
} from '../../../../test/builders/stored-schedules.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { PlanRepository, type PlannedFetch } from './plan.repository.js';

function fetchAt(slot: number, batch = 'btc_usd'): PlannedFetch {
  return { sourceId: DERIBIT, batch, slot, deadline: slot + 15, maxAttempts: 3 };
}

describe('handing fetches to the queue', () => {
  let database: TestDatabase;
  let plans: PlanRepository;

  beforeAll(async () => {
    database = await createTestDatabase();
    plans = new PlanRepository(database.pool);
    await makePartitionsOfTests(database.pool);
  });
  afterAll(() => database.drop());
  beforeEach(() => forgetEverything(database.pool));

  describe('what the queue is offered', () => {
    const NOW_MS = (NOON + 5) * 1000;

    async function offered(nowMs = NOW_MS, limit = 100): Promise<string[]> {
      return (await plans.enqueuable(nowMs, limit)).map(({ batch }) => batch);
    }

    test('is a fetch with all that its job needs', async () => {
      await insertFetch(database.pool, {
        sourceId: COINGECKO,
        batch: 'coins',
        slot: NOON,
        deadline: NOON + 7,
        maxAttempts: 2,
      });
      expect(await plans.enqueuable(NOW_MS, 10)).toEqual([
        { sourceId: COINGECKO, source: 'coingecko', batch: 'coins', slot: NOON, deadline: NOON + 7, maxAttempts: 2 },
      ]);
    });

    test('leaves out what is over, what has its outcome, and what somebody has in hand', async () => {
      const base = { sourceId: DERIBIT, slot: NOON };
      await insertFetch(database.pool, { ...base, batch: 'planned' });
      await insertFetch(database.pool, { ...base, batch: 'over', deadline: NOON + 5 });
      for (const status of ['answered', 'failed', 'closed'])
        await insertFetch(database.pool, { ...base, batch: status, status });
      await insertFetch(database.pool, { ...base, batch: 'in-hand', status: 'running', leaseUntilMs: NOW_MS + 1 });
      await insertFetch(database.pool, { ...base, batch: 'long-ago', slot: NOON - 3_600, deadline: NOON + 60 });
      expect(await offered()).toEqual(['planned']);
    });

    test('is offered again when the queue has not begun it for two seconds', async () => {
      const base = { sourceId: DERIBIT, slot: NOON };
      await insertFetch(database.pool, {
        ...base,
        batch: 'queued-fresh',
        status: 'queued',
        enqueuedAtMs: NOW_MS - 2_000,
      });
      await insertFetch(database.pool, {
        ...base,
        batch: 'queued-old',
        status: 'queued',
        enqueuedAtMs: NOW_MS - 2_001,
      });
      await insertFetch(database.pool, {
        ...base,
        batch: 'retry-fresh',
        status: 'retry',
        enqueuedAtMs: NOW_MS - 2_000,
      });
      await insertFetch(database.pool, { ...base, batch: 'retry-old', status: 'retry', enqueuedAtMs: NOW_MS - 2_001 });
      expect(await offered()).toEqual(['queued-old', 'retry-old']);
    });

    test('is offered again when the lease of a worker ran out', async () => {
      await insertFetch(database.pool, {
        sourceId: DERIBIT,
        slot: NOON,
        batch: 'left',
        status: 'running',
        attempts: 1,
        leaseUntilMs: NOW_MS - 1,
      });
      expect(await offered()).toEqual(['left']);
    });

    test('has an end: the oldest first, as many as asked for', async () => {
      for (const batch of ['c', 'a', 'b'])
        await insertFetch(database.pool, { sourceId: DERIBIT, slot: NOON + 1, batch });
      await insertFetch(database.pool, { sourceId: DERIBIT, slot: NOON, batch: 'z' });
      expect(await offered(NOW_MS, 3)).toEqual(['z', 'a', 'b']);
    });
  });

  describe('the rates that others wait for', () => {
    test('come first of a slot, and no slot waits for those of the next', async () => {
      const usdt = { ticker: 'usdt_usd', sources: [{ sourceId: COINGECKO, batch: 'rates' }] };
      await insertSchedule(database.pool, usdt);
      const quotedIn = { sourceId: DERIBIT, batch: 'a', quotedIn: 'usdt' };
      await insertSchedule(database.pool, {
        ticker: 'sol_usd',
        sources: [quotedIn, { ...quotedIn, sourceId: COINGECKO }],
      });
      await insertSchedule(database.pool, { ticker: 'eur_usd', sources: [{ sourceId: COINGECKO, batch: 'b' }] });
      for (const slot of [NOON, NOON + 1]) {
        for (const batch of ['a', 'b', 'rates']) await insertFetch(database.pool, { sourceId: COINGECKO, slot, batch });
        await insertFetch(database.pool, { sourceId: DERIBIT, slot, batch: 'a' });
      }
      const offered = await plans.enqueuable((NOON + 5) * 1000, 100);
      const ofSlot = [`${COINGECKO} rates`, `${DERIBIT} a`, `${COINGECKO} a`, `${COINGECKO} b`];
      expect(offered.map(({ sourceId, batch }) => `${sourceId} ${batch}`)).toEqual([...ofSlot, ...ofSlot]);
    });
  });

  describe('noting what the queue has taken', () => {
    async function statusAfter(status: string): Promise<unknown> {
      await insertFetch(database.pool, {
        sourceId: DERIBIT,
        slot: NOON,
        batch: 'btc_usd',
        status,
        attempts: status === 'planned' ? 0 : 1,
      });
      await plans.markEnqueued([fetchAt(NOON)], (NOON + 1) * 1000);
      return rowOf(database.pool, 'SELECT status, extract(epoch FROM enqueued_at)::int AS at FROM fetches');
    }

    test('makes a planned one queued', async () => {
      expect(await statusAfter('planned')).toEqual({ status: 'queued', at: NOON + 1 });
    });

    test.each(['running', 'retry', 'queued'])('leaves one that is %s as it is, and notes the time', async (status) => {
      expect(await statusAfter(status)).toEqual({ status, at: NOON + 1 });
    });

    test.each(['answered', 'failed', 'closed'])('does not touch one that is %s', async (status) => {
      expect(await statusAfter(status)).toEqual({ status, at: null });
    });

    test('of nothing is no fault', async () => {
      await plans.markEnqueued([], NOON * 1000);
    });
  });
});
