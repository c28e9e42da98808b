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

const UNCONFIRMED = flagBits(['unconfirmed']);

describe('a ticker with one source', () => {
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

  async function sampledEvery(intervalSeconds: number, more: Partial<ScheduleDraft> = {}): Promise<void> {
    ({ tickerId } = await insertSchedule(database.pool, { ticker: 'btc_usd', intervalSeconds, ...more }));
  }

  /** Seconds after noon; the time that the source names, when it names one. */
  async function says(second: number, raw: string, sourceSecond?: number): Promise<void> {
    const sourceTime = sourceSecond === undefined ? undefined : new Date((NOON + sourceSecond) * 1000);
    await reported.report(
      { tickerId, sourceId: 1, slot: NOON + second },
      { outcome: 'accepted', price: raw, raw, sourceTime },
    );
  }

  /** Slots with a price, in seconds after noon, with `?` where it is unconfirmed; and that of the price and its sample agrees. */
  async function served(): Promise<string[]> {
    const { rows } = await database.pool.query<{ text: string }>(
      `SELECT p.slot - ${NOON} || ' ' || p.price::text || CASE WHEN p.flags & ${UNCONFIRMED} <> 0 THEN '?' ELSE '' END AS text
       FROM prices p JOIN samples s USING (ticker_id, slot, source_id)
       WHERE s.outcome = 'accepted' AND s.flags = p.flags AND s.price::text = p.price::text ORDER BY p.slot`,
    );
    return rows.map(({ text }) => text);
  }

  test('that repeats a stale answer does not have it believed, and the true price after it is no jump', async () => {
    await sampledEvery(1);
    await says(0, '80000.5', 0);
    for (let second = 1; second <= 45; second += 1) await says(second, '8000.05', -40);
    await says(46, '80010', 46);
    expect(await served()).toEqual(['0 80000.5', '46 80010']);
  });

  test('is believed at the third time that the source names, half a minute after the first', async () => {
    await sampledEvery(5);
    await says(0, '100', 0);
    // The source makes a price every 14 s: 5, 19, 33, 47.
    for (let second = 5; second <= 45; second += 5) await says(second, '130', second - ((second - 5) % 14));
    expect(await served()).toEqual(['0 100', '35 130', '40 130', '45 130']);
  });

  test('of a market that goes up and down is served again after ten minutes, unconfirmed until it is calm', async () => {
    await sampledEvery(60);
    await says(0, '100');
    for (let count = 1; count <= 11; count += 1)
      await says(count * 60, count % 2 === 0 ? `8${count % 10}.5` : `12${count % 10}`);
    await says(720, '100');
    await says(780, '101');
    await says(840, '102');
    expect(await served()).toEqual(['0 100', '600 80.5?', '660 121?', '720 100?', '780 101?', '840 102']);
    expect(await rowOf(database.pool, 'SELECT flags, price::text AS price FROM latest')).toEqual({
      flags: 0,
      price: '102',
    });
  });

  test('of slots far apart is served in the second slot, unconfirmed', async () => {
    await sampledEvery(1_800);
    await says(0, '100');
    for (const count of [1, 2, 3, 4]) await says(count * 1_800, `20${count}`);
    expect(await served()).toEqual(['0 100', '3600 202?', '5400 203', '7200 204']);
  });

  test.each([2_160, 3_600, 21_600])(
    'that is asked every %i s has no wrong price of it served unflagged',
    async (every) => {
      await sampledEvery(every);
      await says(0, '80000.5');
      for (const count of [1, 2, 3, 4]) await says(count * every, '8000.05');
      await says(5 * every, '80010');
      const [second, third, fourth] = [2 * every, 3 * every, 4 * every];
      expect(await served()).toEqual([
        '0 80000.5',
        `${second} 8000.05?`,
        `${third} 8000.05?`,
        `${fourth} 8000.05?`,
        `${5 * every} 80010?`,
      ]);
    },
  );

  test('that is confirmed by another one in its slot loses the flag before it is decided, and not after', async () => {
    const sources = [{ sourceId: 1 }, { sourceId: 2 }];
    await sampledEvery(60, { sources });
    const second = (slot: number, raw: string) =>
      reported.report({ tickerId, sourceId: 2, slot: NOON + slot }, { outcome: 'accepted', price: raw, raw });
    const failed = (slot: number) =>
      reported.report({ tickerId, sourceId: 2, slot: NOON + slot }, { outcome: 'failed', reason: 'timeout' });
    await says(0, '100');
    await second(0, '100');
    for (let count = 1; count <= 10; count += 1) {
      await says(count * 60, '130');
      await failed(count * 60);
    }
    expect(await served()).toEqual(['0 100', '600 130?']);
    // It waits for the other one, which may confirm it.
    await says(660, '130');
    expect(await reported.priceOf(tickerId, NOON + 660)).toBeUndefined();
    await second(660, '130.1');
    expect(await served()).toEqual(['0 100', '600 130?', '660 130']);
    await reported.report({ tickerId, sourceId: 2, slot: NOON + 600 }, '130.1');
    expect(await served()).toContain('600 130?');
  });

  test('has histories that are read by key, and few rows of them, also when it is stuck for ten minutes in every second', async () => {
    await sampledEvery(1);
    await says(0, '100');
    await database.pool.query(
      `INSERT INTO samples (ticker_id, slot, source_id, outcome, reason, raw, batch)
       SELECT ${tickerId}, ${NOON} + second, 1, 'rejected', 'jump', '130', 'btc_usd' FROM generate_series(1, 599) AS second`,
    );
    await says(599, '130');
    await says(600, '130');
    expect(await served()).toEqual(['0 100', '600 130?']);
  });
});
