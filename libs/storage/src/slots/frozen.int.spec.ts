import { flagBits, type StoredChecks } from '@app/domain';
import {
  forgetEverything,
  insertSchedule,
  makePartitionsOfTests,
  NOON,
} from '../../../../test/builders/stored-schedules.js';
import { makeSources, ReportedSlots } from '../../../../test/builders/reported-slots.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';

const FROZEN = flagBits(['frozen']);

describe('a source that reports the same digits', () => {
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

  async function sampled(
    sources: number,
    checks: StoredChecks = {},
    ticker = 'btc_usd',
    intervalSeconds = 60,
  ): Promise<void> {
    const ids = Array.from({ length: sources }, (_, index) => ({ sourceId: index + 1 }));
    ({ tickerId } = await insertSchedule(database.pool, {
      ticker,
      intervalSeconds,
      sources: ids,
      ruleOptions: { checks },
    }));
  }

  /** A slot in which sources 1, 2... say this. */
  async function slotOf(slot: number, ...raws: (string | undefined)[]): Promise<void> {
    for (const [index, raw] of raws.entries())
      if (raw !== undefined) await reported.report({ tickerId, sourceId: index + 1, slot }, raw);
  }

  const minute = (count: number): number => NOON + count * 60;

  /** Another source that moves by 0.2 % a minute. */
  const moving = (count: number): string => (100 * 1.002 ** count).toFixed(3);

  /** The minutes in which a source was rejected as frozen. */
  async function frozenMinutes(sourceId: number): Promise<number[]> {
    const { rows } = await database.pool.query<{ minute: number }>(
      `SELECT ((slot - ${NOON}) / 60)::int AS minute FROM samples
       WHERE source_id = $1 AND reason = 'frozen' AND detail LIKE 'the same digits for % s, %' AND flags = 0 ORDER BY slot`,
      [sourceId],
    );
    return rows.map((row) => row.minute);
  }

  test('is left out after a quarter of an hour while another one moves, and taken again at once when it thaws', async () => {
    await sampled(2);
    for (let count = 0; count <= 24; count += 1)
      await slotOf(minute(count), count < 22 ? '100.125' : moving(count), moving(count));
    expect(await frozenMinutes(1)).toEqual([15, 16, 17, 18, 19, 20, 21]);
    expect(await reported.priceOf(tickerId, minute(14))).toMatchObject({ source_id: 1, price: '100.125', flags: 0 });
    expect(await reported.priceOf(tickerId, minute(15))).toMatchObject({ source_id: 2, price: moving(15) });
    expect(await reported.priceOf(tickerId, minute(22))).toMatchObject({ source_id: 1, price: moving(22), flags: 0 });
  });

  test('is not, when it reported other digits in between, or another one hardly moved', async () => {
    await sampled(2);
    for (let count = 0; count <= 20; count += 1)
      await slotOf(minute(count), count === 9 ? '100.126' : '100.125', moving(count));
    for (let count = 21; count <= 40; count += 1) await slotOf(minute(count), moving(20), `104.${count}`);
    expect(await frozenMinutes(1)).toEqual([]);
  });

  test('is not found out by a move of another one in a slot that was missed', async () => {
    await sampled(2);
    for (let count = 0; count <= 17; count += 1) if (count !== 1) await slotOf(minute(count), '100.125', moving(count));
    expect(await frozenMinutes(1)).toEqual([15, 16, 17]);
  });

  /** A slot of five minutes; ten of them make frozen. */
  const slotAt = (count: number): number => NOON + count * 300;

  test('stays left out while the others stay where they moved to, and is taken again when they are back', async () => {
    await sampled(3, {}, 'btc_usd', 300);
    const others = (count: number): string => (count < 12 || count > 25 ? '100.2' : '105.2');
    for (let count = 0; count <= 36; count += 1) await slotOf(slotAt(count), '100.125', others(count), others(count));
    // The move back counts for ten slots, too.
    expect(await frozenMinutes(1)).toEqual(Array.from({ length: 23 }, (_, index) => (13 + index) * 5));
    expect(await reported.priceOf(tickerId, slotAt(25))).toMatchObject({ source_id: 2, price: '105.2', flags: 0 });
    expect(await reported.priceOf(tickerId, slotAt(36))).toMatchObject({ source_id: 1, price: '100.125', flags: 0 });
  });

  test('is left out when the others have drifted away, however slowly', async () => {
    await sampled(3, {}, 'btc_usd', 300);
    const drifting = (count: number): string => (100.2 * (1 + 0.0015 * count)).toFixed(3);
    for (let count = 0; count <= 17; count += 1)
      await slotOf(slotAt(count), '100.125', drifting(count), drifting(count));
    expect(await frozenMinutes(1)).toEqual([14, 15, 16, 17].map((count) => count * 5));
    expect(await reported.priceOf(tickerId, slotAt(17))).toMatchObject({ source_id: 2, price: drifting(17) });
  });

  test('does not make a jump of the only other one, which has drifted away', async () => {
    await sampled(2, { jump_ratio: 0.03 }, 'btc_usd', 300);
    const drifting = (count: number): string => (100.2 * (1 + 0.0018 * count)).toFixed(3);
    for (let count = 0; count <= 30; count += 1) await slotOf(slotAt(count), '100.125', drifting(count));
    expect(await frozenMinutes(1)).toEqual(Array.from({ length: 19 }, (_, index) => (12 + index) * 5));
    expect(await frozenMinutes(2)).toEqual([]);
    for (const count of [18, 30])
      expect(await reported.priceOf(tickerId, slotAt(count))).toMatchObject({
        ...{ source_id: 2, price: drifting(count), flags: 0 },
      });
  });

  test('is not alone when the others are rejected as jumps, and is held against what these come to', async () => {
    await sampled(2, {}, 'btc_usd', 300);
    const inverted = (count: number): Parameters<ReportedSlots['report']>[1] => {
      const raw = (0.0075 + count / 1e6).toFixed(6);
      return { outcome: 'accepted', raw, isInverted: true, price: (1 / Number(raw)).toFixed(2), flags: 1 };
    };
    for (let count = 0; count <= 10; count += 1) {
      await slotOf(slotAt(count), '100.125');
      // Nothing is believed here for having been reported again and again: the slot has its price.
      await reported.report({ tickerId, sourceId: 2, slot: slotAt(count) }, inverted(count));
    }
    expect(await reported.samplesOf(tickerId, slotAt(9))).toEqual({ 1: 'accepted 100.125', 2: 'rejected jump' });
    expect(await reported.samplesOf(tickerId, slotAt(10))).toMatchObject({ 1: 'rejected frozen' });
  });

  test('is not found out by one that has been as still all the time', async () => {
    await sampled(2, {}, 'btc_usd', 300);
    for (let count = 0; count <= 12; count += 1) await slotOf(slotAt(count), '100.125', '104.1');
    expect([...(await frozenMinutes(1)), ...(await frozenMinutes(2))]).toEqual([]);
  });

  test('is served and flagged when nobody else reports, until it reports other digits', async () => {
    await sampled(1);
    for (let count = 0; count <= 17; count += 1) await slotOf(minute(count), count < 17 ? '100.125' : '100.126');
    const { rows } = await database.pool.query(
      `SELECT ((p.slot - ${NOON}) / 60)::int AS minute FROM prices p JOIN samples s USING (ticker_id, slot, source_id)
       WHERE p.flags = ${FROZEN} AND s.flags = ${FROZEN} ORDER BY 1`,
    );
    expect(rows).toEqual([{ minute: 15 }, { minute: 16 }]);
    expect(await reported.priceOf(tickerId, minute(17))).toMatchObject({ price: '100.126', flags: 0 });
  });

  test('needs ten of its intervals, where these are longer', async () => {
    await sampled(2, { jump_ratio: null }, 'btc_usd', 300);
    for (let count = 0; count <= 11; count += 1) await slotOf(NOON + count * 300, '100.125', `1${count + 10}`);
    expect(await frozenMinutes(1)).toEqual([50, 55]);
  });

  test('is never found in a pair that is pegged, unless its checks say so', async () => {
    await sampled(2, {}, 'usdt_usd');
    for (let count = 0; count <= 20; count += 1) await slotOf(minute(count), '1.00125', (1 + count / 500).toFixed(4));
    expect(await frozenMinutes(1)).toEqual([]);
    await forgetEverything(database.pool);
    await sampled(2, { frozen_after_seconds: 600 }, 'usdt_usd');
    for (let count = 0; count <= 11; count += 1) await slotOf(minute(count), '1.00125', (1 + count / 200).toFixed(4));
    expect(await frozenMinutes(1)).toEqual([10, 11]);
  });

  test('is judged by its text, and not by what that is converted to', async () => {
    const rate = await insertSchedule(database.pool, { ticker: 'usdt_usd' });
    ({ tickerId } = await insertSchedule(database.pool, {
      ticker: 'sol_usd',
      sources: [{ sourceId: 2, quotedIn: 'usdt' }, { sourceId: 3 }],
    }));
    for (let count = 0; count <= 16; count += 1) {
      const slot = minute(count);
      const waiting = {
        outcome: 'rejected',
        reason: 'no_conversion_rate',
        raw: '100.125',
        rateTicker: 'usdt_usd',
        flags: 1,
      } as const;
      await reported.report({ tickerId, sourceId: 2, slot }, waiting);
      await reported.report({ tickerId: rate.tickerId, sourceId: 1, slot }, (1 + count / 10_000).toFixed(5));
      await reported.report({ tickerId, sourceId: 3, slot }, moving(count));
    }
    expect(await reported.samplesOf(tickerId, minute(14))).toMatchObject({ 2: expect.stringContaining('accepted') });
    expect(await reported.samplesOf(tickerId, minute(16))).toMatchObject({ 2: 'rejected frozen' });
  });
});
