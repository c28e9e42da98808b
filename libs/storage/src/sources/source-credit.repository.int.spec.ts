import {
  COINGECKO,
  DERIBIT,
  insertSchedule,
  makePartitionsOfTests,
  NOON,
} from '../../../../test/builders/stored-schedules.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { askedBatches, spendCredits, usedCredits } from './source-credit.repository.js';

const NOVEMBER = Date.UTC(2026, 10, 30, 23, 59, 59);
const DECEMBER = Date.UTC(2026, 11, 1);

describe('the credits of a month', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
    await makePartitionsOfTests(database.pool);
  });
  afterAll(() => database.drop());
  beforeEach(() => database.pool.query('TRUNCATE source_credits, tickers, schedules, ticker_sources CASCADE'));

  const spend = (cost: number, { monthly = 10, nowMs = NOVEMBER, sourceId = COINGECKO } = {}) =>
    spendCredits(database.pool, { sourceId, cost, monthly, nowMs });

  test('are counted for each call by what it costs, until the month is spent', async () => {
    expect(await spend(4)).toEqual({ granted: true, used: 4 });
    expect(await spend(5)).toEqual({ granted: true, used: 9 });
    expect(await spend(2)).toEqual({ granted: false, used: 9 });
    expect(await spend(1)).toEqual({ granted: true, used: 10 });
    expect(await spend(1)).toEqual({ granted: false, used: 10 });
    expect(await usedCredits(database.pool, COINGECKO, NOVEMBER)).toBe(10);
  });

  test('are not granted at all for a call that costs more than a month', async () => {
    expect(await spend(11)).toEqual({ granted: false, used: 0 });
    expect(await usedCredits(database.pool, COINGECKO, NOVEMBER)).toBe(0);
  });

  test('begin anew with the month, in UTC', async () => {
    await spend(10);
    expect(await spend(1, { nowMs: DECEMBER })).toEqual({ granted: true, used: 1 });
    expect(await usedCredits(database.pool, COINGECKO, NOVEMBER)).toBe(10);
  });

  test('are counted for each source by itself', async () => {
    await spend(10);
    expect(await spend(10, { sourceId: DERIBIT })).toEqual({ granted: true, used: 10 });
  });

  test('are never overdrawn by many who ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => spend(1)));
    expect(answers.filter(({ granted }) => granted)).toHaveLength(10);
    expect(await usedCredits(database.pool, COINGECKO, NOVEMBER)).toBe(10);
  });

  test('are asked for by the batches of the schedules that hold, but for those of standby sources', async () => {
    const coingecko = { sourceId: COINGECKO, batch: 'all' };
    await insertSchedule(database.pool, { ticker: 'btc_usd', sources: [{ sourceId: DERIBIT }, coingecko] });
    await insertSchedule(database.pool, { ticker: 'eth_usd', intervalSeconds: 300, sources: [coingecko] });
    await insertSchedule(database.pool, { ticker: 'old_usd', toSlot: NOON + 60, sources: [coingecko] });
    await insertSchedule(database.pool, { ticker: 'sol_usd', sources: [{ sourceId: COINGECKO, standby: true }] });
    expect(await askedBatches(database.pool, [COINGECKO])).toEqual([
      {
        sourceId: COINGECKO,
        batch: 'all',
        intervals: [60, 300],
        members: [
          { ticker: 'btc_usd', sourceName: 'btc_usd' },
          { ticker: 'eth_usd', sourceName: 'eth_usd' },
        ],
      },
    ]);
    expect(await askedBatches(database.pool, [])).toEqual([]);
  });
});
