import {
  LAST_BELIEVED_SECOND,
  liveBelievedPast,
  expectedPricesOfBelievedPast,
} from '../../../../test/builders/believed-past.js';
import { at, brokenIn, placesOf, LIVING_LIMIT_MS, SabotagedPast } from '../../../../test/builders/sabotaged-past.js';
import { MIDNIGHT } from '../../../../test/builders/simulated-past.js';
import type { Horizon } from './horizon.js';

const HORIZON: Horizon = {
  nowSeconds: LAST_BELIEVED_SECOND,
  judgedUntilSeconds: LAST_BELIEVED_SECOND - 10,
  endSlot: LAST_BELIEVED_SECOND + 7,
  isRunning: true,
};
/** A slot in which everything was as usual. */
const SLOT = MIDNIGHT + 40;

/** The past is lived through in a moment of today: its samples were stored long after their windows. */
const STORED_IN_TIME = `UPDATE samples SET stored_at = to_timestamp(slot + 1)`;

interface Sabotage {
  readonly what: string;
  readonly statements: readonly string[];
  readonly problem: string;
  readonly ticker: string;
  readonly slot?: number;
}

const btc = `${at('btc_usd', SLOT)} AND source_id = 5`;
const setConsensus = (change: string): string => `UPDATE prices SET consensus = ${change} WHERE ${at('eth_usd', SLOT)}`;

const SABOTAGES: readonly Sabotage[] = [
  {
    what: 'a digit of a converted sample and its price was altered',
    statements: [
      `UPDATE samples SET price = price + 0.0001 WHERE ${btc}`,
      `UPDATE prices SET price = price + 0.0001 WHERE ${at('btc_usd', SLOT)}`,
    ],
    problem: 'sample that differs from its text on the wire',
    ticker: 'btc_usd',
  },
  {
    what: 'a digit of an inverted sample was altered',
    statements: [`UPDATE samples SET price = price + 0.0000000000001 WHERE ${at('eth_usd', SLOT)} AND source_id = 3`],
    problem: 'sample that differs from its text on the wire',
    ticker: 'eth_usd',
  },
  {
    what: 'a text on the wire was altered',
    statements: [`UPDATE samples SET raw = '80000.6' WHERE ${btc}`],
    problem: 'sample that differs from its text on the wire',
    ticker: 'btc_usd',
  },
  {
    what: 'a sample was converted at 1 and not marked',
    statements: [`UPDATE samples SET rate = 1, price = 80000 WHERE ${btc}`],
    problem: 'sample converted at a rate that was no price',
    ticker: 'btc_usd',
  },
  {
    what: 'the price that converted a sample was altered',
    statements: [`UPDATE prices SET price = price + 0.0001 WHERE ${at('usdt_usd', SLOT)}`],
    problem: 'sample converted at a rate that was no price',
    ticker: 'btc_usd',
  },
  {
    what: 'a sample was called at par at another rate than 1',
    statements: [`UPDATE samples SET flags = flags | 4 WHERE ${btc}`],
    problem: 'sample converted at a rate that was no price',
    ticker: 'btc_usd',
  },
  {
    what: 'a quote in Tether was taken for dollars',
    statements: [`UPDATE samples SET price = raw::numeric, rate = NULL, flags = 0 WHERE ${btc}`],
    problem: 'sample that was not converted',
    ticker: 'btc_usd',
  },
  {
    what: 'the mark of a calculated sample was lost',
    statements: [
      `UPDATE samples SET flags = 0 WHERE ${btc}`,
      `UPDATE prices SET flags = 0 WHERE ${at('btc_usd', SLOT)}`,
    ],
    problem: 'calculated sample that is not marked',
    ticker: 'btc_usd',
  },
  {
    what: 'the mark of a price was lost',
    statements: [`UPDATE prices SET flags = 0 WHERE ${at('btc_usd', SLOT)}`],
    problem: 'price that differs from its sample',
    ticker: 'btc_usd',
  },
  {
    what: 'a digit of a median was altered',
    statements: [`UPDATE prices SET price = price + 0.01 WHERE ${at('eth_usd', SLOT)}`],
    problem: 'median that its samples do not give',
    ticker: 'eth_usd',
  },
  {
    what: 'a zero at the end of a median was lost',
    statements: [`UPDATE prices SET price = trim_scale(price) WHERE ${at('eth_usd', SLOT)}`],
    problem: 'median that its samples do not give',
    ticker: 'eth_usd',
  },
  {
    what: 'a median says that it is known better than its samples are',
    statements: [`UPDATE prices SET uncertainty = 0.001 WHERE ${at('eth_usd', SLOT)}`],
    problem: 'median that its samples do not give',
    ticker: 'eth_usd',
  },
  {
    what: 'the time of a median was altered',
    statements: [`UPDATE prices SET observed_at = observed_at + interval '1 ms' WHERE ${at('eth_usd', SLOT)}`],
    problem: 'median that its samples do not give',
    ticker: 'eth_usd',
  },
  {
    what: 'the spread of a median was altered',
    statements: [setConsensus(`jsonb_set(consensus, '{spread}', '"0"')`)],
    problem: 'median that its samples do not give',
    ticker: 'eth_usd',
  },
  {
    what: 'a median lost its record',
    statements: [setConsensus('NULL')],
    problem: 'median without a record',
    ticker: 'eth_usd',
  },
  {
    what: 'an outlier was struck from the record',
    statements: [setConsensus(`jsonb_set(consensus, '{left_out}', '[]')`)],
    problem: 'median that leaves a source out without a reason',
    ticker: 'eth_usd',
  },
  {
    what: 'an accepted sample was called absent',
    // Struck from the outliers, it must have come after the decision.
    statements: [STORED_IN_TIME, setConsensus(`jsonb_set(consensus, '{left_out,0,reason}', '"absent"')`)],
    problem: 'median without a sample that was stored in time',
    ticker: 'eth_usd',
  },
  {
    what: 'a sample of a median was rejected',
    statements: [
      `UPDATE samples SET outcome = 'rejected', reason = 'stale', price = NULL WHERE ${at('eth_usd', SLOT)} AND source_id = 1`,
    ],
    problem: 'median of a sample that was not accepted',
    ticker: 'eth_usd',
  },
  {
    what: 'a sample was served in the place of a median',
    statements: [
      `UPDATE prices SET (source_id, price, observed_at, flags) = (SELECT source_id, price, observed_at, flags FROM samples
         WHERE ${at('eth_usd', SLOT)} AND source_id = 1) WHERE ${at('eth_usd', SLOT)}`,
    ],
    problem: 'price of a source that the rule does not choose',
    ticker: 'eth_usd',
  },
  {
    what: 'a price was called a median',
    statements: [`UPDATE prices SET source_id = 0 WHERE ${at('usdt_usd', SLOT)}`],
    problem: 'price of a source that the rule does not choose',
    ticker: 'usdt_usd',
  },
  {
    what: 'a refusal was given another reason',
    statements: [
      STORED_IN_TIME,
      `UPDATE gaps SET reason = 'no_quorum' WHERE ${at('eth_usd', MIDNIGHT + 15).replace('slot', 'from_slot')}`,
    ],
    problem: 'refused price that its samples give',
    ticker: 'eth_usd',
    slot: MIDNIGHT + 15,
  },
  {
    what: 'a refusal was dropped',
    statements: [`DELETE FROM gaps WHERE ${at('eth_usd', MIDNIGHT + 15).replace('slot', 'from_slot')}`],
    problem: 'expected slot without price and without reason',
    ticker: 'eth_usd',
    slot: MIDNIGHT + 15,
  },
  {
    what: 'a price was called refused',
    statements: [
      `DELETE FROM prices WHERE ${at('eth_usd', SLOT)}`,
      `INSERT INTO gaps SELECT id, ${SLOT}, ${SLOT + 1}, 'disagreement', now() FROM tickers WHERE ticker = 'eth_usd'`,
    ],
    problem: 'refused price that its samples give',
    ticker: 'eth_usd',
  },
  {
    what: 'a price was called refused by a rule that refuses none',
    statements: [
      `DELETE FROM prices WHERE ${at('usdt_usd', SLOT)}`,
      `INSERT INTO gaps SELECT id, ${SLOT}, ${SLOT + 1}, 'no_quorum', now() FROM tickers WHERE ticker = 'usdt_usd'`,
    ],
    problem: 'refused price where the rule refuses none',
    ticker: 'usdt_usd',
  },
  {
    what: 'a refused slot lost the sample of a source that was asked',
    statements: [`DELETE FROM samples WHERE ${at('eth_usd', MIDNIGHT + 10)} AND source_id = 2`],
    problem: 'source that was due without a sample',
    ticker: 'eth_usd',
    slot: MIDNIGHT + 10,
  },
  {
    what: 'the sample of a standby source that was called was deleted',
    statements: [`DELETE FROM samples WHERE ${at('btc_usd', MIDNIGHT + 20)} AND source_id = 1`],
    problem: 'source that was due without a sample',
    ticker: 'btc_usd',
    slot: MIDNIGHT + 20,
  },
  {
    what: 'a sample of a standby source that was not called appeared',
    statements: [
      `INSERT INTO samples (ticker_id, slot, source_id, outcome, reason, batch)
       SELECT id, ${SLOT}, 1, 'failed', 'timeout', 'btc_usd' FROM tickers WHERE ticker = 'btc_usd'`,
    ],
    problem: 'sample that nobody was due to give',
    ticker: 'btc_usd',
  },
  {
    what: 'a sample was called frozen',
    statements: [
      `UPDATE samples SET outcome = 'rejected', reason = 'frozen', price = NULL WHERE ${at('eth_usd', SLOT)} AND source_id = 1`,
    ],
    problem: 'sample called frozen that was not',
    ticker: 'eth_usd',
  },
  {
    what: 'other digits came before a flag that says there were none',
    statements: [`UPDATE samples SET raw = '0.9991', price = 0.9991 WHERE ${at('usdt_usd', MIDNIGHT + 30)}`],
    problem: 'sample called frozen that was not',
    ticker: 'usdt_usd',
    slot: MIDNIGHT + 60,
  },
  {
    what: 'a flag was set that the digits do not give',
    statements: [
      `UPDATE samples SET flags = flags | 16 WHERE ${at('usdt_usd', SLOT)}`,
      `UPDATE prices SET flags = flags | 16 WHERE ${at('usdt_usd', SLOT)}`,
    ],
    problem: 'sample called frozen that was not',
    ticker: 'usdt_usd',
  },
  {
    what: 'the record of the latest median was altered',
    statements: [
      `UPDATE latest SET consensus = NULL WHERE ticker_id = (SELECT id FROM tickers WHERE ticker = 'eth_usd')`,
    ],
    problem: 'latest differs from the newest price',
    ticker: 'eth_usd',
    slot: MIDNIGHT + 85,
  },
];

describe('prices that had to be believed', () => {
  let past: SabotagedPast;

  beforeAll(async () => {
    past = await SabotagedPast.open(liveBelievedPast);
  }, LIVING_LIMIT_MS);
  afterAll(() => past.close());

  it('are whole: converted, inverted, from a standby source, as medians and refusals', async () => {
    const findings = await past.findingsAfter([], HORIZON, expectedPricesOfBelievedPast);
    expect(findings.flatMap(({ problems }) => problems)).toEqual([]);
    expect(brokenIn(findings)).toEqual([]);
    const served = await past.database.pool.query(
      `SELECT t.ticker, p.slot - ${MIDNIGHT} AS slot, p.price::text AS price, p.source_id FROM prices p JOIN tickers t ON t.id = p.ticker_id
       WHERE p.slot - ${MIDNIGHT} IN (0, 15, 20, 25, 35) AND t.ticker <> 'usdt_usd' ORDER BY t.ticker, p.slot`,
    );
    expect(served.rows).toEqual([
      { ticker: 'btc_usd', slot: 0, price: '79920', source_id: 5 },
      { ticker: 'btc_usd', slot: 15, price: '79920', source_id: 5 },
      { ticker: 'btc_usd', slot: 20, price: '79900.250', source_id: 1 },
      { ticker: 'btc_usd', slot: 25, price: '79920', source_id: 5 },
      { ticker: 'btc_usd', slot: 35, price: '79900.250', source_id: 1 },
      { ticker: 'eth_usd', slot: 0, price: '3000.30', source_id: 0 },
      { ticker: 'eth_usd', slot: 20, price: '3000.30', source_id: 0 },
      { ticker: 'eth_usd', slot: 25, price: '3000.2', source_id: 0 },
      { ticker: 'eth_usd', slot: 35, price: '3000.30', source_id: 0 },
    ]);
    const frozen = await past.database.pool.query(
      `SELECT p.slot - ${MIDNIGHT} AS slot FROM prices p JOIN tickers t ON t.id = p.ticker_id WHERE t.ticker = 'usdt_usd' AND flags = 16 ORDER BY 1`,
    );
    expect(frozen.rows.map(({ slot }) => slot)).toEqual([50, 55, 60, 65, 70, 75, 80, 85]);
    const gaps = await past.database.pool.query(
      `SELECT from_slot - ${MIDNIGHT} AS from, to_slot - ${MIDNIGHT} AS to, reason FROM gaps WHERE reason <> 'not_planned' ORDER BY from_slot`,
    );
    expect(gaps.rows).toEqual([
      { from: 10, to: 11, reason: 'no_quorum' },
      { from: 15, to: 16, reason: 'disagreement' },
    ]);
  });

  it.each(SABOTAGES)('are found broken when $what', async ({ statements, problem, ticker, slot = SLOT }) => {
    const findings = await past.findingsAfter(statements, HORIZON, expectedPricesOfBelievedPast);
    const invariant = problem.startsWith('latest') ? 'I6' : 'I1';
    expect(placesOf(findings)).toContainEqual({ invariant, problem, ticker, slot });
  });

  it('are held against the simulator by their text on the wire', async () => {
    const raw = `UPDATE samples SET raw = '80000.6', price = 79920.5994 WHERE ${btc}`;
    const price = `UPDATE prices SET price = 79920.5994 WHERE ${at('btc_usd', SLOT)}`;
    const findings = await past.findingsAfter([raw, price], HORIZON, expectedPricesOfBelievedPast);
    expect(placesOf(findings)).toContainEqual({
      ...{ invariant: 'I4', problem: 'price that the simulator never gave', ticker: 'btc_usd', slot: SLOT },
    });
  });
});
