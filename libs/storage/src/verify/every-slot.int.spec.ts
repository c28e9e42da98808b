import { FIRST_SLOT, LAST_SECOND, MIDNIGHT, OFF_TO } from '../../../../test/builders/simulated-past.js';
import { at, brokenIn, placesOf, LIVING_LIMIT_MS, SabotagedPast } from '../../../../test/builders/sabotaged-past.js';

const BTC = `(SELECT id FROM tickers WHERE ticker = 'btc_usd')`;
const SOL = `(SELECT id FROM tickers WHERE ticker = 'sol_usd')`;
/** A slot of five seconds in which both sources were due and accepted, far from the ends of its hour. */
const SLOT = MIDNIGHT - 70;
const insertGap = (ticker: string, from: number, to: number): string =>
  `INSERT INTO gaps VALUES (${ticker}, ${from}, ${to}, 'not_planned', now())`;

interface Sabotage {
  readonly what: string;
  readonly statements: readonly string[];
  readonly problem: string;
  readonly ticker?: string;
  readonly slot: number;
}

const SABOTAGES: readonly Sabotage[] = [
  {
    what: 'a price was deleted',
    statements: [`DELETE FROM prices WHERE ${at('btc_usd', SLOT)}`],
    problem: 'expected slot without price and without reason',
    slot: SLOT,
  },
  {
    what: 'a price of the history was deleted',
    statements: [`DELETE FROM prices WHERE ${at('eth_usd', MIDNIGHT - 3600)}`],
    problem: 'expected slot without price and without reason',
    ticker: 'eth_usd',
    slot: MIDNIGHT - 3600,
  },
  {
    what: 'a price and its samples were deleted',
    statements: [`DELETE FROM prices WHERE ${at('btc_usd', SLOT)}`, `DELETE FROM samples WHERE ${at('btc_usd', SLOT)}`],
    problem: 'expected slot without price and without reason',
    slot: SLOT,
  },
  {
    what: 'the sample behind a price was deleted',
    statements: [`DELETE FROM samples WHERE ${at('btc_usd', SLOT)} AND source_id = 1`],
    problem: 'price without an accepted sample',
    slot: SLOT,
  },
  {
    what: 'the sample of the other source was deleted',
    statements: [`DELETE FROM samples WHERE ${at('btc_usd', SLOT)} AND source_id = 2`],
    problem: 'source that was due without a sample',
    slot: SLOT,
  },
  {
    what: 'a worse source was served though a better sample had been stored in time',
    statements: [
      `UPDATE samples SET stored_at = to_timestamp(slot + 1) WHERE ${at('btc_usd', SLOT)}`,
      `UPDATE prices SET (source_id, price, observed_at) =
         (SELECT source_id, price, observed_at FROM samples WHERE ${at('btc_usd', SLOT)} AND source_id = 2) WHERE ${at('btc_usd', SLOT)}`,
    ],
    problem: 'price of a source that the rule does not choose',
    slot: SLOT,
  },
  {
    what: 'the sample that says why there is no price was deleted',
    statements: [`DELETE FROM samples WHERE ${at('btc_usd', MIDNIGHT - 50)}`],
    problem: 'expected slot without price and without reason',
    slot: MIDNIGHT - 50,
  },
  {
    what: 'a sample stands in a slot in which its source was not due',
    statements: [
      `INSERT INTO samples (ticker_id, slot, source_id, outcome, reason, batch) VALUES (${BTC}, ${SLOT + 5}, 2, 'failed', 'timeout', 'coins')`,
    ],
    problem: 'sample that nobody was due to give',
    slot: SLOT + 5,
  },
  {
    what: 'a price was shifted by a slot: the slot that it left',
    statements: [`UPDATE prices SET slot = slot + 5 WHERE ${at('btc_usd', MIDNIGHT - 55)}`],
    problem: 'expected slot without price and without reason',
    slot: MIDNIGHT - 55,
  },
  {
    what: 'a price was shifted by a slot: the slot that it came to',
    statements: [`UPDATE prices SET slot = slot + 5 WHERE ${at('btc_usd', MIDNIGHT - 55)}`],
    problem: 'price without an accepted sample',
    slot: MIDNIGHT - 50,
  },
  {
    what: 'a price was shifted by a second',
    statements: [`UPDATE prices SET slot = slot + 1 WHERE ${at('btc_usd', SLOT)}`],
    problem: 'price in a slot that nobody expected',
    slot: SLOT + 1,
  },
  {
    what: 'a price was shifted into the partition of the next month',
    statements: [`UPDATE prices SET slot = slot + 86400 WHERE ${at('btc_usd', SLOT)}`],
    problem: 'price in a slot that nobody expected',
    slot: SLOT + 86_400,
  },
  {
    what: 'a price was shifted before everything',
    statements: [`UPDATE prices SET slot = ${FIRST_SLOT - 40_000} WHERE ${at('btc_usd', SLOT)}`],
    problem: 'price in a slot that nobody expected',
    slot: FIRST_SLOT - 40_000,
  },
  {
    what: 'a digit of a price was altered',
    statements: [`UPDATE prices SET price = price + 0.001 WHERE ${at('btc_usd', SLOT)}`],
    problem: 'price that differs from its sample',
    slot: SLOT,
  },
  {
    what: 'a zero at the end of a price was lost',
    statements: [`UPDATE prices SET price = trim_scale(price) WHERE ${at('btc_usd', SLOT)}`],
    problem: 'price that differs from its sample',
    slot: SLOT,
  },
  {
    what: 'the time of a price was altered',
    statements: [`UPDATE prices SET observed_at = observed_at + interval '1 millisecond' WHERE ${at('btc_usd', SLOT)}`],
    problem: 'price that differs from its sample',
    slot: SLOT,
  },
  {
    what: 'a digit of a sample was altered',
    statements: [`UPDATE samples SET price = price + 0.001 WHERE ${at('btc_usd', SLOT)} AND source_id = 1`],
    problem: 'sample that differs from its text on the wire',
    slot: SLOT,
  },
  {
    what: 'a price was made of a sample that was rejected',
    statements: [
      `UPDATE samples SET outcome = 'rejected', reason = 'absurd', price = NULL WHERE ${at('btc_usd', SLOT)} AND source_id = 1`,
    ],
    problem: 'price without an accepted sample',
    slot: SLOT,
  },
  {
    what: 'a gap range was dropped',
    statements: [`DELETE FROM gaps WHERE ticker_id = ${BTC}`],
    problem: 'expected slot without price and without reason',
    slot: MIDNIGHT + 30,
  },
  {
    what: 'a gap range was made shorter',
    statements: [`UPDATE gaps SET to_slot = to_slot - 5 WHERE ticker_id = ${BTC}`],
    problem: 'expected slot without price and without reason',
    slot: MIDNIGHT + 35,
  },
  {
    what: 'a gap range was made longer',
    statements: [`UPDATE gaps SET to_slot = to_slot + 5 WHERE ticker_id = ${BTC}`],
    problem: 'price in a slot that a gap range covers',
    slot: OFF_TO - 1,
  },
  {
    what: 'a gap range overlaps another',
    statements: [insertGap(BTC, MIDNIGHT + 30, MIDNIGHT + 35)],
    problem: 'gap range that overlaps another',
    slot: MIDNIGHT + 30,
  },
  {
    what: 'a gap range covers a stored price',
    statements: [insertGap(BTC, SLOT, SLOT + 5)],
    problem: 'price in a slot that a gap range covers',
    slot: SLOT,
  },
  {
    what: 'a gap range covers a slot that was sampled in vain',
    statements: [insertGap(BTC, MIDNIGHT - 50, MIDNIGHT - 45)],
    problem: 'sample that nobody was due to give',
    slot: MIDNIGHT - 50,
  },
  {
    what: 'a gap range lies where the ticker was disabled',
    statements: [insertGap(SOL, MIDNIGHT + 50, MIDNIGHT + 60)],
    problem: 'gap range outside of every schedule',
    ticker: 'sol_usd',
    slot: MIDNIGHT + 50,
  },
  {
    what: 'a gap range lies between two slots',
    statements: [insertGap(BTC, SLOT + 1, SLOT + 4)],
    problem: 'gap range over no expected slot',
    slot: SLOT + 1,
  },
  {
    what: 'a gap range lies ahead of the planner',
    statements: [insertGap(BTC, LAST_SECOND + 30, LAST_SECOND + 60)],
    problem: 'gap range over slots that are still to be planned',
    slot: LAST_SECOND + 30,
  },
  {
    what: 'a fetch was deleted',
    statements: [`DELETE FROM fetches WHERE batch = 'btc_usd' AND source_id = 1 AND slot = ${SLOT}`],
    problem: 'sample without a fetch',
    slot: SLOT,
  },
  {
    what: 'a fetch was left unfinished',
    statements: [`UPDATE fetches SET status = 'running' WHERE batch = 'btc_usd' AND source_id = 1 AND slot = ${SLOT}`],
    problem: 'fetch that was never finished',
    slot: SLOT,
  },
  {
    what: 'a fetch was made that nobody was due for',
    statements: [
      `INSERT INTO fetches (source_id, batch, slot, deadline, max_attempts, planned_at) VALUES (1, 'btc_usd', ${SLOT + 1}, ${SLOT + 6}, 1, now())`,
    ],
    problem: 'fetch in a slot in which nobody was due',
    slot: SLOT + 1,
  },
  {
    what: 'a fetch was made for a batch that does not exist',
    statements: [
      `INSERT INTO fetches (source_id, batch, slot, deadline, max_attempts, planned_at) VALUES (1, 'doge_usd', ${SLOT}, ${SLOT + 5}, 1, now())`,
    ],
    problem: 'fetch of a batch that no schedule has',
    ticker: 'doge_usd',
    slot: SLOT,
  },
  {
    what: 'a schedule was deleted',
    statements: [`DELETE FROM schedules WHERE ticker_id = ${BTC} AND interval_seconds = 5`],
    problem: 'price in a slot that nobody expected',
    slot: FIRST_SLOT,
  },
  {
    what: 'a schedule was given another interval',
    statements: [`UPDATE schedules SET interval_seconds = 10 WHERE ticker_id = ${BTC} AND interval_seconds = 5`],
    problem: 'price in a slot that nobody expected',
    slot: FIRST_SLOT + 5,
  },
  {
    what: 'a price belongs to no ticker',
    statements: [`UPDATE prices SET ticker_id = 999 WHERE ${at('btc_usd', SLOT)}`],
    problem: 'price of a ticker that is not in the catalogue',
    ticker: 'ticker id 999',
    slot: SLOT,
  },
];

describe('I1', () => {
  let past: SabotagedPast;
  beforeAll(async () => {
    past = await SabotagedPast.open();
  }, LIVING_LIMIT_MS);
  afterAll(() => past.close());

  it.each(SABOTAGES)('finds and names where $what', async ({ statements, problem, ticker = 'btc_usd', slot }) => {
    const findings = await past.findingsAfter(statements);
    expect(placesOf(findings)).toContainEqual({ invariant: 'I1', problem, ticker, slot });
  });

  it('counts every slot once and says why those without a price have none', async () => {
    const findings = await past.findingsAfter([]);
    expect(brokenIn(findings)).toEqual([]);
    expect(findings[0]?.figures.slice(0, 4)).toEqual([
      { name: 'expected', value: 464 },
      { name: 'stored', value: 455 },
      { name: 'explained', value: 9, parts: { not_planned: 6, timeout: 2, not_taken: 1 } },
      { name: 'unexplained', value: 0 },
    ]);
  });

  it('names no more than ten places for one problem, and counts all of them', async () => {
    const [finding] = await past.findingsAfter([`DELETE FROM samples`]);
    const problem = finding?.problems.find(({ problem }) => problem === 'price without an accepted sample');
    expect(problem?.examples).toHaveLength(10);
    expect(problem?.count).toBeGreaterThan(400);
  });

  it('counts a worse source that was served before a better one could be stored, and does not call it broken', async () => {
    const [finding] = await past.findingsAfter([]);
    expect(finding?.figures).toContainEqual({ name: 'overtaken', value: 1 });
  });
});
