import type pg from 'pg';
import {
  COINGECKO,
  DERIBIT,
  forgetEverything,
  insertFetch,
  insertSchedule,
  makePartitionsOfTests,
  NOON,
  rowOf,
  type FetchDraft,
} from '../../../../test/builders/stored-schedules.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { FetchRepository, type Claim, type ClaimOptions } from './fetch.repository.js';

const KEY = { sourceId: DERIBIT, batch: 'btc_usd', slot: NOON };
const NOW_MS = (NOON + 2) * 1000;

describe('the life of a fetch', () => {
  let database: TestDatabase;
  let otherPool: pg.Pool;
  let fetches: FetchRepository;
  let tickerId: number;

  beforeAll(async () => {
    database = await createTestDatabase();
    otherPool = database.openPool();
    fetches = new FetchRepository(database.pool);
    await makePartitionsOfTests(database.pool);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await forgetEverything(database.pool);
    ({ tickerId } = await insertSchedule(database.pool, { ticker: 'btc_usd' }));
  });

  function store(draft: Partial<FetchDraft> = {}): Promise<void> {
    return insertFetch(database.pool, { ...KEY, ...draft });
  }

  function claim(change: Partial<ClaimOptions> = {}, repository = fetches): Promise<Claim> {
    return repository.claim(KEY, { nowMs: NOW_MS, leaseMs: 5_000, takeOver: false, ...change });
  }

  function stored(): Promise<Record<string, unknown>> {
    return rowOf(
      database.pool,
      `SELECT status, attempts, round(extract(epoch FROM lease_until) * 1000)::float8 AS lease, round(extract(epoch FROM requested_at) * 1000)::float8 AS requested,
              error_kind AS "errorKind" FROM fetches`,
    );
  }

  const members = () => [
    {
      tickerId,
      ticker: 'btc_usd',
      sourceSymbol: 'btc_usd',
      deadline: NOON + 15,
      quote: 'usd',
      quotedIn: null,
      ruleOptions: {},
    },
  ];

  describe('taking it in hand', () => {
    test.each(['planned', 'queued', 'retry'])(
      'claims one that is %s, counts the attempt first and leases it',
      async (status) => {
        await store({ status });
        expect(await claim()).toEqual({
          kind: 'claimed',
          attempt: 1,
          maxAttempts: 3,
          deadline: NOON + 15,
          isProbe: false,
          members: members(),
        });
        expect(await stored()).toMatchObject({
          status: 'running',
          attempts: 1,
          requested: NOW_MS,
          lease: NOW_MS + 5_000,
        });
      },
    );

    test('lets nobody else begin while the lease runs, and the next one after it', async () => {
      await store();
      await claim();
      expect(await claim({ nowMs: NOW_MS + 4_999 })).toEqual({ kind: 'busy' });
      expect(await claim({ nowMs: NOW_MS + 5_000 })).toEqual({ kind: 'busy' });
      expect(await claim({ nowMs: NOW_MS + 5_001 })).toMatchObject({ kind: 'claimed', attempt: 2 });
    });

    test('takes over at once from a worker that is known to be gone', async () => {
      await store();
      await claim();
      expect(await claim({ takeOver: true })).toMatchObject({ kind: 'claimed', attempt: 2 });
    });

    test('never calls more often than planned, also when taking over', async () => {
      await store({ maxAttempts: 2 });
      await claim();
      await claim({ takeOver: true });
      expect(await claim({ takeOver: true })).toEqual({ kind: 'spent', members: members() });
      expect(await claim({ nowMs: NOW_MS + 6_000 })).toEqual({ kind: 'spent', members: members() });
      expect(await stored()).toMatchObject({ attempts: 2 });
    });

    test('is too late from the end of the window on, and not a millisecond before', async () => {
      await store();
      expect(await claim({ nowMs: (NOON + 15) * 1000 })).toEqual({
        kind: 'too_late',
        begun: false,
        members: members(),
      });
      expect(await claim({ nowMs: (NOON + 15) * 1000 - 1 })).toMatchObject({ kind: 'claimed' });
    });

    test('knows that somebody had begun when it is too late', async () => {
      await store();
      await claim();
      expect(await claim({ nowMs: (NOON + 15) * 1000 })).toEqual({ kind: 'too_late', begun: true, members: members() });
    });

    test('tells the failure after which another attempt was due, when that attempt comes too late or was the last', async () => {
      const failure = { kind: 'rate_limited', message: 'HTTP 429' } as const;
      await store({ maxAttempts: 1 });
      await claim();
      await fetches.release(KEY, 1, failure);
      expect(await claim()).toEqual({ kind: 'spent', failure, members: members() });
      const tooLate = await claim({ nowMs: (NOON + 15) * 1000 });
      expect(tooLate).toEqual({ kind: 'too_late', begun: true, failure, members: members() });
    });

    test('forgets the failure of an attempt once another has begun', async () => {
      await store();
      await claim();
      await fetches.release(KEY, 1, { kind: 'timeout', message: 'no answer' });
      await claim();
      expect(await claim({ nowMs: (NOON + 16) * 1000, takeOver: true })).toMatchObject({
        kind: 'too_late',
        failure: undefined,
      });
    });

    test('stays busy past the window while the lease of another runs', async () => {
      await store({ status: 'running', attempts: 1, leaseUntilMs: (NOON + 18) * 1000 });
      expect(await claim({ nowMs: (NOON + 16) * 1000 })).toEqual({ kind: 'busy' });
      expect(await claim({ nowMs: (NOON + 16) * 1000, takeOver: true })).toMatchObject({
        kind: 'too_late',
        begun: true,
      });
    });

    test.each(['answered', 'failed', 'closed'])('finds one that is %s finished', async (status) => {
      await store({ status, attempts: 1 });
      expect(await claim()).toEqual({ kind: 'finished' });
      expect(await claim({ takeOver: true })).toEqual({ kind: 'finished' });
      expect(await stored()).toMatchObject({ status, attempts: 1 });
    });

    test('finds one that was never planned finished', async () => {
      expect(await claim()).toEqual({ kind: 'finished' });
    });

    test('one of many at once gets it, and the others find it busy', async () => {
      const other = new FetchRepository(otherPool);
      for (let round = 0; round < 20; round += 1) {
        await database.pool.query('TRUNCATE fetches');
        await store();
        const claims = await Promise.all(
          Array.from({ length: 10 }, (_, index) => claim({}, index % 2 === 0 ? fetches : other)),
        );
        expect(claims.filter(({ kind }) => kind === 'claimed')).toHaveLength(1);
        expect(claims.filter(({ kind }) => kind === 'busy')).toHaveLength(9);
      }
    });

    test('many that take over at once make no more calls than planned', async () => {
      const other = new FetchRepository(otherPool);
      await store({ maxAttempts: 3 });
      const claims = await Promise.all(
        Array.from({ length: 16 }, (_, index) => claim({ takeOver: true }, index % 2 === 0 ? fetches : other)),
      );
      const attempts = claims.flatMap((one) => (one.kind === 'claimed' ? [one.attempt] : []));
      expect(attempts.sort()).toEqual([1, 2, 3]);
      expect(await stored()).toMatchObject({ attempts: 3 });
    });

    test('one that is put back between the claim and the question why it failed is not called spent', async () => {
      await store();
      await claim();
      // The holder gives it back in the very moment after our claim has found it taken.
      const releasedMeanwhile = {
        query: async (query: pg.QueryConfig) => {
          const result = await database.pool.query(query);
          if (query.name === 'claim-fetch') await fetches.release(KEY, 1, { kind: 'timeout', message: 'no answer' });
          return result;
        },
      } as unknown as pg.Pool;
      expect(await claim({}, new FetchRepository(releasedMeanwhile))).toEqual({ kind: 'busy' });
    });
  });

  describe('putting it back', () => {
    test('ends the lease, keeps the attempts and says what went wrong', async () => {
      await store();
      await claim();
      await fetches.release(KEY, 1, { kind: 'rate_limited', message: 'HTTP 429' });
      expect(await stored()).toMatchObject({ status: 'retry', attempts: 1, lease: null, errorKind: 'rate_limited' });
      expect(await claim()).toMatchObject({ kind: 'claimed', attempt: 2 });
    });

    test.each(['answered', 'closed', 'planned'])('does nothing to one that is %s', async (status) => {
      await store({ status });
      await fetches.release(KEY, 1, { kind: 'timeout', message: 'x' });
      expect(await stored()).toMatchObject({ status, errorKind: null });
    });

    test('keeps a message that holds what Postgres cannot', async () => {
      await store();
      await claim();
      await fetches.release(KEY, 1, { kind: 'malformed', message: 'not \u0000 JSON \ud800' });
      expect(await stored()).toMatchObject({ status: 'retry' });
    });
  });

  describe('its members', () => {
    test('are the tickers of the batch in that slot, by id', async () => {
      const btc = await insertSchedule(database.pool, {
        ticker: 'xbt_usd',
        sources: [{ sourceId: COINGECKO, batch: 'coins' }],
      });
      const eth = await insertSchedule(database.pool, {
        ticker: 'eth_usd',
        sources: [{ sourceId: COINGECKO, batch: 'coins', intervalSeconds: 120 }],
      });
      await insertSchedule(database.pool, {
        ticker: 'old_usd',
        fromSlot: NOON - 600,
        toSlot: NOON,
        sources: [{ sourceId: COINGECKO, batch: 'coins' }],
      });
      await insertSchedule(database.pool, {
        ticker: 'new_usd',
        fromSlot: NOON + 60,
        sources: [{ sourceId: COINGECKO, batch: 'coins' }],
      });
      await insertSchedule(database.pool, { ticker: 'own_usd', sources: [{ sourceId: COINGECKO }] });
      const idsAt = async (slot: number): Promise<number[]> =>
        (await fetches.members({ sourceId: COINGECKO, batch: 'coins', slot })).map((member) => member.tickerId);
      expect(await idsAt(NOON)).toEqual([btc.tickerId, eth.tickerId]);
      expect(await idsAt(NOON + 60)).toHaveLength(2);
      expect(await idsAt(NOON + 60)).not.toContain(eth.tickerId);
      expect(await fetches.members({ sourceId: DERIBIT, batch: 'coins', slot: NOON })).toEqual([]);
    });

    test('have each the end of their own window', async () => {
      const coins = [{ sourceId: COINGECKO, batch: 'coins' }];
      await insertSchedule(database.pool, { ticker: 'xbt_usd', intervalSeconds: 5, sources: coins });
      await insertSchedule(database.pool, { ticker: 'eth_usd', intervalSeconds: 60, sources: coins });
      const deadlines = (await fetches.members({ sourceId: COINGECKO, batch: 'coins', slot: NOON })).map(
        (member) => member.deadline - NOON,
      );
      expect(deadlines).toEqual([5, 15]);
    });

    test('leave out a ticker whose slot was recorded as a gap, and only in that slot', async () => {
      await database.pool.query(`INSERT INTO gaps VALUES ($1, $2, $3, 'not_planned', now())`, [
        tickerId,
        NOON,
        NOON + 60,
      ]);
      expect(await fetches.members(KEY)).toEqual([]);
      expect(await fetches.members({ ...KEY, slot: NOON + 60 })).toHaveLength(1);
      expect(await fetches.members({ ...KEY, slot: NOON - 60 })).toEqual([]);
    });
  });
});
