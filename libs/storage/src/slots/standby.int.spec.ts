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

describe('a standby source', () => {
  let database: TestDatabase;
  let reported: ReportedSlots;
  let tickerId: number;

  beforeAll(async () => {
    database = await createTestDatabase();
    reported = new ReportedSlots(database.pool);
    await makePartitionsOfTests(database.pool);
    await makeSources(database.pool);
  });
  afterAll(() => database.drop());
  beforeEach(() => forgetEverything(database.pool));

  /** Source 1, and the standbys 2 and 3. */
  async function sampled(draft: Partial<ScheduleDraft> = {}, ticker = 'btc_usd'): Promise<number> {
    const sources = [{ sourceId: 1 }, { sourceId: 2, standby: true }, { sourceId: 3, standby: true }];
    ({ tickerId } = await insertSchedule(database.pool, { ticker, sources, ...draft }));
    return tickerId;
  }

  async function planned(): Promise<unknown[]> {
    const result = await database.pool.query(
      `SELECT source_id, batch, slot - ${NOON} AS slot, status, deadline - slot AS window, max_attempts FROM fetches
       WHERE status = 'planned' ORDER BY source_id, batch`,
    );
    return result.rows;
  }

  const tell = (sourceId: number, given: Parameters<ReportedSlots['report']>[1], nowSeconds = NOON + 3) =>
    reported.report({ tickerId, sourceId, nowSeconds }, given);
  const call = (sourceId: number, batch = 'btc_usd') => ({
    ...{ source_id: sourceId, batch, slot: 0, status: 'planned', window: 15, max_attempts: 3 },
  });

  test.each([
    ['failed', FAILED],
    ['missed', { outcome: 'missed', reason: 'circuit_open' }],
    ['rejected', { outcome: 'rejected', reason: 'stale', raw: '1' }],
  ] as const)(
    'is called in the same transaction in which the source before it %s, and then the next',
    async (_, outcome) => {
      await sampled();
      await tell(1, outcome);
      expect(await planned()).toEqual([call(2)]);
      await tell(2, outcome);
      expect(await planned()).toEqual([call(3)]);
      const { decided } = await tell(3, '100');
      expect(decided).toMatchObject([{ sourceId: 3, price: '100' }]);
    },
  );

  test('confirms a jump, or denies it', async () => {
    await sampled({ fromSlot: NOON - 60 });
    await reported.report({ tickerId, sourceId: 1, slot: NOON - 60 }, '100');
    await tell(1, '130');
    expect(await planned()).toEqual([call(2)]);
    expect(await reported.priceOf(tickerId)).toBeUndefined();
    await tell(2, '130');
    expect(await reported.priceOf(tickerId)).toMatchObject({ source_id: 1, price: '130' });
    await reported.report({ tickerId, sourceId: 1, slot: NOON + 60 }, '90');
    await reported.report({ tickerId, sourceId: 2, slot: NOON + 60 }, '130');
    expect(await reported.priceOf(tickerId, NOON + 60)).toMatchObject({ source_id: 2, price: '130' });
  });

  test('that was called is waited for, and closed like any other', async () => {
    await sampled();
    await insertFetch(database.pool, { sourceId: 1, batch: 'btc_usd', slot: NOON, status: 'answered' });
    await tell(1, FAILED);
    await new CloseRepository(database.pool).closeOverdue(NOON + 25, 10);
    expect(await reported.samplesOf(tickerId)).toEqual({ 1: 'failed timeout', 2: 'missed not_enqueued' });
  });

  test('that was not called owes nobody a sample', async () => {
    await sampled();
    await insertFetch(database.pool, { sourceId: 1, batch: 'btc_usd', slot: NOON, status: 'planned' });
    expect(await new CloseRepository(database.pool).closeOverdue(NOON + 25, 10)).toHaveLength(1);
    expect(await reported.samplesOf(tickerId)).toEqual({ 1: 'missed not_enqueued' });
  });

  test('with a batch is called once for all tickers of it, from however many sides at once', async () => {
    const sources = [{ sourceId: 1 }, { sourceId: 2, standby: true, batch: 'all' }];
    const tickerIds: number[] = [];
    for (let index = 0; index < 12; index += 1) tickerIds.push(await sampled({ sources }, `t${index}_usd`));
    const other = new SampleRepository(database.pool);
    await Promise.all(
      tickerIds.map((id, index) =>
        reported.report({ tickerId: id, sourceId: 1, ...(index % 2 === 0 ? { by: other } : {}) }, FAILED),
      ),
    );
    expect(await planned()).toEqual([call(2, 'all')]);
    const members = await new FetchRepository(database.pool).members({ sourceId: 2, batch: 'all', slot: NOON });
    expect(members).toHaveLength(12);
  });
});
