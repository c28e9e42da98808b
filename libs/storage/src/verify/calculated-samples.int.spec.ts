import {
  expectedPricesOfBelievedPast,
  LAST_BELIEVED_SECOND,
  liveBelievedPast,
} from '../../../../test/builders/believed-past.js';
import { at, LIVING_LIMIT_MS, placesOf, SabotagedPast } from '../../../../test/builders/sabotaged-past.js';
import { MIDNIGHT } from '../../../../test/builders/simulated-past.js';
import { FORMER_RULES_UNTIL } from '../schema/former-rules.js';
import type { Horizon } from './horizon.js';

const HORIZON: Horizon = {
  nowSeconds: LAST_BELIEVED_SECOND,
  judgedUntilSeconds: LAST_BELIEVED_SECOND - 10,
  endSlot: LAST_BELIEVED_SECOND + 7,
  isRunning: true,
};
const SLOT = MIDNIGHT + 40;

/** Converted from `80000.5` at 0.9990, of which 79920 is known. */
const btc = `${at('btc_usd', SLOT)} AND source_id = 5`;

/** As if a build of before had stored the sample, and its price, from this text on the wire. */
const calculatedBefore = (raw: string, price: string): string[] => [
  `UPDATE samples SET raw = '${raw}', price = ${price} WHERE ${btc}`,
  `UPDATE prices SET price = ${price}, uncertainty = NULL WHERE ${at('btc_usd', SLOT)}`,
];

/** As `migrate` keeps it when there are prices already. */
const upgraded = (when = `now() + interval '1 day'`): string =>
  `INSERT INTO settings (key, value) VALUES ('${FORMER_RULES_UNTIL}', to_jsonb(${when}))`;

const rejected = (reason: string, raw: string): string =>
  `UPDATE samples SET outcome = 'rejected', reason = '${reason}', price = NULL, raw = '${raw}' WHERE ${btc}`;

const checks = (own: object): string =>
  `UPDATE schedules SET rule_options = '${JSON.stringify({ checks: own })}'
   WHERE ticker_id = (SELECT id FROM tickers WHERE ticker = 'btc_usd')`;

/** The rate is that of midnight, 40 s before. */
const RATE_OF_MIDNIGHT = `UPDATE schedules SET interval_seconds = 86400
  WHERE ticker_id = (SELECT id FROM tickers WHERE ticker = 'usdt_usd')`;

describe('samples that were calculated', () => {
  let past: SabotagedPast;

  beforeAll(async () => {
    past = await SabotagedPast.open(liveBelievedPast);
  }, LIVING_LIMIT_MS);
  afterAll(() => past.close());

  /** What is said of the sample: its problems, how many are of the rule of before, and what is unproven. */
  async function saidAfter(statements: readonly string[]) {
    const findings = await past.findingsAfter(statements, HORIZON, expectedPricesOfBelievedPast);
    const ofDigits = findings.filter(({ invariant }) => invariant === 'I1');
    const figure = ofDigits.flatMap(({ figures }) => figures).find(({ name }) => name === 'calculated samples');
    return {
      problems: placesOf(ofDigits)
        .filter(({ ticker, slot }) => ticker === 'btc_usd' && slot === SLOT)
        .map(({ problem }) => problem),
      before: figure?.parts,
      unproven: ofDigits.filter(({ status }) => status === 'unproven').map(({ reason }) => reason),
    };
  }

  it('are right with as many digits as are known', async () => {
    expect(await saidAfter([])).toEqual({ problems: [], before: undefined, unproven: [] });
  });

  it.each([
    ['with 18 digits', '80000.5', '79920.4995'],
    ['and would be imprecise today', '8e4', '79920'],
  ])('and stored before the update %s are right by the rule of their time, and counted', async (_, raw, price) => {
    expect(await saidAfter([...calculatedBefore(raw, price), upgraded()])).toEqual({
      ...{ problems: [], before: { 'by a rule of before': 1 }, unproven: [] },
    });
  });

  it.each([
    ['in a database that never had builds of before', []],
    ['a day after the update', [upgraded(`timestamptz '2020-01-01'`)]],
  ])('are unproven with 18 digits %s: nobody knows whether such a build still ran', async (_, statements) => {
    const said = await saidAfter([...calculatedBefore('80000.5', '79920.4995'), ...statements]);
    expect(said).toMatchObject({ problems: [], before: undefined });
    expect(said.unproven).toEqual([
      expect.stringContaining(`such as for btc_usd in slot ${SLOT}: binance: price 79920.4995, and known is 79920`),
    ]);
  });

  describe('at a rate that is itself calculated', () => {
    // As its source would report it that writes how many Tether are a dollar: 1 / 1.001 is 0.9990, off by 0.000501 at most.
    const rate = `${at('usdt_usd', SLOT)}`;
    const CALCULATED_RATE = [
      `UPDATE samples SET raw = '1.001', inverted = true, flags = flags | 1 WHERE ${rate}`,
      `UPDATE prices SET uncertainty = 0.000501, flags = flags | 1 WHERE ${rate}`,
    ];
    const KNOWN = [
      ...CALCULATED_RATE,
      `UPDATE samples SET rate_uncertainty = 0.000501 WHERE ${btc}`,
      `UPDATE prices SET uncertainty = 40.7 WHERE ${at('btc_usd', SLOT)}`,
    ];

    it('are right where they were taken to be known as well as that', async () => {
      expect(await saidAfter(KNOWN)).toEqual({ problems: [], before: undefined, unproven: [] });
    });

    it('are unproven where nothing says how well it is known, and right if that was before the update', async () => {
      const said = await saidAfter(CALCULATED_RATE);
      expect(said).toMatchObject({ problems: [], before: undefined });
      expect(said.unproven).toEqual([
        expect.stringContaining('binance: rate 0.9990, known to its last digit, that was 0.9990, known to 0.000501'),
      ]);
      expect(await saidAfter([...CALCULATED_RATE, upgraded()])).toEqual({
        ...{ problems: [], before: { 'by a rule of before': 1 }, unproven: [] },
      });
    });

    it('are unproven, and not broken, where a build of before has lost how well the rate was known, by a replay on this schema', async () => {
      const said = await saidAfter([...KNOWN, `UPDATE prices SET uncertainty = NULL WHERE ${rate}`]);
      expect(said.problems).toEqual([]);
      expect(said.unproven.length).toBeGreaterThan(0);
    });

    it('are unproven where their own price does not say how well it is known', async () => {
      const said = await saidAfter([...KNOWN, `UPDATE prices SET uncertainty = NULL WHERE ${at('btc_usd', SLOT)}`]);
      expect(said).toMatchObject({ problems: [], before: undefined });
      expect(said.unproven).toEqual([
        expect.stringContaining('binance: price 79920, and nothing says how well it is known'),
      ]);
    });

    it.each<[string, string[], string]>([
      [
        'its rate is taken to be known less well than it was',
        [`UPDATE samples SET rate_uncertainty = 0.0006 WHERE ${btc}`],
        'sample converted at a rate that was no price',
      ],
      [
        'it was rejected at a rate that is known better',
        [rejected('imprecise', '80000.5'), `UPDATE samples SET rate_uncertainty = 0.1 WHERE ${btc}`],
        'sample converted at a rate that was no price',
      ],
      [
        'its rate has the digits of the wire',
        [`UPDATE prices SET flags = flags & ~1 WHERE ${rate}`],
        'sample converted at a rate that was no price',
      ],
      [
        'its price says that it is known better',
        [`UPDATE prices SET uncertainty = 40.5 WHERE ${at('btc_usd', SLOT)}`],
        'price that is not known as well as it says',
      ],
    ])('are found broken when %s', async (_, statements, problem) => {
      expect((await saidAfter([...KNOWN, ...statements])).problems).toContain(problem);
    });
  });

  it('and stored before the update are wrong with other digits all the same', async () => {
    expect(await saidAfter([...calculatedBefore('80000.5', '79920.4996'), upgraded()])).toMatchObject({
      problems: ['sample that differs from its text on the wire'],
    });
  });

  it.each<[string, string[], string]>([
    ['its text had too few digits', calculatedBefore('8', '8.0'), 'accepted sample that is imprecise'],
    ['its ticker takes less', [checks({ max_uncertainty_ratio: 0.000_05 })], 'accepted sample that is imprecise'],
    [
      'its rate was too old',
      [RATE_OF_MIDNIGHT, checks({ max_rate_age_seconds: 39 })],
      'accepted sample that is rate_too_old',
    ],
    [
      'it was called imprecise, and is not',
      [rejected('imprecise', '80000.5')],
      'sample that is not imprecise, and was rejected so',
    ],
    [
      'its rate was called too old, and is not',
      [RATE_OF_MIDNIGHT, checks({ max_rate_age_seconds: 40 }), rejected('rate_too_old', '80000.5')],
      'sample that is not rate_too_old, and was rejected so',
    ],
  ])('are found broken when %s', async (_, statements, problem) => {
    expect((await saidAfter(statements)).problems).toContain(problem);
  });

  it.each<[string, string[]]>([
    ['it was imprecise', [rejected('imprecise', '8')]],
    [
      'its rate was too old',
      [RATE_OF_MIDNIGHT, checks({ max_rate_age_seconds: 39 }), rejected('rate_too_old', '80000.5')],
    ],
  ])('are rightly rejected when %s', async (_, statements) => {
    const { problems } = await saidAfter(statements);
    expect(problems.filter((problem) => problem.includes('rejected so'))).toEqual([]);
  });
});
