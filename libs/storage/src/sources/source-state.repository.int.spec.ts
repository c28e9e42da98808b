import { afterSuccess, FAILURES_TO_OPEN, HEALTHY } from '@app/domain';
import fc from 'fast-check';
import {
  DERIBIT,
  COINGECKO,
  insertSchedule,
  makePartitionsOfTests,
} from '../../../../test/builders/stored-schedules.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { SourceStateRepository, type NotedFailure, type SourceState } from './source-state.repository.js';

const T = Date.UTC(2026, 10, 20, 12);

describe('how sources behave', () => {
  let database: TestDatabase;
  let states: SourceStateRepository;

  beforeAll(async () => {
    database = await createTestDatabase();
    states = new SourceStateRepository(database.pool);
    await makePartitionsOfTests(database.pool);
  });
  afterAll(() => database.drop());
  beforeEach(() => database.pool.query('TRUNCATE source_states, tickers, schedules, ticker_sources CASCADE'));

  function fail(over: Partial<NotedFailure> = {}) {
    const usual = { kind: 'timeout', batch: 'a', atMs: T, windowSeconds: 15, isProbe: false, message: 'no answer' };
    return states.noteFailure(DERIBIT, { ...usual, ...over } as NotedFailure, 1);
  }

  const succeed = (atMs: number, latencyMs = 87) => states.noteSuccess(DERIBIT, { atMs, latencyMs });

  async function state(): Promise<SourceState | undefined> {
    return (await states.list()).find(({ sourceId }) => sourceId === DERIBIT);
  }

  async function openCircuit(): Promise<void> {
    for (let count = 0; count < FAILURES_TO_OPEN; count += 1) await fail({ atMs: T + count * 5_000 });
  }

  test('nothing is known of a source that was never asked', async () => {
    expect(await states.list()).toEqual([]);
  });

  test('a success is kept with its time and how long it took', async () => {
    expect(await succeed(T, 86.6)).toEqual({ recovered: false });
    expect(await state()).toMatchObject({ ...HEALTHY, lastSuccessAt: new Date(T), lastLatencyMs: 87 });
  });

  test('successes within a second of the last are not written down, so that many calls do not queue for one row', async () => {
    await succeed(T, 10);
    const version = () => database.pool.query<{ xmin: string }>('SELECT xmin::text FROM source_states');
    const before = (await version()).rows;
    for (let ms = 1; ms <= 1_000; ms += 333) await succeed(T + ms, 20);
    expect((await version()).rows).toEqual(before);
    await succeed(T + 1_001, 30);
    expect(await state()).toMatchObject({ lastSuccessAt: new Date(T + 1_001), lastLatencyMs: 30 });
  });

  test('a failure is kept with its kind, its message and its time, beside the last success', async () => {
    await succeed(T);
    const { before, after } = await fail({ kind: 'malformed', message: 'no JSON\u0000', atMs: T + 5 });
    expect(before.failures).toBe(0);
    expect(after).toMatchObject({ failures: 1, failingSinceMs: T + 5, failingBatches: ['a'] });
    expect(await state()).toMatchObject({
      ...after,
      lastFailureAt: new Date(T + 5),
      lastFailureKind: 'malformed',
      lastFailureMessage: expect.stringContaining('no JSON') as string,
      lastSuccessAt: new Date(T),
    });
  });

  test('an open circuit stays open for longer while another source answers, and does not when nobody does', async () => {
    await states.noteSuccess(COINGECKO, { atMs: T - 1_000, latencyMs: 10 });
    await openCircuit();
    const lengths: number[] = [];
    for (const answeredMeanwhile of [false, false, true, true, false]) {
      const atMs = (await state())?.circuitOpenUntilMs ?? 0;
      if (answeredMeanwhile) await states.noteSuccess(COINGECKO, { atMs: atMs - 1, latencyMs: 10 });
      const { after } = await fail({ atMs, isProbe: true });
      lengths.push(((after.circuitOpenUntilMs ?? 0) - atMs) / 1000);
    }
    expect(lengths).toEqual([30, 30, 60, 120, 30]);
  });

  test('a message of any length is kept in part', async () => {
    await fail({ message: 'x'.repeat(10_000) });
    expect((await state())?.lastFailureMessage).toHaveLength(500);
  });

  test('five failures open its circuit, and one success closes it, resets the counts and says so', async () => {
    await openCircuit();
    expect(await state()).toMatchObject({
      circuitOpenings: 1,
      circuitReason: 'timeout',
      circuitOpenUntilMs: T + 20_000 + 30_000,
    });
    expect(await succeed(T + 60_000)).toEqual({ recovered: true });
    expect(await state()).toMatchObject({ ...HEALTHY, lastFailureKind: 'timeout' });
    expect(await succeed(T + 62_000)).toEqual({ recovered: false });
  });

  test('a failure between two successes of one second is forgiven by the second of them', async () => {
    await succeed(T);
    await fail({ atMs: T + 10 });
    await succeed(T + 20);
    expect(await state()).toMatchObject({ failures: 0, failingBatches: [] });
  });

  test('failures that are noted at the same moment are all counted', async () => {
    await succeed(T);
    await Promise.all(Array.from({ length: 8 }, (_, index) => fail({ batch: `b${index}` })));
    expect(await state()).toMatchObject({ failures: 8, circuitOpenUntilMs: undefined });
  });

  test('a success ends a pause that is over, and none that still runs', async () => {
    await fail({ kind: 'rate_limited', retryAfterSeconds: 30 });
    await succeed(T + 1_000);
    expect(await state()).toMatchObject({ pausedUntilMs: T + 30_000, pauses: 1 });
    await succeed(T + 30_000);
    expect(await state()).toMatchObject({ pausedUntilMs: undefined, pauses: 0 });
  });

  test('a name that is not known opens the circuit only when every batch meets it', async () => {
    for (const ticker of ['btc_usd', 'eth_usd']) await insertSchedule(database.pool, { ticker });
    for (let count = 0; count < 9; count += 1) {
      await fail({ kind: 'not_found', batch: 'btc_usd', atMs: T + count * 60_000 });
    }
    expect(await state()).toMatchObject({ failures: 1, circuitOpenUntilMs: undefined });
    await fail({ kind: 'not_found', batch: 'eth_usd', atMs: T + 600_000 });
    expect(await state()).toMatchObject({ circuitReason: 'not_found' });
  });

  test('a probe that was not made is given up', async () => {
    await openCircuit();
    await database.pool.query(`UPDATE source_states SET probing_until = now()`);
    await states.endProbe(DERIBIT);
    expect((await state())?.probingUntilMs).toBeUndefined();
  });

  test('a source that needs a key and has none has its circuit open until it has one', async () => {
    await openCircuit();
    await states.noteKeys({ missing: [DERIBIT, 32_000], present: [COINGECKO] });
    expect(await state()).toMatchObject({ circuitReason: 'needs_key', circuitOpenUntilMs: Infinity });
    await states.noteKeys({ missing: [], present: [DERIBIT, COINGECKO] });
    expect(await state()).toMatchObject({ circuitReason: undefined, circuitOpenUntilMs: undefined });
  });

  test('a source whose circuit is open for something else stays so when it has a key', async () => {
    await openCircuit();
    await states.noteKeys({ missing: [], present: [DERIBIT] });
    expect((await state())?.circuitReason).toBe('timeout');
  });

  test('a success does the same in Postgres as in the rules', async () => {
    const kinds = fc.array(fc.constantFrom('timeout', 'rate_limited', 'unauthorized', 'drift'), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(kinds, fc.nat(200_000), async (failures, afterMs) => {
        await database.pool.query('TRUNCATE source_states');
        for (const [index, kind] of failures.entries()) await fail({ kind, atMs: T + index * 5_000 });
        const before = (await state()) ?? HEALTHY;
        await succeed(T + 40_000 + afterMs);
        expect(await state()).toMatchObject(afterSuccess(before, T + 40_000 + afterMs));
      }),
      { numRuns: 20 },
    );
  });
});
