import {
  accepted,
  DERIBIT,
  forgetEverything,
  insertSchedule,
  JUMPS_ALLOWED,
  makePartitionsOfTests,
  NOON,
} from '../../../../test/builders/stored-schedules.js';
import { ReportedSlots } from '../../../../test/builders/reported-slots.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { verifyDatabase } from '../verify/index.js';
import { RevisionRepository, type Correction } from './revision.repository.js';
import { SampleRepository } from '../slots/sample.repository.js';

const MINUTE = 60;

describe('correcting what was stored', () => {
  let database: TestDatabase;
  let revisions: RevisionRepository;
  let reported: ReportedSlots;
  let tickerId: number;

  beforeAll(async () => {
    database = await createTestDatabase();
    revisions = new RevisionRepository(database.pool);
    reported = new ReportedSlots(database.pool);
    await makePartitionsOfTests(database.pool);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await forgetEverything(database.pool);
    ({ tickerId } = await insertSchedule(database.pool, { ticker: 'btc_usd', ruleOptions: JUMPS_ALLOWED }));
  });

  function correct(corrections: readonly Correction[], slot = NOON) {
    const nowSeconds = slot + 3_600;
    return revisions.correct(corrections, { sourceId: DERIBIT, slot, cause: 'test', nowSeconds });
  }

  async function rows(text: string) {
    return (await database.pool.query<Record<string, unknown>>(text)).rows;
  }
  const kept = () => rows('SELECT revision, price::text FROM price_revisions ORDER BY slot, revision');
  const derivedFaults = async () => {
    const { findings } = await verifyDatabase(database.url);
    return findings.filter(({ invariant }) => invariant === 'I6').flatMap(({ problems }) => problems);
  };

  it('keeps each revision, and numbers them', async () => {
    await reported.report({ tickerId, sourceId: DERIBIT }, '100');
    for (const [revision, price] of ['101', '102', '103'].entries()) {
      expect(await correct([{ sample: accepted(tickerId, price), revision }])).toEqual({
        samples: 1,
        prices: 1,
        skipped: 0,
      });
    }
    expect(await rows('SELECT price::text, revision FROM prices')).toEqual([{ price: '103', revision: 3 }]);
    expect(await kept()).toEqual([
      { revision: 0, price: '100' },
      { revision: 1, price: '101' },
      { revision: 2, price: '102' },
    ]);
    expect(await rows('SELECT revision, price::text, cause FROM sample_revisions ORDER BY revision')).toEqual([
      { revision: 0, price: '100', cause: 'test' },
      { revision: 1, price: '101', cause: 'test' },
      { revision: 2, price: '102', cause: 'test' },
    ]);
    expect(await derivedFaults()).toEqual([]);
  });

  it('changes nothing when nothing is another', async () => {
    await reported.report({ tickerId, sourceId: DERIBIT }, '100');
    const unchanged = { sample: accepted(tickerId, '100'), revision: 0 };
    expect(await correct([unchanged])).toEqual({ samples: 0, prices: 0, skipped: 0 });
    expect(await rows('SELECT revision FROM prices UNION ALL SELECT revision FROM samples')).toEqual([
      { revision: 0 },
      { revision: 0 },
    ]);
    expect(await kept()).toEqual([]);
  });

  it('tells 1.50 from 1.5', async () => {
    await reported.report({ tickerId, sourceId: DERIBIT }, '1.5');
    await correct([{ sample: accepted(tickerId, '1.50'), revision: 0 }]);
    expect(await rows('SELECT price::text, revision FROM prices')).toEqual([{ price: '1.50', revision: 1 }]);
  });

  it('leaves a sample alone that has changed since, or is not there', async () => {
    await reported.report({ tickerId, sourceId: DERIBIT }, '100');
    await correct([{ sample: accepted(tickerId, '101'), revision: 0 }]);
    expect(await correct([{ sample: accepted(tickerId, '102'), revision: 0 }])).toEqual({
      samples: 0,
      prices: 0,
      skipped: 1,
    });
    expect(await correct([{ sample: accepted(tickerId, '1'), revision: 0 }], NOON + MINUTE)).toMatchObject({
      skipped: 1,
    });
    expect(await rows('SELECT price::text FROM prices')).toEqual([{ price: '101' }]);
  });

  it('is stored once when two correct the same', async () => {
    await reported.report({ tickerId, sourceId: DERIBIT }, '100');
    const done = await Promise.all(
      ['101', '102'].map((price) => correct([{ sample: accepted(tickerId, price), revision: 0 }])),
    );
    expect(done.map(({ skipped }) => skipped).sort()).toEqual([0, 1]);
    expect(await rows('SELECT revision FROM prices')).toEqual([{ revision: 1 }]);
  });

  it('keeps latest and candles right while others store in the same hour', async () => {
    const other = await insertSchedule(database.pool, { ticker: 'eth_usd', ruleOptions: JUMPS_ALLOWED });
    const tickers = [tickerId, other.tickerId];
    const samples = new SampleRepository(database.pool);
    const store = (slot: number) =>
      samples.store(
        { sourceId: DERIBIT, batch: 'btc_usd', slot },
        tickers.map((id) => accepted(id, String(1_000 + ((slot * 7) % 100)))),
        { status: 'answered', requestedAt: new Date(slot * 1000), receivedAt: new Date(slot * 1000 + 400) },
        slot + 3,
      );
    for (let index = 0; index < 20; index += 1) await store(NOON + index * MINUTE);
    const corrections = Array.from(
      { length: 20 },
      (_, index) => () =>
        correct(
          tickers.map((id) => ({ sample: accepted(id, String(500 + index)), revision: 0 })),
          NOON + index * MINUTE,
        ),
    );
    const stores = Array.from({ length: 30 }, (_, index) => () => store(NOON + (20 + index) * MINUTE));
    await Promise.all([...inChains(corrections, 4), ...inChains(stores, 4)]);
    expect(await rows('SELECT count(*)::int AS count FROM prices WHERE revision = 1')).toEqual([{ count: 40 }]);
    expect(await rows('SELECT DISTINCT count FROM candles')).toEqual([{ count: 50 }]);
    expect(await derivedFaults()).toEqual([]);
  });

  it('takes away latest and candle with the only price there is', async () => {
    await reported.report({ tickerId, sourceId: DERIBIT }, '100');
    await correct([{ sample: { tickerId, outcome: 'rejected', reason: 'stale', raw: '100' }, revision: 0 }]);
    expect(await rows('SELECT 1 FROM latest UNION ALL SELECT 1 FROM candles UNION ALL SELECT 1 FROM prices')).toEqual(
      [],
    );
    expect(await kept()).toEqual([{ revision: 0, price: '100' }]);
    await correct([{ sample: accepted(tickerId, '100'), revision: 1 }]);
    expect(await rows('SELECT price::text, revision FROM prices')).toEqual([{ price: '100', revision: 1 }]);
    expect(await derivedFaults()).toEqual([]);
  });

  it('moves latest back to the price before it', async () => {
    await reported.report({ tickerId, sourceId: DERIBIT }, '100');
    await reported.report({ tickerId, sourceId: DERIBIT, slot: NOON + MINUTE }, '200');
    await correct([{ sample: { tickerId, outcome: 'failed', reason: 'absent' }, revision: 0 }], NOON + MINUTE);
    expect(await rows('SELECT slot, price::text FROM latest')).toEqual([{ slot: NOON, price: '100' }]);
    expect(await derivedFaults()).toEqual([]);
  });
});

/** Does pieces of work in chains side by side, those of a chain one after the other: no more at once than a pool has connections. */
function inChains(works: readonly (() => Promise<unknown>)[], chains: number): Promise<void>[] {
  return Array.from({ length: chains }, async (_, chain) => {
    for (const work of works.filter((_work, index) => index % chains === chain)) await work();
  });
}
