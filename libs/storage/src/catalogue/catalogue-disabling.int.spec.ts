import { ChangedCatalogue, planOf } from '../../../../test/builders/changed-catalogue.js';
import { forgetEverything, insertSchedule, NOON, untilBlocked } from '../../../../test/builders/stored-schedules.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';

describe('the catalogue, when tickers are disabled and changes race', () => {
  let database: TestDatabase;
  let catalogue: ChangedCatalogue;

  beforeAll(async () => {
    database = await createTestDatabase();
    catalogue = await ChangedCatalogue.of(database);
  });
  afterAll(async () => {
    await catalogue.close();
    await database.drop();
  });
  beforeEach(() => forgetEverything(database.pool));

  describe('disabling', () => {
    beforeEach(async () => {
      await catalogue.put(60, -30);
      await catalogue.planAt(0);
    });

    test('ends the version with its next slot, and says whether there was one', async () => {
      expect(await catalogue.disable(5)).toBe(true);
      expect(await catalogue.disable(6)).toBe(false);
      expect(await catalogue.versions()).toEqual([{ from: 0, to: 60, interval: 60 }]);
      expect(await catalogue.repository.find('btc_usd')).toMatchObject({
        enabled: false,
        intervalSeconds: 60,
        toSlot: NOON + 60,
      });
      for (let second = 1; second <= 200; second += 1) await catalogue.planAt(second);
      expect(await catalogue.fetched()).toEqual([0]);
      expect((await database.pool.query('SELECT 1 FROM gaps')).rowCount).toBe(0);
    });

    test('is no fault for a ticker that was never there', async () => {
      expect(await catalogue.repository.disable('eth_usd', NOON * 1000)).toBe(false);
    });

    test('and enabling again leaves no other hole than the range between', async () => {
      await catalogue.disable(5);
      expect(await catalogue.put(60, 200)).toBe('created');
      expect(await catalogue.versions()).toEqual([
        { from: 0, to: 60, interval: 60 },
        { from: 240, to: null, interval: 60 },
      ]);
    });

    test('and enabling again at once leaves no hole at all', async () => {
      await catalogue.disable(5);
      await catalogue.put(60, 6);
      expect(await catalogue.versions()).toEqual([
        { from: 0, to: 60, interval: 60 },
        { from: 60, to: null, interval: 60 },
      ]);
    });

    test('a change that has not taken effect is kept, although it never held', async () => {
      await catalogue.put(7, 5);
      expect(await catalogue.disable(5)).toBe(true);
      const [before, changed, ...more] = await catalogue.versions();
      expect([before?.interval, changed?.interval, more]).toEqual([60, 7, []]);
      expect(changed?.to).toBe(changed?.from);
      expect(await catalogue.repository.find('btc_usd')).toMatchObject({ enabled: false, intervalSeconds: 7 });
      for (let second = 1; second <= 200; second += 1) await catalogue.planAt(second);
      expect(await catalogue.fetched()).toEqual([0]);
      expect((await database.pool.query('SELECT 1 FROM gaps')).rowCount).toBe(0);
    });

    test('a ticker whose first slot has not come is kept, and begins anew as if it had never been', async () => {
      const put = (interval: number, second: number) =>
        catalogue.repository.put(planOf(interval, { ticker: 'eth_usd' }), (NOON + second) * 1000);
      await put(3_600, 30);
      expect(await catalogue.repository.disable('eth_usd', (NOON + 31) * 1000)).toBe(true);
      const disabled = await catalogue.repository.find('eth_usd');
      expect(disabled).toMatchObject({ enabled: false, intervalSeconds: 3_600 });
      expect(disabled?.toSlot).toBe(disabled?.fromSlot);
      expect(await put(60, 32)).toBe('created');
      expect(await catalogue.repository.find('eth_usd')).toMatchObject({ enabled: true, fromSlot: NOON + 60 });
      expect((await database.pool.query('SELECT 1 FROM schedules WHERE to_slot = from_slot')).rowCount).toBe(0);
    });
  });

  test('changes that race with two planners never lose or double a slot', async () => {
    await catalogue.put(1, -1);
    for (let second = 0; second < 60; second += 1) {
      const change = second % 5 === 0 ? [catalogue.put([1, 2, 3, 7][(second / 5) % 4] ?? 1, second)] : [];
      await Promise.all([catalogue.planAt(second), ...change, catalogue.planAt(second)]);
    }
    for (let second = 60; second < 75; second += 1) await catalogue.planAt(second);
    const all = await catalogue.versions();
    for (const [index, version] of all.slice(1).entries()) expect(version.from).toBe(all[index]?.to);
    const expected = all.flatMap(({ from, to, interval }) =>
      Array.from({ length: 75 }, (_, second) => second).filter(
        (second) => second >= from && second < (to ?? 75) && (NOON + second) % interval === 0,
      ),
    );
    expect(await catalogue.fetched()).toEqual(expected);
  });

  test('a change and a planner that records a gap of the same ticker do not lock each other out', async () => {
    const { tickerId, scheduleId } = await insertSchedule(database.pool, { ticker: 'btc_usd' });
    const planner = await database.pool.connect();
    try {
      await planner.query('BEGIN');
      await planner.query('SELECT id FROM schedules WHERE id = $1 FOR UPDATE', [scheduleId]);
      const change = catalogue.put(5, 65);
      await untilBlocked(database.pool);
      await planner.query(`INSERT INTO gaps VALUES ($1, $2::bigint, $2::bigint + 60, 'not_planned', now())`, [
        tickerId,
        NOON,
      ]);
      await planner.query('COMMIT');
      expect(await change).toBe('changed');
    } finally {
      planner.release();
    }
  });
});
