import { AttemptRepository, SampleRepository } from '@app/storage';
import { serveReadyApi, type ServedApi } from '../../../../test/builders/served-api.js';
import { storeSamples } from '../../../../test/builders/stored-samples.js';
import {
  accepted,
  COINGECKO,
  DERIBIT,
  insertFetch,
  insertSchedule,
  makePartitionsOfTests,
  NOON,
} from '../../../../test/builders/stored-schedules.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';

let database: TestDatabase;
let api: ServedApi;

beforeAll(async () => {
  database = await createTestDatabase();
  const { pool } = database;
  await makePartitionsOfTests(pool);
  const repository = new SampleRepository(pool);
  const planned = { plannedTo: NOON + 600 };
  const stored = async (tickerId: number, batch: string, minutes: number, price: string, sourceId = DERIBIT) => {
    const slot = NOON + minutes * 60;
    await insertFetch(pool, { sourceId, batch, slot, attempts: 1, status: 'running' });
    await storeSamples(repository, accepted(tickerId, price), { sourceId, batch, slot });
  };
  const btc = await insertSchedule(pool, { ticker: 'btc_usd', ...planned });
  for (const minutes of [0, 8, 9]) await stored(btc.tickerId, 'btc_usd', minutes, `8712${minutes}.450`);
  const odd = await insertSchedule(pool, {
    ...{ ticker: 'odd_usd', ...planned },
    sources: [{ sourceId: DERIBIT }, { sourceId: COINGECKO }, { sourceId: 7, standby: true }],
  });
  await pool.query(`UPDATE ticker_sources SET source_symbol = 'odd-coin' WHERE source_id = ${COINGECKO}`);
  await stored(odd.tickerId, 'odd_usd', 9, '0.00000000000000000000120');
  // The second attempt was not answered in its window.
  const failedKey = { sourceId: COINGECKO, batch: 'odd_usd', slot: NOON + 540 };
  await insertFetch(pool, { ...failedKey, attempts: 1, status: 'retry' });
  await new AttemptRepository(pool).record([
    { ...failedKey, attempt: 1, httpStatus: 503, latencyMs: 9, errorKind: 'unavailable' },
  ]);
  await storeSamples(
    repository,
    { tickerId: odd.tickerId, outcome: 'failed', reason: 'unavailable' },
    { ...failedKey, result: { status: 'closed', errorKind: 'unavailable' } },
  );
  const eur = await insertSchedule(pool, { ticker: 'btc_eur', ...planned });
  await stored(eur.tickerId, 'btc_eur', 9, '80000');
  const ended = await insertSchedule(pool, { ticker: 'old_usd', toSlot: NOON + 600, ...planned });
  await stored(ended.tickerId, 'old_usd', 9, '1');
  const late = await insertSchedule(pool, { ticker: 'late_usd', ...planned });
  await stored(late.tickerId, 'late_usd', -1, '1');
  api = await serveReadyApi(database.readerUrl, { now: () => (NOON + 100_000) * 1000 });
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

describe('GET /latest', () => {
  it('gives the last sample of each source of every enabled ticker in dollars, also long after anybody planned', async () => {
    const { status, json } = await api.get('/latest');
    expect(status).toBe(200);
    const of = { timestamp_utc: '2025-03-01T12:09:00Z', http_status: 200, latency_ms: 312, attempt: 1 };
    expect(json).toEqual({
      data: [
        { ...of, source: 'deribit', asset: 'bitcoin', price_usd: '87129.450' },
        { ...of, source: 'coingecko', asset: 'odd-coin', price_usd: null, http_status: 503, latency_ms: 9 },
        { ...of, source: 'deribit', asset: 'odd-coin', price_usd: '0.00000000000000000000120' },
      ],
    });
  });

  it('takes no parameter', async () => {
    const { status, json } = await api.get('/latest?limit=1');
    expect(status).toBe(400);
    expect(json.errors).toEqual([{ parameter: 'limit', detail: 'is not a parameter here: there is none' }]);
  });
});
