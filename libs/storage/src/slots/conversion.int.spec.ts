import { flagBits, type StoredChecks } from '@app/domain';
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
    await tellRate('0.95000');
    const { decided, waiting, standing } = await tell(inTether('80000.00'));
    expect(decided).toMatchObject([{ tickerId, price: '76000.0', sourceId: 5 }]);
    expect(waiting).toEqual([]);
    expect(standing.get(tickerId)).toMatchObject({ outcome: 'accepted', price: '76000.0' });
    expect(
      await rowOf(
        database.pool,
        `SELECT outcome, reason, detail, price::text, raw, rate::text, rate_ticker, flags FROM samples WHERE ticker_id = ${tickerId}`,
      ),
    ).toEqual({
      ...{ outcome: 'accepted', reason: null, detail: null, price: '76000.0', raw: '80000.00' },
      ...{ rate: '0.95000', rate_ticker: 'usdt_usd', flags: DERIVED },
    });
    expect(await reported.priceOf(tickerId)).toMatchObject({ flags: DERIVED });
  });

  test('a quote that came before its rate is converted when the rate is decided', async () => {
    await rateSampled();
    const first = await tell(inTether('80000.5'));
    expect(first).toMatchObject({ decided: [], waiting: [tickerId] });
    expect(await reported.samplesOf(tickerId)).toEqual({ 5: 'rejected no_conversion_rate' });
    const { decided, revised } = await tellRate('0.99985');
    expect(decided).toMatchObject([{ tickerId: rateId }, { tickerId, price: '79988.5' }]);
    expect(revised).toMatchObject([{ tickerId, ticker: 'btc_usd', outcome: 'accepted', price: '79988.5' }]);
  });

  test('inverted and converted, it is divided once and rounded to what is known', async () => {
    await rateSampled();
    await tellRate('0.9998');
    await tell(inTether('0.00001230000', { isInverted: true }));
    expect(await reported.priceOf(tickerId)).toMatchObject({ price: '81285' });
  });

  test('a slot takes the rate of the slot of the rate that it lies in', async () => {
    await forgetEverything(database.pool);
    ({ tickerId } = await insertSchedule(database.pool, { ticker: 'btc_usd', intervalSeconds: 10, sources: [TETHER] }));
    await rateSampled();
    await tellRate('0.90000');
    await tell(inTether('100.000'), NOON + 50);
    expect(await reported.priceOf(tickerId, NOON + 50)).toMatchObject({ price: '90.0000' });
    await tell(inTether('100.000'), NOON + 60);
    await tell(inTether('100.000'), NOON + 70);
    const { decided } = await tellRate('0.91000', NOON + 60);
    expect(decided.map(({ slot, price }) => `${slot - NOON} ${price}`)).toEqual([
      '60 0.91000',
      '60 91.0000',
      '70 91.0000',
    ]);
  });

  test('two that commit at once never miss each other', async () => {
    await rateSampled();
    const other = new SampleRepository(database.pool);
    for (let count = 0; count < 60; count += 1) {
      const slot = NOON + count * 60;
      await Promise.all([
        tell(inTether('100.000'), slot),
        reported.report({ tickerId: rateId, sourceId: 1, slot, batch: 'usdt_usd', by: other }, '0.99000'),
      ]);
      expect(await reported.priceOf(tickerId, slot)).toMatchObject({ price: '99.0000' });
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
    await tellRate('1.00000', NOON + 60);
    await tell(inTether('500.000'), NOON + 60);
    await tellRate('0.50000', NOON + 120);
    await tell(inTether('500.000'), NOON + 120);
    expect(await reported.samplesOf(tickerId, NOON + 60)).toEqual({ 5: 'accepted 500.000' });
    expect(await reported.samplesOf(tickerId, NOON + 120)).toEqual({ 5: 'rejected jump' });
    expect(
      await rowOf(
        database.pool,
        `SELECT rate::text FROM samples WHERE ticker_id = ${tickerId} AND slot = ${NOON + 120}`,
      ),
    ).toEqual({ rate: '0.50000' });
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
      await tell(inTether('100.000'));
      await tellOther();
      expect(await reported.priceOf(tickerId)).toBeUndefined();
      await tellRate('1.00100');
      expect(await reported.priceOf(tickerId)).toMatchObject({ source_id: 5, price: '100.100' });
    });

    test('the other one is served when the rate does not come, soon after the window', async () => {
      const closing = new CloseRepository(database.pool);
      await tell(inTether('100.000'));
      await tellOther();
      expect(await closing.decideExpired(NOON + 19, 10)).toEqual([]);
      expect(await closing.decideExpired(NOON + 20, 10)).toMatchObject([{ sourceId: 1, price: '101' }]);
      expect(await closing.decideExpired(NOON + 21, 10)).toEqual([]);
      expect(await reported.samplesOf(tickerId)).toEqual({ 1: 'accepted 101', 5: 'rejected no_conversion_rate' });
    });

    test('a rate that comes late changes no price, and explains the sample', async () => {
      await tell(inTether('100.000'));
      await tellOther();
      await new CloseRepository(database.pool).decideExpired(NOON + 20, 10);
      await tellRate('1.00100');
      expect(await reported.priceOf(tickerId)).toMatchObject({ source_id: 1 });
      expect(await reported.samplesOf(tickerId)).toMatchObject({ 5: 'accepted 100.100' });
    });
  });

  test('what a worker left waiting when it was killed is converted by the closer', async () => {
    await rateSampled();
    await tell(inTether('100.000'));
    // As if the worker that stored the rate had ended between its commit and the look for what waits.
    await database.pool.query(
      `INSERT INTO prices (ticker_id, slot, price, source_id, observed_at) VALUES ($1, $2, 0.99000, 1, now())`,
      [rateId, NOON],
    );
    expect(await new CloseRepository(database.pool).decideExpired(NOON + 15, 10)).toMatchObject([
      { tickerId, price: '99.0000' },
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
      { ...inTether('0.00000200000'), rateTicker: 'btc_usd' },
    );
    await reported.report({ tickerId: btc.tickerId, sourceId: 5 }, inTether('100000.00'));
    const { decided } = await tellRate('0.99000');
    expect(decided.map(({ price }) => price)).toEqual(['0.99000', '99000.0', '0.198000']);
  });

  describe('is held against what is known', () => {
    const detailOf = async (slot = NOON) =>
      (await rowOf(database.pool, `SELECT detail FROM samples WHERE ticker_id = ${tickerId} AND slot = ${slot}`))[
        'detail'
      ];

    test('a rate with too few digits converts nothing, before the sample or after it', async () => {
      await rateSampled();
      await tellRate('0.99');
      await tell(inTether('80000.5'));
      expect(await reported.samplesOf(tickerId)).toEqual({ 5: 'rejected imprecise' });
      expect(await detailOf()).toBe(
        '"80000.5" converted at 0.99 is known to 0.51 % only, at most 0.1 % is allowed: name a source that writes more digits, or raise max_uncertainty_ratio',
      );
      await tell(inTether('80000.5'), NOON + 60);
      await tellRate('0.99', NOON + 60);
      expect(await reported.samplesOf(tickerId, NOON + 60)).toEqual({ 5: 'rejected imprecise' });
      expect(await reported.priceOf(tickerId, NOON + 60)).toBeUndefined();
      await tell(inTether('80000.5'), NOON + 120);
      await tellRate('0.9912', NOON + 120);
      expect(await reported.samplesOf(tickerId, NOON + 120)).toEqual({ 5: 'accepted 79296' });
    });

    test('its ticker may take less', async () => {
      await forgetEverything(database.pool);
      const ruleOptions = { checks: { max_uncertainty_ratio: 0.01 } };
      ({ tickerId } = await insertSchedule(database.pool, { ticker: 'btc_usd', sources: [TETHER], ruleOptions }));
      await rateSampled();
      await tellRate('0.99');
      await tell(inTether('80000.5'));
      expect(await reported.samplesOf(tickerId)).toEqual({ 5: 'accepted 79200' });
    });
  });

  describe('at a rate that is sampled seldom', () => {
    // A multiple of both intervals, an hour and a half and an hour after it.
    const LONG = 7_200;
    const START = NOON - (NOON % LONG) + LONG;

    async function sampledSeldom(checks: StoredChecks = {}): Promise<void> {
      await forgetEverything(database.pool);
      const ruleOptions = { checks };
      const draft = { ticker: 'btc_usd', sources: [TETHER], fromSlot: START, ruleOptions };
      ({ tickerId } = await insertSchedule(database.pool, draft));
      await rateSampled({ intervalSeconds: LONG, fromSlot: START });
    }

    test('it converts what lies within an hour, and no more', async () => {
      await sampledSeldom();
      await tellRate('0.99000', START);
      await tell(inTether('100.000'), START + 3_600);
      await tell(inTether('100.000'), START + 3_660);
      expect(await reported.samplesOf(tickerId, START + 3_600)).toEqual({ 5: 'accepted 99.0000' });
      expect(await reported.samplesOf(tickerId, START + 3_660)).toEqual({ 5: 'rejected rate_too_old' });
      expect(
        await rowOf(
          database.pool,
          `SELECT detail, rate::text FROM samples WHERE ticker_id = ${tickerId} AND slot = ${START + 3_660}`,
        ),
      ).toEqual({
        detail:
          'its rate is of a slot 3660 s before, at most 3600 s are allowed: sample the rate more often, or raise max_rate_age_seconds',
        rate: '0.99000',
      });
    });

    test('also when it comes after the sample', async () => {
      await sampledSeldom({ max_rate_age_seconds: 60 });
      await tell(inTether('100.000'), START + 60);
      await tell(inTether('100.000'), START + 120);
      await tellRate('0.99000', START);
      expect(await reported.samplesOf(tickerId, START + 60)).toEqual({ 5: 'accepted 99.0000' });
      expect(await reported.samplesOf(tickerId, START + 120)).toEqual({ 5: 'rejected rate_too_old' });
    });

    test('it converts at any age for who asks for that, and one that is missing stays missing', async () => {
      await sampledSeldom({ max_rate_age_seconds: null });
      await tellRate('0.99000', START);
      await tell(inTether('100.000'), START + 7_140);
      await tell(inTether('100.000'), START + LONG + 7_140);
      expect(await reported.samplesOf(tickerId, START + 7_140)).toEqual({ 5: 'accepted 99.0000' });
      expect(await reported.samplesOf(tickerId, START + LONG + 7_140)).toEqual({ 5: 'rejected no_conversion_rate' });
    });
  });
});
