import { graceEndOf } from '@app/domain';
import { CLOSING_SLACK_SECONDS } from '../slots/closing-slack.js';
import fc from 'fast-check';
import { storeFailures, storeGap, storePrices, storeSchedules } from '../../../../test/builders/stored-prices.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { GapReader, type GapEntry } from './gap.reader.js';
import { ReadDatabase } from './read-database.js';

// The beginning of a day and of every interval up to it.
const START = 1_766_016_000;

/** What becomes of a slot in a drawn history. */
type Fate =
  | 'priced'
  | 'failed'
  | 'failed at both'
  | 'second failed'
  | 'planned by nobody'
  | 'forgotten'
  | 'refused'
  | 'refused one';
const FATES: Fate[] = [
  ...(['priced', 'failed', 'failed at both', 'second failed', 'planned by nobody', 'forgotten'] as const),
  ...(['refused', 'refused one'] as const),
];

let database: TestDatabase;
let reader: GapReader;
let tickers = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  reader = new GapReader(new ReadDatabase(database.pool));
});
afterAll(() => database.drop());

async function storeHistory(
  slots: readonly { slot: number; end: number; fate: Fate }[],
  ticker: string,
): Promise<void> {
  const having = (...fates: Fate[]) => slots.filter(({ fate }) => fates.includes(fate));
  await storePrices(
    database.pool,
    ticker,
    having('priced', 'second failed').map(({ slot }) => ({ slot, price: '1' })),
  );
  await storeFailures(database.pool, ticker, [
    ...having('failed', 'failed at both', 'refused one').map(({ slot }) => ({ slot, reason: 'timeout' })),
    ...having('failed at both', 'second failed').map(({ slot }) => ({
      slot,
      reason: 'late',
      outcome: 'missed' as const,
      sourceId: 2,
    })),
  ]);
  for (const { slot, end } of having('planned by nobody')) await storeGap(database.pool, ticker, slot, end);
  // With and without a sample that says anything: sources that disagree were all accepted.
  for (const { slot } of having('refused', 'refused one')) {
    await storeGap(database.pool, ticker, slot, slot + 1, 'disagreement');
  }
}

async function allEntries(question: Parameters<GapReader['report']>[0]): Promise<GapEntry[]> {
  const entries: GapEntry[] = [];
  for (let after: number | undefined = question.after; after !== undefined;) {
    const report = await reader.report({ ...question, after });
    expect(report.entries.length).toBeLessThanOrEqual(question.limit);
    entries.push(...report.entries);
    after = report.next;
  }
  return entries;
}

describe('GapReader', () => {
  it('agrees with an independent count over drawn histories, on whatever pages they are read', async () => {
    const versions = fc.array(
      fc.record({ interval: fc.constantFrom(1, 5, 7, 60), count: fc.integer({ min: 1, max: 12 }) }),
      {
        minLength: 1,
        maxLength: 3,
      },
    );
    const fates = fc.array(fc.constantFrom(...FATES), { minLength: 36, maxLength: 36 });
    await fc.assert(
      fc.asyncProperty(
        versions,
        fates,
        fc.integer({ min: -50, max: 300 }),
        fc.integer({ min: 0, max: 900 }),
        fc.integer({ min: 1, max: 5 }),
        async (drawn, fate, fromOffset, length, limit) => {
          const ticker = `t${(tickers += 1)}_usd`;
          const slots: { slot: number; end: number; fate: Fate; interval: number }[] = [];
          const schedules: { fromSlot: number; toSlot?: number; intervalSeconds: number }[] = [];
          let start = START;
          for (const { interval, count } of drawn) {
            const fromSlot = Math.ceil(start / interval) * interval;
            for (let slot = fromSlot; slot < fromSlot + count * interval; slot += interval) {
              slots.push({ slot, end: slot + interval, fate: fate[slots.length] ?? 'priced', interval });
            }
            start = fromSlot + count * interval;
            schedules.push({ fromSlot, toSlot: start, intervalSeconds: interval });
          }
          const tickerId = await storeSchedules(database.pool, ticker, schedules);
          await storeHistory(slots, ticker);

          const from = START + fromOffset;
          const to = from + length;
          const nowSeconds = START + 120;
          const counted = slots.filter(
            ({ slot, interval }) =>
              slot >= from && slot < to && graceEndOf(slot, interval) + CLOSING_SLACK_SECONDS <= nowSeconds,
          );
          const missing = counted.filter(({ fate: end }) => end !== 'priced' && end !== 'second failed');
          const question = { tickerId, from, to, nowSeconds, after: from, limit };
          expect(await reader.report(question)).toMatchObject({
            expected: counted.length,
            stored: counted.length - missing.length,
            missing: missing.length,
            unexplained: missing.filter(({ fate: end }) => end === 'forgotten').length,
          });
          const entries = await allEntries(question);
          const reasons: Partial<Record<Fate, string>> = {
            forgotten: 'unexplained',
            'planned by nobody': 'not_planned',
            refused: 'disagreement',
            'refused one': 'disagreement',
          };
          expect(entries.flatMap((entry) => Array.from({ length: entry.slots }, () => entry.reason))).toEqual(
            missing.map(({ fate: end }) => reasons[end] ?? 'timeout'),
          );
          for (const entry of entries) {
            expect(missing.filter(({ slot }) => slot >= entry.from && slot < entry.to)).toHaveLength(entry.slots);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('gives every source of a missing slot in order of preference', async () => {
    const tickerId = await storeSchedules(database.pool, 'order_usd', [{ fromSlot: START, intervalSeconds: 60 }]);
    await storeFailures(database.pool, 'order_usd', [
      { slot: START, reason: 'late', outcome: 'missed', sourceId: 2 },
      { slot: START, reason: 'absurd', outcome: 'rejected', sourceId: 1 },
    ]);
    const report = await reader.report({
      tickerId,
      from: START,
      to: START + 60,
      nowSeconds: START + 60,
      after: START,
      limit: 10,
    });
    expect(report.entries).toEqual([
      {
        from: START,
        to: START + 60,
        slots: 1,
        reason: 'absurd',
        sources: [
          { source: 'deribit', outcome: 'rejected', reason: 'absurd' },
          { source: 'coingecko', outcome: 'missed', reason: 'late' },
        ],
      },
    ]);
  });

  it('tells a refusal with what its sources came to, and neighbours of the same kind as one entry', async () => {
    const tickerId = await storeSchedules(database.pool, 'median_usd', [{ fromSlot: START, intervalSeconds: 60 }]);
    const slots = [START, START + 60, START + 120];
    await storeFailures(
      database.pool,
      'median_usd',
      slots.map((slot) => ({ slot, reason: 'timeout' })),
    );
    await storeGap(database.pool, 'median_usd', START, START + 61, 'no_quorum');
    await storeGap(database.pool, 'median_usd', START + 120, START + 121, 'disagreement');
    const question = { tickerId, from: START, to: START + 180, nowSeconds: START + 1_000, after: START, limit: 10 };
    const { entries, unexplained } = await reader.report(question);
    expect(unexplained).toBe(0);
    const sources = [{ source: 'deribit', outcome: 'failed', reason: 'timeout' }];
    expect(entries).toEqual([
      { from: START, to: START + 120, slots: 2, reason: 'no_quorum', sources },
      { from: START + 120, to: START + 180, slots: 1, reason: 'disagreement', sources },
    ]);
  });

  it('counts one range over several versions by the slots of each, and clips it to what was asked', async () => {
    const tickerId = await storeSchedules(database.pool, 'range_usd', [
      { fromSlot: START, toSlot: START + 120, intervalSeconds: 60 },
      { fromSlot: START + 120, intervalSeconds: 5 },
    ]);
    await storeGap(database.pool, 'range_usd', START, START + 150);
    const ask = (from: number, to: number) =>
      reader.report({ tickerId, from, to, nowSeconds: START + 1_000, after: from, limit: 10 });
    expect(await ask(START, START + 150)).toMatchObject({
      expected: 8,
      missing: 8,
      unexplained: 0,
      entries: [{ slots: 8 }],
    });
    expect((await ask(START + 30, START + 130)).entries).toEqual([
      { from: START + 30, to: START + 130, slots: 3, reason: 'not_planned', sources: [] },
    ]);
  });
});
