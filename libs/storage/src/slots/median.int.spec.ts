import {
  forgetEverything,
  insertFetch,
  insertSchedule,
  makePartitionsOfTests,
  NOON,
  type ScheduleDraft,
} from '../../../../test/builders/stored-schedules.js';
import { makeSources, ReportedSlots } from '../../../../test/builders/reported-slots.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { CloseRepository } from './close.repository.js';
import { FetchRepository } from '../fetches/fetch.repository.js';
import { SampleRepository } from './sample.repository.js';

const FAILED = { outcome: 'failed', reason: 'timeout' } as const;
const minute = (count: number): number => NOON + count * 60;

describe('a ticker with the rule median', () => {
  let database: TestDatabase;
  let reported: ReportedSlots;
  let tickerId: number;
  let names: readonly string[];

  beforeAll(async () => {
    database = await createTestDatabase();
    reported = new ReportedSlots(database.pool);
    await makePartitionsOfTests(database.pool);
    await makeSources(database.pool);
    const rows = await database.pool.query<{ name: string }>('SELECT name FROM sources ORDER BY id');
    names = rows.rows.map(({ name }) => name);
  });
  afterAll(() => database.drop());
  beforeEach(() => forgetEverything(database.pool));

  /** A ticker of the sources 1, 2, 3... */
  async function sampled(count: number, draft: Partial<ScheduleDraft> = {}): Promise<void> {
    const sources = Array.from({ length: count }, (_, index) => ({ sourceId: index + 1 }));
    ({ tickerId } = await insertSchedule(database.pool, { ticker: 'btc_usd', sources, rule: 'median', ...draft }));
  }

  async function tellAll(slot: number, ...prices: (string | typeof FAILED)[]): Promise<void> {
    for (const [index, price] of prices.entries())
      await reported.report({ tickerId, sourceId: index + 1, slot }, price);
  }

  async function gaps(): Promise<unknown[]> {
    const result = await database.pool.query(
      `SELECT from_slot - ${NOON} AS from, to_slot - ${NOON} AS to, reason FROM gaps ORDER BY from_slot`,
    );
    return result.rows;
  }

  test('has the middle of what its sources tell, and says how it came about', async () => {
    await sampled(5);
    await tellAll(NOON, '100.20', '100.10', '130', FAILED);
    expect(await reported.priceOf(tickerId)).toBeUndefined();
    const { decided } = await reported.report({ tickerId, sourceId: 5 }, '100.30');
    expect(decided).toEqual([{ tickerId, slot: NOON, price: '100.20', sourceId: 0 }]);
    const price = await reported.priceOf(tickerId);
    expect(price).toEqual({
      price: '100.20',
      source_id: 0,
      flags: 0,
      consensus: {
        sources: 3,
        spread: '0.001996',
        used: [names[2], names[1], names[5]],
        left_out: [
          { source: names[3], price: '130', reason: 'jump' },
          { source: names[4], price: null, reason: 'timeout' },
        ],
      },
    });
    const latest = await database.pool.query('SELECT price::text, source_id, consensus FROM latest');
    expect(latest.rows).toEqual([{ price: '100.20', source_id: 0, consensus: price?.consensus }]);
    const named = await database.pool.query('SELECT name FROM sources WHERE id = 0');
    expect(named.rows).toEqual([{ name: 'median' }]);
  });

  test('waits for the last source, and at the end of the window for nobody', async () => {
    await sampled(3);
    await insertFetch(database.pool, { sourceId: 3, batch: 'btc_usd', slot: NOON, status: 'running' });
    await tellAll(NOON, '100', '100.2');
    const closing = new CloseRepository(database.pool);
    expect(await closing.decideExpired(NOON + 14, 10)).toEqual([]);
    expect(await closing.decideExpired(NOON + 15, 10)).toMatchObject([{ price: '100.1', sourceId: 0 }]);
    expect(await reported.priceOf(tickerId)).toMatchObject({
      consensus: { left_out: [{ source: names[3], price: null, reason: 'not_reported' }] },
    });
  });

  test('has a gap with a reason where too few were accepted, or they disagree', async () => {
    await sampled(2);
    await tellAll(minute(0), '100', FAILED);
    await tellAll(minute(1), FAILED, '100');
    await tellAll(minute(2), FAILED, FAILED);
    await tellAll(minute(3), '100', '104');
    await tellAll(minute(4), '100', '100');
    await tellAll(minute(5), '100', FAILED);
    expect(await gaps()).toEqual([
      { from: 0, to: 121, reason: 'no_quorum' },
      { from: 180, to: 181, reason: 'disagreement' },
      { from: 300, to: 301, reason: 'no_quorum' },
    ]);
    expect(await reported.pricesOf(tickerId, [0, 1, 2, 3, 4, 5].map(minute))).toEqual([
      null,
      null,
      null,
      null,
      '100',
      null,
    ]);
  });

  test('tells the refusal to those who ask for it', async () => {
    await sampled(2);
    await tellAll(NOON, '100');
    const { refused } = await reported.report({ tickerId, sourceId: 2 }, '104');
    expect(refused).toEqual([{ tickerId, ticker: 'btc_usd', slot: NOON, reason: 'disagreement' }]);
  });

  test('a refusal is as final as a price: what comes later makes none', async () => {
    await sampled(2);
    await tellAll(NOON, '100', { ...FAILED });
    await reported.report({ tickerId, sourceId: 2, nowSeconds: NOON + 5 }, '100');
    expect(await reported.priceOf(tickerId)).toBeUndefined();
    expect(await gaps()).toEqual([{ from: 0, to: 1, reason: 'no_quorum' }]);
    expect(await reported.samplesOf(tickerId)).toEqual({ 1: 'accepted 100', 2: 'failed timeout' });
  });

  test('a refused slot stays one that its sources were asked for', async () => {
    await sampled(2);
    await tellAll(NOON, '100', FAILED);
    expect(
      await new FetchRepository(database.pool).members({ sourceId: 1, batch: 'btc_usd', slot: NOON }),
    ).toHaveLength(1);
  });

  test('a refusal of the slot before is not lengthened into another version', async () => {
    await sampled(2, { toSlot: minute(1) });
    await tellAll(minute(0), '100', FAILED);
    await sampled(2, { fromSlot: minute(1) });
    await tellAll(minute(1), '100', FAILED);
    expect(await gaps()).toEqual([
      { from: 0, to: 1, reason: 'no_quorum' },
      { from: 60, to: 61, reason: 'no_quorum' },
    ]);
  });

  test('two that store at once always make one median, or one gap', async () => {
    await sampled(2);
    const other = new SampleRepository(database.pool);
    for (let count = 0; count < 40; count += 1) {
      const second = count % 4 === 3 ? FAILED : '100.2';
      await Promise.all([
        reported.report({ tickerId, sourceId: 1, slot: minute(count) }, '100'),
        reported.report({ tickerId, sourceId: 2, slot: minute(count), by: other }, second),
      ]);
    }
    const counted = await database.pool.query(
      'SELECT count(*)::int AS prices, count(DISTINCT slot)::int AS slots FROM prices',
    );
    expect(counted.rows).toEqual([{ prices: 30, slots: 30 }]);
    expect(await gaps()).toHaveLength(10);
  });
});
