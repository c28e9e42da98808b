import {
  DERIBIT,
  forgetEverything,
  insertFetch,
  insertSchedule,
  makePartitionsOfTests,
  NOON,
  type FetchDraft,
} from '../../../../test/builders/stored-schedules.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { FetchRepository, type Claim, type ClaimOptions } from './fetch.repository.js';

const NOW_MS = (NOON + 2) * 1000;
const LEASE_MS = 5_000;

describe('taking a fetch of a source in hand', () => {
  let database: TestDatabase;
  let fetches: FetchRepository;

  beforeAll(async () => {
    database = await createTestDatabase();
    fetches = new FetchRepository(database.pool);
    await makePartitionsOfTests(database.pool);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await forgetEverything(database.pool);
    await database.pool.query('TRUNCATE source_states');
    for (const ticker of ['btc_usd', 'eth_usd']) await insertSchedule(database.pool, { ticker });
  });

  function store(draft: Partial<FetchDraft> = {}): Promise<void> {
    return insertFetch(database.pool, { sourceId: DERIBIT, batch: 'btc_usd', slot: NOON, ...draft });
  }

  function claim(change: Partial<ClaimOptions> = {}, batch = 'btc_usd'): Promise<Claim> {
    const options = { nowMs: NOW_MS, leaseMs: LEASE_MS, takeOver: false, ...change };
    return fetches.claim({ sourceId: DERIBIT, batch, slot: NOON }, options);
  }

  async function rest(columns: Readonly<Record<string, number>>): Promise<void> {
    await database.pool.query('INSERT INTO source_states (source_id) VALUES ($1)', [DERIBIT]);
    for (const [column, ms] of Object.entries(columns)) {
      await database.pool.query(`UPDATE source_states SET ${column} = to_timestamp($1::float8 / 1000)`, [ms]);
    }
  }

  const attempts = async (): Promise<number> =>
    (await database.pool.query<{ sum: number }>('SELECT sum(attempts)::int AS sum FROM fetches')).rows[0]?.sum ?? 0;

  describe('that is paused', () => {
    test('is refused, with the end of the pause, and counts as no attempt', async () => {
      await store();
      await rest({ paused_until: NOW_MS + 3_000 });
      expect(await claim()).toMatchObject({
        kind: 'source_unavailable',
        reason: 'paused',
        untilMs: NOW_MS + 3_000,
        deadline: NOON + 15,
        failure: undefined,
        members: [{ ticker: 'btc_usd' }],
      });
      expect(await attempts()).toBe(0);
    });

    test('is allowed when the pause is over, to the millisecond', async () => {
      await store();
      await rest({ paused_until: NOW_MS });
      expect(await claim({ nowMs: NOW_MS - 1 })).toMatchObject({ kind: 'source_unavailable' });
      expect(await claim()).toMatchObject({ kind: 'claimed', isProbe: false });
    });

    test('tells what the attempt before had failed with', async () => {
      await store({ status: 'retry', attempts: 1, errorKind: 'timeout' });
      await rest({ paused_until: NOW_MS + 3_000 });
      expect(await claim()).toMatchObject({ kind: 'source_unavailable', failure: { kind: 'timeout' } });
    });

    test('is too late and not unavailable when its window is over', async () => {
      await store();
      await rest({ paused_until: NOW_MS + 60_000 });
      expect(await claim({ nowMs: (NOON + 15) * 1000 })).toMatchObject({ kind: 'too_late' });
    });
  });

  describe('whose circuit is open', () => {
    test('is refused while it sits there', async () => {
      await store();
      await rest({ circuit_open_until: NOW_MS + 1 });
      expect(await claim()).toMatchObject({ kind: 'source_unavailable', reason: 'circuit_open', untilMs: NOW_MS + 1 });
    });

    test('is refused for ever when the circuit stays open', async () => {
      await store();
      await rest({});
      await database.pool.query(`UPDATE source_states SET circuit_open_until = 'infinity'`);
      expect(await claim()).toMatchObject({ kind: 'source_unavailable', reason: 'circuit_open', untilMs: Infinity });
    });

    test('is refused while a pause runs, also when its circuit is half-open', async () => {
      await store();
      await rest({ circuit_open_until: NOW_MS - 1, paused_until: NOW_MS + 9_000 });
      expect(await claim()).toMatchObject({ kind: 'source_unavailable', reason: 'paused', untilMs: NOW_MS + 9_000 });
    });

    test('is allowed to one fetch afterwards, and to no other while that one looks', async () => {
      await store();
      await store({ batch: 'eth_usd' });
      await rest({ circuit_open_until: NOW_MS });
      expect(await claim()).toMatchObject({ kind: 'claimed', isProbe: true, attempt: 1 });
      expect(await claim({}, 'eth_usd')).toMatchObject({ kind: 'source_unavailable', reason: 'circuit_open' });
      expect(await claim({ nowMs: NOW_MS + LEASE_MS - 1 }, 'eth_usd')).toMatchObject({ kind: 'source_unavailable' });
      expect(await claim({ nowMs: NOW_MS + LEASE_MS }, 'eth_usd')).toMatchObject({ kind: 'claimed', isProbe: true });
    });

    test('is allowed to exactly one of many that come at the same moment', async () => {
      const batches = Array.from({ length: 20 }, (_, index) => `batch-${index}`);
      for (const batch of batches) await store({ batch });
      await rest({ circuit_open_until: NOW_MS });
      const claims = await Promise.all(batches.map((batch) => claim({}, batch)));
      expect(claims.filter(({ kind }) => kind === 'claimed')).toMatchObject([{ isProbe: true }]);
      expect(claims.filter(({ kind }) => kind === 'source_unavailable')).toHaveLength(19);
      expect(await attempts()).toBe(1);
    });

    test('is not probed by a fetch that may not be called', async () => {
      await store({ status: 'answered' });
      await store({ batch: 'eth_usd' });
      await rest({ circuit_open_until: NOW_MS });
      expect(await claim()).toEqual({ kind: 'finished' });
      expect(await claim({}, 'eth_usd')).toMatchObject({ kind: 'claimed', isProbe: true });
    });
  });

  describe('whose call for the slot before is still under way', () => {
    const running = (draft: Partial<FetchDraft> = {}) =>
      store({ slot: NOON - 1, status: 'running', attempts: 1, leaseUntilMs: NOW_MS, ...draft });

    test('is refused as overload', async () => {
      await store();
      await running();
      expect(await claim()).toMatchObject({ kind: 'overload', failure: undefined, members: [{ ticker: 'btc_usd' }] });
      expect(await attempts()).toBe(1);
    });

    test.each([
      ['has let its lease run out', { leaseUntilMs: NOW_MS - 1 }],
      ['has answered', { status: 'answered' }],
      ['is of another batch', { batch: 'eth_usd' }],
      ['is of another source', { sourceId: 2 }],
      ['waits for its next attempt', { status: 'retry' }],
    ])('is allowed when that one %s', async (_which, draft) => {
      await store();
      await running(draft);
      expect(await claim()).toMatchObject({ kind: 'claimed' });
    });

    test('is refused likewise when a later slot is under way', async () => {
      await store();
      await running({ slot: NOON + 1 });
      expect(await claim()).toMatchObject({ kind: 'overload' });
    });
  });

  test('a fetch whose call was not made after all is put back and counts as no attempt', async () => {
    const key = { sourceId: DERIBIT, batch: 'btc_usd', slot: NOON };
    await store();
    await claim();
    await fetches.putBack(key, 1);
    expect(await attempts()).toBe(0);
    expect(await claim()).toMatchObject({ kind: 'claimed', attempt: 1 });
    // Somebody who took it over meanwhile keeps it.
    await fetches.putBack(key, 2);
    expect(await attempts()).toBe(1);
  });
});
