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
import { CloseRepository } from './close.repository.js';
import { SampleRepository, type Sample } from './sample.repository.js';

const DERIVED = flagBits(['derived']);

/** What a worker stores of a quote in dollars of Tether. */
function inTether(raw: string, more: Partial<Sample> = {}): Omit<Sample, 'tickerId'> {
  return { outcome: 'rejected', reason: 'no_conversion_rate', raw, rateTicker: 'usdt_usd', flags: DERIVED, ...more };
}

describe('converting', () => {
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
    ({ tickerId } = await insertSchedule(database.pool, { ticker: 'btc_usd', sources: [TETHER] }));
  });

  const TETHER = { sourceId: 5, quotedIn: 'usdt' };

  async function rateSampled(draft: Partial<ScheduleDraft> = {}): Promise<void> {
    ({ tickerId: rateId } = await insertSchedule(database.pool, {
      ticker: 'usdt_usd',
      sources: [{ sourceId: 1 }],
      ...draft,
    }));
  }

  const tellRate = (price: string, slot = NOON) =>
    reported.report({ tickerId: rateId, sourceId: 1, slot, batch: 'usdt_usd' }, price);
  const tell = (given: Omit<Sample, 'tickerId'>, slot = NOON, nowSeconds = slot + 3) =>
    reported.report({ tickerId, sourceId: 5, slot, nowSeconds }, given);

  test('a quote in Tether is worth what Tether is worth in the same slot, and the rate is kept with it', async () => {
    await rateSampled();
    await tellRate('0.95');
    const { decided, waiting, standing } = await tell(inTether('80000'));
    expect(decided).toMatchObject([{ tickerId, price: '76000', sourceId: 5 }]);
    expect(waiting).toEqual([]);
    expect(standing.get(tickerId)).toMatchObject({ outcome: 'accepted', price: '76000' });
    expect(
      await rowOf(
        database.pool,
        `SELECT outcome, reason, detail, price::text, raw, rate::text, rate_ticker, flags FROM samples WHERE ticker_id = ${tickerId}`,
      ),
    ).toEqual({
      ...{ outcome: 'accepted', reason: null, detail: null, price: '76000', raw: '80000' },
      ...{ rate: '0.95', rate_ticker: 'usdt_usd', flags: DERIVED },
    });
    expect(await reported.priceOf(tickerId)).toMatchObject({ flags: DERIVED });
  });

  test('a quote that came before its rate is converted when the rate is decided', async () => {
    await rateSampled();
    const first = await tell(inTether('80000.5'));
    expect(first).toMatchObject({ decided: [], waiting: [tickerId] });
    expect(await reported.samplesOf(tickerId)).toEqual({ 5: 'rejected no_conversion_rate' });
    const { decided, revised } = await tellRate('0.99985');
    expect(decided).toMatchObject([{ tickerId: rateId }, { tickerId, price: '79988.499925' }]);
    expect(revised).toMatchObject([{ tickerId, ticker: 'btc_usd', outcome: 'accepted', price: '79988.499925' }]);
  });

  test('inverted and converted, it is divided once and rounded to 18 digits', async () => {
    await rateSampled();
    await tellRate('0.9998');
    await tell(inTether('0.0000123', { isInverted: true }));
    expect(await reported.priceOf(tickerId)).toMatchObject({ price: '81284.5528455284553' });
  });

  test('a slot takes the rate of the slot of the rate that it lies in', async () => {
    await forgetEverything(database.pool);
    ({ tickerId } = await insertSchedule(database.pool, { ticker: 'btc_usd', intervalSeconds: 10, sources: [TETHER] }));
    await rateSampled();
    await tellRate('0.9');
    await tell(inTether('100'), NOON + 50);
    expect(await reported.priceOf(tickerId, NOON + 50)).toMatchObject({ price: '90' });
    await tell(inTether('100'), NOON + 60);
    await tell(inTether('100'), NOON + 70);
    const { decided } = await tellRate('0.91', NOON + 60);
    expect(decided.map(({ slot, price }) => `${slot - NOON} ${price}`)).toEqual(['60 0.91', '60 91', '70 91']);
  });

  test('two that commit at once never miss each other', async () => {
    await rateSampled();
    const other = new SampleRepository(database.pool);
    for (let count = 0; count < 60; count += 1) {
      const slot = NOON + count * 60;
      await Promise.all([
        tell(inTether('100'), slot),
        reported.report({ tickerId: rateId, sourceId: 1, slot, batch: 'usdt_usd', by: other }, '0.99'),
      ]);
      expect(await reported.priceOf(tickerId, slot)).toMatchObject({ price: '99' });
    }
  });

  test('the rate of another slot is never taken', async () => {
    await rateSampled({ fromSlot: NOON - 60 });
    await tellRate('0.99', NOON - 60);
    await tell(inTether('100'));
    const { decided } = await tellRate('0.98', NOON + 60);
    expect(decided).toHaveLength(1);
    expect(await reported.samplesOf(tickerId)).toEqual({ 5: 'rejected no_conversion_rate' });
  });

  test('without such a ticker the sample is rejected at once, and nobody waits for it', async () => {
    const { waiting } = await tell(
      inTether('100', { detail: 'quoted in usdt, and usdt_usd has no price in this slot' }),
    );
    expect(waiting).toEqual([]);
    expect(await reported.samplesOf(tickerId)).toEqual({ 5: 'rejected no_conversion_rate' });
    expect(await reported.priceOf(tickerId)).toBeUndefined();
  });

  test('what it comes to is held against the limits of the ticker, and against the last price', async () => {
    await forgetEverything(database.pool);
    ({ tickerId } = await insertSchedule(database.pool, {
      ticker: 'btc_usd',
      sources: [TETHER],
      ruleOptions: { checks: { maximum: '1000' } },
    }));
    await rateSampled({ ruleOptions: { checks: { jump_ratio: null } } });
    await tellRate('1.001');
    await tell(inTether('1000'));
    expect(await reported.samplesOf(tickerId)).toEqual({ 5: 'rejected absurd' });
    await tellRate('1', NOON + 60);
    await tell(inTether('500'), NOON + 60);
    await tellRate('0.5', NOON + 120);
    await tell(inTether('500'), NOON + 120);
    expect(await reported.samplesOf(tickerId, NOON + 60)).toEqual({ 5: 'accepted 500' });
    expect(await reported.samplesOf(tickerId, NOON + 120)).toEqual({ 5: 'rejected jump' });
    expect(
      await rowOf(
        database.pool,
        `SELECT rate::text FROM samples WHERE ticker_id = ${tickerId} AND slot = ${NOON + 120}`,
      ),
    ).toEqual({ rate: '0.5' });
  });

  describe('beside another source', () => {
    beforeEach(async () => {
      await forgetEverything(database.pool);
      ({ tickerId } = await insertSchedule(database.pool, { ticker: 'btc_usd', sources: [TETHER, { sourceId: 1 }] }));
      await rateSampled();
    });
    const tellOther = (slot = NOON, nowSeconds = slot + 3) =>
      reported.report({ tickerId, sourceId: 1, slot, nowSeconds }, '101');

    test('the slot waits for the better source, whose rate may still come', async () => {
      await tell(inTether('100'));
      await tellOther();
      expect(await reported.priceOf(tickerId)).toBeUndefined();
      await tellRate('1.001');
      expect(await reported.priceOf(tickerId)).toMatchObject({ source_id: 5, price: '100.1' });
    });

    test('the other one is served when the rate does not come, soon after the window', async () => {
      const closing = new CloseRepository(database.pool);
      await tell(inTether('100'));
      await tellOther();
      expect(await closing.decideExpired(NOON + 19, 10)).toEqual([]);
      expect(await closing.decideExpired(NOON + 20, 10)).toMatchObject([{ sourceId: 1, price: '101' }]);
      expect(await closing.decideExpired(NOON + 21, 10)).toEqual([]);
      expect(await reported.samplesOf(tickerId)).toEqual({ 1: 'accepted 101', 5: 'rejected no_conversion_rate' });
    });

    test('a rate that comes late changes no price, and explains the sample', async () => {
      await tell(inTether('100'));
      await tellOther();
      await new CloseRepository(database.pool).decideExpired(NOON + 20, 10);
      await tellRate('1.001');
      expect(await reported.priceOf(tickerId)).toMatchObject({ source_id: 1 });
      expect(await reported.samplesOf(tickerId)).toMatchObject({ 5: 'accepted 100.1' });
    });
  });

  test('what a worker left waiting when it was killed is converted by the closer', async () => {
    await rateSampled();
    await tell(inTether('100'));
    // As if the worker that stored the rate had ended between its commit and the look for what waits.
    await database.pool.query(
      `INSERT INTO prices (ticker_id, slot, price, source_id, observed_at) VALUES ($1, $2, 0.99, 1, now())`,
      [rateId, NOON],
    );
    expect(await new CloseRepository(database.pool).decideExpired(NOON + 15, 10)).toMatchObject([
      { tickerId, price: '99' },
    ]);
  });

  test('a rate may itself be converted', async () => {
    await forgetEverything(database.pool);
    ({ tickerId } = await insertSchedule(database.pool, {
      ticker: 'doge_usd',
      sources: [{ sourceId: 5, quotedIn: 'btc' }],
    }));
    const btc = await insertSchedule(database.pool, { ticker: 'btc_usd', sources: [TETHER] });
    await rateSampled();
    await reported.report(
      { tickerId, sourceId: 5, batch: 'doge_usd' },
      { ...inTether('0.000002'), rateTicker: 'btc_usd' },
    );
    await reported.report({ tickerId: btc.tickerId, sourceId: 5 }, inTether('100000'));
    const { decided } = await tellRate('0.99');
    expect(decided.map(({ price }) => price)).toEqual(['0.99', '99000', '0.198']);
  });
});
