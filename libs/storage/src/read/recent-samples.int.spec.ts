import {
  forgetEverything,
  insertSchedule,
  makePartitionsOfTests,
  NOON,
} from '../../../../test/builders/stored-schedules.js';
import { makeSources, ReportedSlots } from '../../../../test/builders/reported-slots.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { MOST_NAMED_TICKERS, readRecentSamples, type RecentSamples } from './recent-samples.js';

const SECONDS = 60;
const slotOf = (index: number): number => NOON + index * SECONDS;

describe('what the last slots of a source came to', () => {
  let database: TestDatabase;
  let reported: ReportedSlots;

  beforeAll(async () => {
    database = await createTestDatabase();
    reported = new ReportedSlots(database.pool);
    await makePartitionsOfTests(database.pool);
    await makeSources(database.pool);
  });
  afterAll(() => database.drop());
  beforeEach(() => forgetEverything(database.pool));

  async function sampled(ticker: string, rule: 'priority' | 'median' = 'priority'): Promise<number> {
    const sources = [1, 2, 3].map((sourceId) => ({ sourceId }));
    return (await insertSchedule(database.pool, { ticker, sources, rule, intervalSeconds: SECONDS })).tickerId;
  }

  /** Sources 1 and 2 report the market, and source 3 so many times of it, from one slot up to another (exclusive). */
  async function report(tickerId: number, [from, to]: readonly [number, number], factor: number): Promise<void> {
    for (let index = from; index < to; index += 1) {
      const market = 87_123.4 * (1 + 0.0007 * Math.sin(tickerId + index));
      for (const [sourceId, times] of [
        [1, 1],
        [2, 1.00011],
        [3, factor],
      ] as const)
        await reported.report({ tickerId, sourceId, slot: slotOf(index) }, (market * times).toFixed(2));
    }
  }

  async function recentOf(sourceId: number, atSlot: number): Promise<RecentSamples | undefined> {
    return (await readRecentSamples(database.pool, (slotOf(atSlot) + 30) * 1000)).get(sourceId);
  }

  it.each([1.25, 0.75, 1.1371])(
    'a source that reports %s times the market disagrees, and it is said since when',
    async (factor) => {
      const tickerId = await sampled('btc_usd');
      await report(tickerId, [0, 4], 1.0002);
      await report(tickerId, [4, 6], factor);
      expect(await recentOf(3, 5)).toMatchObject({ disagreeingTickers: 0, isUnusable: false });
      await report(tickerId, [6, 13], factor);
      const expected = { ticker: 'btc_usd', reason: 'jump', sinceSlot: slotOf(4) };
      expect(await recentOf(3, 12)).toEqual({
        samples: [
          { outcome: 'rejected', reason: 'jump', count: 9 },
          { outcome: 'accepted', reason: undefined, count: 1 },
        ],
        disagreeingTickers: 1,
        disagreements: [expected],
        isUnusable: false,
      });
      expect(await recentOf(1, 12)).toMatchObject({
        samples: [{ outcome: 'accepted', count: 10 }],
        disagreeingTickers: 0,
      });
    },
  );

  it('does no longer when it has agreed in half of its last slots', async () => {
    const tickerId = await sampled('btc_usd');
    await report(tickerId, [0, 6], 1.25);
    await report(tickerId, [6, 10], 1);
    expect(await recentOf(3, 9)).toMatchObject({ disagreements: [{ sinceSlot: slotOf(0) }] });
    await report(tickerId, [10, 11], 1);
    expect(await recentOf(3, 10)).toMatchObject({ disagreeingTickers: 0, disagreements: [] });
  });

  it('counts those that were left out of medians', async () => {
    const tickerId = await sampled('eth_usd', 'median');
    await report(tickerId, [0, 2], 1.0001);
    await report(tickerId, [2, 12], 1.043);
    expect(await recentOf(3, 11)).toMatchObject({
      samples: [{ outcome: 'accepted', reason: 'outlier', count: 10 }],
      disagreements: [{ ticker: 'eth_usd', reason: 'outlier', sinceSlot: slotOf(2) }],
    });
    expect(await recentOf(2, 11)).toMatchObject({ samples: [{ outcome: 'accepted', reason: undefined, count: 10 }] });
  });

  it.each([2, 5])('counts them of a source that is asked in one of %s slots of its ticker', async (every) => {
    const { tickerId } = await insertSchedule(database.pool, {
      ...{ ticker: 'eth_usd', rule: 'median', intervalSeconds: SECONDS },
      sources: [{ sourceId: 1 }, { sourceId: 2 }, { sourceId: 3, intervalSeconds: every * SECONDS }],
    });
    const slots = Array.from({ length: 12 * every }, (_, index) => index);
    const asked = slots.filter((slot) => slotOf(slot) % (every * SECONDS) === 0);
    for (const index of asked) await report(tickerId, [index, index + 1], 1.043);
    const last = asked.at(-1) ?? 0;
    expect(await recentOf(3, last)).toMatchObject({
      samples: [{ outcome: 'accepted', reason: 'outlier', count: 10 }],
      disagreements: [{ ticker: 'eth_usd', reason: 'outlier', sinceSlot: slotOf(asked[0] ?? 0) }],
    });
    expect(await recentOf(3, last + every - 1)).toMatchObject({ disagreeingTickers: 1 });
  });

  it('names a few of many tickers, and counts them all', async () => {
    const names = ['ada_usd', 'bch_usd', 'btc_usd', 'dot_usd', 'eth_usd', 'ltc_usd', 'xrp_usd'];
    for (const name of names) await report(await sampled(name), [0, 4], 1.3);
    const recent = await recentOf(3, 3);
    expect(recent?.disagreeingTickers).toBe(names.length);
    expect(recent?.disagreements.map(({ ticker }) => ticker)).toEqual(names.slice(0, MOST_NAMED_TICKERS));
  });

  it('says when a source answers and nothing of it can be used', async () => {
    const tickerId = await sampled('btc_usd');
    for (let index = 0; index < 4; index += 1)
      await reported.report(
        { tickerId, sourceId: 2, slot: slotOf(index) },
        { outcome: 'rejected', reason: index % 2 === 0 ? 'stale' : 'not_a_decimal', raw: '1e' },
      );
    expect(await recentOf(2, 3)).toMatchObject({ isUnusable: true, disagreeingTickers: 0 });
  });

  it('looks at nothing that is no longer sampled, and at no slot that is older', async () => {
    const tickerId = await sampled('btc_usd');
    await report(tickerId, [0, 4], 1.25);
    expect(await recentOf(3, 13)).toBeUndefined();
    await database.pool.query('UPDATE schedules SET to_slot = $1', [slotOf(4)]);
    expect(await recentOf(3, 3)).toBeUndefined();
  });
});
