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
import { SampleRepository } from './sample.repository.js';

/** The slot so many minutes after noon. */
const minute = (count: number): number => NOON + count * 60;

describe('jumps', () => {
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

  /** A ticker of the sources 1, 2, 3... in this order. */
  async function sampled(sources: number, draft: Partial<ScheduleDraft> = {}): Promise<void> {
    const ids = Array.from({ length: sources }, (_, index) => ({ sourceId: index + 1 }));
    ({ tickerId } = await insertSchedule(database.pool, { ticker: 'btc_usd', sources: ids, ...draft }));
  }

  /** Every source tells its price, in order; undefined tells nothing. */
  async function slotOf(slot: number, ...prices: (string | undefined)[]): Promise<void> {
    for (const [index, price] of prices.entries()) {
      if (price !== undefined) await reported.report({ tickerId, sourceId: index + 1, slot }, price);
    }
  }

  describe('of a source that is alone', () => {
    beforeEach(() => sampled(1));

    test('are kept with their reason and their text, and are not served', async () => {
      await slotOf(minute(0), '100');
      const { revised, decided } = await reported.report({ tickerId, sourceId: 1, slot: minute(1) }, '125');
      expect(decided).toEqual([]);
      expect(revised).toEqual([
        {
          ...{ tickerId, ticker: 'btc_usd', slot: minute(1), sourceId: 1, source: 'deribit' },
          ...{ outcome: 'rejected', reason: 'jump', price: undefined, was: 'accepted' },
        },
      ]);
      const kept = await database.pool.query(
        'SELECT outcome, reason, price, raw, detail FROM samples WHERE slot = $1',
        [minute(1)],
      );
      expect(kept.rows).toEqual([
        {
          ...{ outcome: 'rejected', reason: 'jump', price: null, raw: '125' },
          detail: '125 is more than 0.1 away from the last price 100, and no other source agrees',
        },
      ]);
    });

    test('are served from the third observation on, and lock nobody out', async () => {
      await slotOf(minute(0), '100');
      for (const [index, price] of ['130', '131', '129.50', '130'].entries()) await slotOf(minute(index + 1), price);
      expect(await reported.pricesOf(tickerId, [1, 2, 3, 4].map(minute))).toEqual([null, null, '129.50', '130']);
    });

    test('count over slots in which the source failed', async () => {
      await slotOf(minute(0), '100');
      await slotOf(minute(1), '130');
      await reported.report({ tickerId, sourceId: 1, slot: minute(2) }, { outcome: 'failed', reason: 'timeout' });
      await slotOf(minute(3), '130.1');
      await slotOf(minute(4), '130.2');
      expect(await reported.pricesOf(tickerId, [3, 4].map(minute))).toEqual([null, '130.2']);
    });

    test('are recognised by the last price before the slot, also when a later slot has its price already', async () => {
      await slotOf(minute(0), '100');
      for (const count of [2, 3, 4]) await slotOf(minute(count), `20${count}`);
      expect(await reported.pricesOf(tickerId, [0, 2, 3, 4].map(minute))).toEqual(['100', null, null, '204']);
      // Stored late, after an outage of Postgres: 103 is near the price before it, and 190 near that after it alone.
      await slotOf(minute(1), '103');
      expect(await reported.samplesOf(tickerId, minute(1))).toEqual({ 1: 'accepted 103' });
      await sampled(1, { ticker: 'eth_usd' });
      await slotOf(minute(0), '100');
      await slotOf(minute(2), '105');
      await slotOf(minute(1), '190');
      expect(await reported.samplesOf(tickerId, minute(1))).toEqual({ 1: 'rejected jump' });
    });
  });

  describe('of several sources', () => {
    test('a source that stands still is left behind when two others tell a move', async () => {
      await sampled(3);
      await slotOf(minute(0), '100', '100', '100');
      // Served before the others could contradict it; that makes the price doubtful in the next slot.
      await slotOf(minute(1), '100', '130', '130');
      expect(await reported.priceOf(tickerId, minute(1))).toMatchObject({ price: '100' });
      await slotOf(minute(2), '100', '130', '130');
      expect(await reported.priceOf(tickerId, minute(2))).toMatchObject({ price: '130', source_id: 2 });
      expect(await reported.samplesOf(tickerId, minute(2))).toMatchObject({ 1: 'rejected jump' });
      await slotOf(minute(3), '100', '131', '131');
      expect(await reported.priceOf(tickerId, minute(3))).toMatchObject({ price: '131', source_id: 2 });
    });

    test('two that store at once always confirm each other', async () => {
      await sampled(2);
      const other = new SampleRepository(database.pool);
      await slotOf(minute(0), '100', '100');
      for (let count = 1; count <= 40; count += 1) {
        const price = count % 2 === 1 ? '130' : '100';
        await Promise.all([
          reported.report({ tickerId, sourceId: 1, slot: minute(count) }, price),
          reported.report({ tickerId, sourceId: 2, slot: minute(count), by: other }, price),
        ]);
        expect(await reported.priceOf(tickerId, minute(count))).toMatchObject({ price, source_id: 1 });
        expect(await reported.samplesOf(tickerId, minute(count))).toEqual({
          1: `accepted ${price}`,
          2: `accepted ${price}`,
        });
      }
    });

    test('a jump of three observations is served at the end of the window, when another source has not reported', async () => {
      await sampled(2);
      await slotOf(minute(0), '100', '100');
      for (const count of [1, 2, 3]) {
        await insertFetch(database.pool, { sourceId: 2, batch: 'btc_usd', slot: minute(count), status: 'running' });
        await slotOf(minute(count), `130.${count}`);
        await new CloseRepository(database.pool).decideExpired(minute(count) + 15, 10);
      }
      expect(await reported.pricesOf(tickerId, [1, 2, 3].map(minute))).toEqual([null, null, '130.3']);
    });

    test('the same answer stored twice stands, though it was revised', async () => {
      await sampled(2);
      await slotOf(minute(0), '100', '100');
      await slotOf(minute(1), '130');
      const again = await reported.report({ tickerId, sourceId: 1, slot: minute(1) }, '130');
      expect(again.kept).toEqual(new Set([tickerId]));
      expect(again.standing.get(tickerId)).toMatchObject({ outcome: 'rejected', reason: 'jump' });
      expect(again.revised).toEqual([]);
    });
  });
});
