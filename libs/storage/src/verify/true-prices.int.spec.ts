import { MIDNIGHT, expectedPricesOfPast } from '../../../../test/builders/simulated-past.js';
import {
  at,
  brokenIn,
  HORIZON,
  placesOf,
  LIVING_LIMIT_MS,
  SabotagedPast,
} from '../../../../test/builders/sabotaged-past.js';
import { ExpectedPricesUnavailableError, type ExpectedPricesOf } from './true-prices.invariant.js';

const SLOT = MIDNIGHT - 70;
const NEVER_GIVEN = 'price that the simulator never gave';

describe('I4', () => {
  let past: SabotagedPast;
  beforeAll(async () => {
    past = await SabotagedPast.open();
  }, LIVING_LIMIT_MS);
  afterAll(() => past.close());

  const findingAfter = async (
    statements: readonly string[],
    expectedPricesOf: ExpectedPricesOf = expectedPricesOfPast,
  ) => (await past.findingsAfter(statements, HORIZON, expectedPricesOf)).find(({ invariant }) => invariant === 'I4');

  it('compares every accepted sample, those of the history and of every seed too', async () => {
    expect(await findingAfter([])).toMatchObject({
      status: 'ok',
      figures: [
        { name: 'compared', value: 510 },
        { name: 'different', value: 0 },
      ],
    });
  });

  it('is the only one to find a digit that was altered in price, sample and wire text alike', async () => {
    const findings = await past.findingsAfter([
      `UPDATE samples SET price = price + 0.001, raw = (price + 0.001)::text WHERE ${at('btc_usd', SLOT)} AND source_id = 1`,
      `UPDATE prices SET price = price + 0.001 WHERE ${at('btc_usd', SLOT)}`,
    ]);
    expect(brokenIn(findings)).toEqual(['I4']);
    expect(placesOf(findings)).toEqual([{ invariant: 'I4', problem: NEVER_GIVEN, ticker: 'btc_usd', slot: SLOT }]);
  });

  it.each([
    [
      'a digit that was altered in the price alone',
      `UPDATE prices SET price = price + 0.001 WHERE ${at('btc_usd', SLOT)}`,
      SLOT,
    ],
    [
      'a sample that was not made a price',
      `UPDATE samples SET price = price + 0.001 WHERE ${at('btc_usd', SLOT)} AND source_id = 2`,
      SLOT,
    ],
    [
      'a digit of the history',
      `UPDATE samples SET price = price + 0.001 WHERE ${at('btc_usd', MIDNIGHT - 3600)}`,
      MIDNIGHT - 3600,
    ],
    [
      'a price of another second',
      `UPDATE samples SET price = (SELECT price FROM samples WHERE ${at('btc_usd', SLOT + 5)} AND source_id = 1) WHERE ${at('btc_usd', SLOT)} AND source_id = 1`,
      SLOT,
    ],
  ])('finds and names %s', async (_what, statement, slot) => {
    expect(placesOf(await past.findingsAfter([statement]))).toContainEqual({
      invariant: 'I4',
      problem: NEVER_GIVEN,
      ticker: 'btc_usd',
      slot,
    });
  });

  it('does not let a sample choose its price from seconds outside of its window', async () => {
    const finding = await findingAfter([
      `UPDATE samples SET requested_at = requested_at - interval '1 hour', observed_at = observed_at - interval '1 hour' WHERE ${at('btc_usd', SLOT)} AND source_id = 1`,
    ]);
    expect(finding?.problems[0]?.examples[0]?.detail).toContain('no second lies between request and receipt');
  });

  it('compares with the seed that held at the time, not with the newest', async () => {
    const finding = await findingAfter([
      `UPDATE settings SET value = jsonb_build_array(value -> 1) WHERE key = 'simulations'`,
    ]);
    expect(finding?.status).toBe('broken');
  });

  it('calls a name that the simulator does not have broken', async () => {
    const finding = await findingAfter([], async (questions) =>
      (await expectedPricesOfPast(questions)).map((prices, index) =>
        questions[index]?.name === 'solana' ? undefined : prices,
      ),
    );
    expect(finding?.status).toBe('broken');
    expect(finding?.problems[0]?.examples[0]).toMatchObject({ ticker: 'sol_usd' });
  });

  it.each([
    ['the prices are real', [`UPDATE settings SET value = '"live"' WHERE key = 'mode'`], /are real/],
    ['nobody recorded the seed', [`DELETE FROM settings WHERE key = 'simulations'`], /does not say/],
  ])('is unproven where %s', async (_what, statements, reason) => {
    expect(await findingAfter(statements)).toMatchObject({ status: 'unproven', reason: expect.stringMatching(reason) });
  });

  it('is unproven, and says why, where the replayed file is gone', async () => {
    const gone: ExpectedPricesOf = () => Promise.reject(new ExpectedPricesUnavailableError('bars.csv is gone'));
    expect(await findingAfter([], gone)).toMatchObject({ status: 'unproven', reason: 'bars.csv is gone' });
  });

  it('hides no other failure behind "unproven"', async () => {
    await expect(findingAfter([], () => Promise.reject(new Error('a bug')))).rejects.toThrow('a bug');
  });
});
