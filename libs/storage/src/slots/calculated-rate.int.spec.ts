import { flagBits } from '@app/domain';
import {
  forgetEverything,
  insertSchedule,
  makePartitionsOfTests,
  NOON,
  rowOf,
  type ScheduleDraft,
} from '../../../../test/builders/stored-schedules.js';
import { makeSources, ReportedSlots } from '../../../../test/builders/reported-slots.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import type { Sample } from './sample.repository.js';

const DERIVED = flagBits(['derived']);

/** What a worker stores of a quote in dollars of Tether. */
function inTether(raw: string): Omit<Sample, 'tickerId'> {
  return { outcome: 'rejected', reason: 'no_conversion_rate', raw, rateTicker: 'usdt_usd', flags: DERIVED };
}

describe('converting at a rate that is itself calculated', () => {
  let database: TestDatabase;
  let reported: ReportedSlots;
  let tickerId: number;
  let rateId: number;

  beforeAll(async () => {
    database = await createTestDatabase();
    reported = new ReportedSlots(database.pool);
    await makePartitionsOfTests(database.pool);
    await makeSources(database.pool);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await forgetEverything(database.pool);
    ({ tickerId } = await insertSchedule(database.pool, {
      ticker: 'btc_usd',
      sources: [{ sourceId: 5, quotedIn: 'usdt' }],
    }));
  });

  async function rateSampled(draft: Partial<ScheduleDraft> = {}): Promise<void> {
    ({ tickerId: rateId } = await insertSchedule(database.pool, {
      ticker: 'usdt_usd',
      sources: [{ sourceId: 1 }],
      ...draft,
    }));
  }
  const report = (given: Omit<Sample, 'tickerId'>, slot = NOON) =>
    reported.report({ tickerId, sourceId: 5, slot }, given);

  /** The source of it writes how many of the quote one dollar is. */
  const inverse = (raw: string, price: string): Omit<Sample, 'tickerId'> => {
    return { outcome: 'accepted', price, raw, isInverted: true, flags: DERIVED };
  };
  const reportInverse = (raw: string, price: string, slot = NOON) =>
    reported.report({ tickerId: rateId, sourceId: 1, slot, batch: 'usdt_usd' }, inverse(raw, price));
  const sampleOf = (slot = NOON) =>
    rowOf(
      database.pool,
      `SELECT price::text, reason, detail, rate::text, rate_uncertainty::text FROM samples WHERE ticker_id = ${tickerId} AND source_id = 5 AND slot = ${slot}`,
    );
  const uncertaintyOf = async (id: number, slot = NOON) =>
    (await rowOf(database.pool, `SELECT uncertainty::text FROM prices WHERE ticker_id = ${id} AND slot = ${slot}`))[
      'uncertainty'
    ];

  test('it is known as well as what it was made of, and no better, before the sample or after it', async () => {
    await rateSampled();
    await reportInverse('0.0000501', '19960');
    expect(await uncertaintyOf(rateId)).toBe('20.1');
    await report(inTether('1.001'));
    const rejected = {
      ...{ price: null, reason: 'imprecise', rate: '19960', rate_uncertainty: '20.1' },
      detail: expect.stringMatching(/^"1.001" converted at 19960, itself known to 20.1, is known to 0.16 % only/),
    };
    expect(await sampleOf()).toEqual(rejected);
    await report(inTether('1.001'), NOON + 60);
    await reportInverse('0.0000501', '19960', NOON + 60);
    expect(await sampleOf(NOON + 60)).toEqual(rejected);
    expect(await reported.priceOf(tickerId, NOON + 60)).toBeUndefined();
  });

  test('what it makes is accepted with the digits that both leave, and says how well it is known', async () => {
    await rateSampled();
    await reportInverse('1.0002', '0.99980');
    await report(inTether('80000.00'));
    expect(await sampleOf()).toEqual({
      ...{ price: '79984', reason: null, detail: null, rate: '0.99980', rate_uncertainty: '0.0000501' },
    });
    expect(await uncertaintyOf(tickerId)).toBe('4.02');
  });

  test('a jump that is confirmed has the digits that its rate left', async () => {
    await forgetEverything(database.pool);
    const sources = [{ sourceId: 5, quotedIn: 'usdt' }, { sourceId: 2 }];
    ({ tickerId } = await insertSchedule(database.pool, { ticker: 'btc_usd', sources }));
    await rateSampled();
    await reportInverse('1.0002', '0.99980');
    await report(inTether('60000.00'));
    await reportInverse('1.0002', '0.99980', NOON + 60);
    await report(inTether('80000.00'), NOON + 60);
    expect(await reported.samplesOf(tickerId, NOON + 60)).toEqual({ 5: 'rejected jump' });
    await reported.report({ tickerId, sourceId: 2, slot: NOON + 60 }, '79990.0');
    expect(await sampleOf(NOON + 60)).toMatchObject({ price: '79984', rate_uncertainty: '0.0000501' });
  });

  test('a price that is only read is known to its last digit, and so is one that was stored before that was kept', async () => {
    await rateSampled();
    await reported.report({ tickerId: rateId, sourceId: 1, batch: 'usdt_usd' }, '0.99980');
    expect(await uncertaintyOf(rateId)).toBeNull();
    await report(inTether('80000.00'));
    await reportInverse('1.0002', '0.99980', NOON + 60);
    await database.pool.query(`UPDATE prices SET uncertainty = NULL WHERE ticker_id = $1`, [rateId]);
    await report(inTether('80000.00'), NOON + 60);
    const known = { ...{ price: '79984.0', reason: null, detail: null }, rate: '0.99980', rate_uncertainty: null };
    expect(await sampleOf()).toEqual(known);
    expect(await sampleOf(NOON + 60)).toEqual(known);
  });

  test('a median is known as well as the middle of what its samples stand for', async () => {
    await rateSampled({ rule: 'median', sources: [{ sourceId: 1 }, { sourceId: 2 }] });
    await reported.report({ tickerId: rateId, sourceId: 1, batch: 'usdt_usd' }, '1.0');
    await reported.report({ tickerId: rateId, sourceId: 2, batch: 'usdt_usd' }, '1.00001');
    expect(await reported.priceOf(rateId)).toMatchObject({ price: '1.000005' });
    expect(await uncertaintyOf(rateId)).toBe('0.0251');
    await report(inTether('80000.00'));
    expect(await sampleOf()).toMatchObject({ reason: 'imprecise', rate: '1.000005', rate_uncertainty: '0.0251' });
  });
});
