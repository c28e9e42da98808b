import {
  COINGECKO,
  DERIBIT,
  insertSchedule,
  makePartitionsOfTests,
  NOON,
} from '../../../../test/builders/stored-schedules.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { askedBatches } from './source-credit.repository.js';

describe('the credits of a month', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
    await makePartitionsOfTests(database.pool);
  });
  afterAll(() => database.drop());
  beforeEach(() => database.pool.query('TRUNCATE tickers, schedules, ticker_sources CASCADE'));

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
          { ticker: 'btc_usd', sourceSymbol: 'btc_usd' },
          { ticker: 'eth_usd', sourceSymbol: 'eth_usd' },
        ],
      },
    ]);
    expect(await askedBatches(database.pool, [])).toEqual([]);
  });
});
