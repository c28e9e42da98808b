import { serveReadyApi, type ServedApi } from '../../../../test/builders/served-api.js';
import { storeFailures, storeGap, storePrices, storeSchedules } from '../../../../test/builders/stored-prices.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';

const SLOT = 1_766_016_000;

let database: TestDatabase;
let api: ServedApi;

beforeAll(async () => {
  database = await createTestDatabase();
  await storeSchedules(database.pool, 'btc_usd', [{ fromSlot: SLOT, intervalSeconds: 60 }]);
  await storeSchedules(database.pool, 'never_usd', [{ fromSlot: SLOT + 660, toSlot: SLOT + 660, intervalSeconds: 60 }]);
  await storePrices(
    database.pool,
    'btc_usd',
    [0, 60, 300, 420].map((offset) => ({ slot: SLOT + offset, price: '1' })),
  );
  await storeFailures(database.pool, 'btc_usd', [
    { slot: SLOT + 120, reason: 'timeout' },
    { slot: SLOT + 180, reason: 'timeout' },
    { slot: SLOT + 240, reason: 'late', outcome: 'missed' },
    { slot: SLOT + 300, reason: 'timeout', sourceId: 2 },
  ]);
  await storeGap(database.pool, 'btc_usd', SLOT + 480, SLOT + 600);
  // At this second the slot at 600 is past its grace; the one at 660 is not.
  api = await serveReadyApi(database.readerUrl, { now: () => (SLOT + 680) * 1000 });
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

describe('GET /gaps', () => {
  it('counts what was expected and gives every missing slot or range with its reason', async () => {
    const { status, json } = await api.get(`/gaps?ticker=btc_usd&to=${SLOT + 600}`);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      ticker: 'btc_usd',
      from: SLOT,
      to: SLOT + 600,
      decided_to: SLOT + 600,
      expected: 10,
      stored: 4,
      missing: 6,
      unexplained: 1,
      next: null,
    });
    expect(json.gaps).toEqual([
      {
        from: SLOT + 120,
        to: SLOT + 240,
        slots: 2,
        reason: 'timeout',
        sources: [{ source: 'deribit', outcome: 'failed', reason: 'timeout' }],
      },
      {
        from: SLOT + 240,
        to: SLOT + 300,
        slots: 1,
        reason: 'late',
        sources: [{ source: 'deribit', outcome: 'missed', reason: 'late' }],
      },
      { from: SLOT + 360, to: SLOT + 420, slots: 1, reason: 'unexplained', sources: [] },
      { from: SLOT + 480, to: SLOT + 600, slots: 2, reason: 'not_planned', sources: [] },
    ]);
  });

  it('reaches from the first expected slot to now, and counts no slot that may still get its price', async () => {
    const { json } = await api.get('/gaps?ticker=btc_usd');
    expect(json).toMatchObject({ from: SLOT, to: SLOT + 680, decided_to: SLOT + 648, expected: 11, unexplained: 2 });
  });

  it('has nothing open of a ticker that was disabled before its first slot', async () => {
    const { json } = await api.get('/gaps?ticker=never_usd');
    expect(json).toMatchObject({ from: SLOT + 680, to: SLOT + 680, decided_to: SLOT + 680, expected: 0, gaps: [] });
    const range = (await api.get(`/gaps?ticker=never_usd&from=${SLOT}&to=${SLOT + 680}`)).json;
    expect(range).toMatchObject({ decided_to: SLOT + 680, expected: 0, gaps: [] });
  });

  it('goes on by its cursor over the range it began with', async () => {
    const whole = (await api.get('/gaps?ticker=btc_usd')).json;
    const entries: unknown[] = [];
    let path = '/gaps?ticker=btc_usd&limit=1';
    for (let next: string | null = ''; next !== null; path = `/gaps?ticker=btc_usd&limit=1&cursor=${next}`) {
      const { json } = await api.get(path);
      expect(json).toMatchObject({ to: whole.to, expected: whole.expected });
      entries.push(...(json.gaps as unknown[]));
      next = json.next as string | null;
    }
    expect(entries).toEqual(whole.gaps);
  });

  it('goes on by the cursor alone, and says what contradicts it', async () => {
    const whole = (await api.get('/gaps?ticker=btc_usd')).json;
    const { next } = (await api.get('/gaps?ticker=btc_usd&limit=1')).json;
    const { json } = await api.get(`/gaps?cursor=${next}`);
    expect(json).toEqual({ ...whole, gaps: whole.gaps.slice(1) });
    const range = `from=${new Date(SLOT * 1000).toISOString()}&to=${SLOT + 680}`;
    expect((await api.get(`/gaps?cursor=${next}&ticker=BTC-USD&${range}`)).json).toEqual(json);
    expect((await api.get(`/gaps?cursor=${next}&to=${SLOT + 600}`)).json.errors).toEqual([
      {
        parameter: 'to',
        detail: `is ${SLOT + 600}, and the cursor goes on with ${SLOT + 680}: leave to out to go on, or the cursor to ask anew`,
      },
    ]);
    expect(await api.get(`/prices?cursor=${next}`)).toMatchObject({
      status: 400,
      json: { errors: [{ parameter: 'cursor', detail: expect.stringContaining('answer of /gaps') }] },
    });
  });

  it.each([
    [`from=${SLOT + 700}`, { from: SLOT + 700, to: SLOT + 700, expected: 0 }],
    [`from=${SLOT + 60}&to=${SLOT + 60}`, { expected: 0, missing: 0, gaps: [] }],
    [`to=${SLOT - 60}`, { from: SLOT - 60, to: SLOT - 60, expected: 0 }],
    [`from=0&to=9999999999`, { from: 0, to: 9_999_999_999, decided_to: SLOT + 648, expected: 11 }],
  ])('has an answer for %s', async (query, expected) => {
    expect((await api.get(`/gaps?ticker=btc_usd&${query}`)).json).toMatchObject(expected);
  });
});
