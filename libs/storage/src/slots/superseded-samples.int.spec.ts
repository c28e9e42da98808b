import {
  accepted,
  COINGECKO,
  DERIBIT,
  forgetEverything,
  insertFetch,
  insertSchedule,
  makePartitionsOfTests,
  NOON,
} from '../../../../test/builders/stored-schedules.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { SampleRepository, type Sample, type StoreOutcome } from './sample.repository.js';

describe('two workers that report on one fetch, because the first was thought to be gone', () => {
  let database: TestDatabase;
  let samples: SampleRepository;
  let tickerId: number;

  beforeAll(async () => {
    database = await createTestDatabase();
    samples = new SampleRepository(database.pool);
    await makePartitionsOfTests(database.pool);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await forgetEverything(database.pool);
    ({ tickerId } = await insertSchedule(database.pool, {
      ticker: 'btc_usd',
      sources: [{ sourceId: DERIBIT }, { sourceId: COINGECKO }],
    }));
    await insertFetch(database.pool, {
      sourceId: DERIBIT,
      batch: 'btc_usd',
      slot: NOON,
      status: 'running',
      attempts: 2,
    });
  });

  function store(sample: Sample, afterMs: number, sourceId = DERIBIT): Promise<StoreOutcome> {
    const receivedAt = new Date(NOON * 1000 + afterMs);
    const result = { status: 'answered', requestedAt: new Date(NOON * 1000), receivedAt } as const;
    return samples.store({ sourceId, batch: 'btc_usd', slot: NOON }, [sample], result, NOON + 3);
  }

  async function outcomes(): Promise<unknown[]> {
    return (await database.pool.query('SELECT source_id, outcome, price FROM samples ORDER BY source_id')).rows;
  }

  const failed = (): Sample => ({ tickerId, outcome: 'failed', reason: 'drift' });

  test('tells the second that its accepted sample does not stand', async () => {
    expect((await store(accepted(tickerId, '1.11'), 500)).kept).toEqual(new Set([tickerId]));
    expect((await store(accepted(tickerId, '2.22'), 900)).kept).toEqual(new Set());
    expect(await outcomes()).toEqual([{ source_id: DERIBIT, outcome: 'accepted', price: '1.11' }]);
  });

  test('tells one whose commit went through unheard that its sample stands', async () => {
    await store(accepted(tickerId, '1.110'), 500);
    expect((await store(accepted(tickerId, '1.110'), 500)).kept).toEqual(new Set([tickerId]));
    expect((await store(accepted(tickerId, '1.11'), 500)).kept).toEqual(new Set());
  });

  test('takes an accepted sample in the place of a failure while the slot has no price', async () => {
    await store(failed(), 500);
    const { kept, decided, replaced } = await store(accepted(tickerId, '2.22'), 900);
    expect(kept).toEqual(new Set([tickerId]));
    expect(replaced).toEqual(new Map([[tickerId, 'drift']]));
    expect(decided).toMatchObject([{ price: '2.22', sourceId: DERIBIT }]);
    expect(await outcomes()).toEqual([{ source_id: DERIBIT, outcome: 'accepted', price: '2.22' }]);
  });

  test('leaves the failure once the price was decided from another source', async () => {
    await store(failed(), 500);
    await store(accepted(tickerId, '3.33'), 600, COINGECKO);
    expect((await store(accepted(tickerId, '2.22'), 900)).kept).toEqual(new Set());
    expect(await outcomes()).toMatchObject([{ outcome: 'failed' }, { outcome: 'accepted', price: '3.33' }]);
  });
});
