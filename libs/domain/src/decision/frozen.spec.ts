import fc from 'fast-check';
import {
  accepted,
  check,
  decided,
  FAILED,
  jump,
  last,
  SLOT,
  STANDBY,
  waiting,
  type Draft,
} from '../../../../test/builders/slots-to-decide.js';
import { flagBits } from '../flags.js';
import { judgeStill, type PriceSpan } from './frozen.js';
import { checkLimitsOf, isPegged } from './rule-options.js';

const span = (lowest: string, highest: string): PriceSpan => ({ lowest, highest });
const MOVED = [span('100', '104')];

/** It has reported the same for an hour, while the others were there. */
const still = (draft: Draft, ...others: PriceSpan[]): Draft => ({
  ...draft,
  still: { sinceSlot: SLOT - 3_600, others },
});

describe('a source that reports the same for long', () => {
  test.each<[what: string, raw: string, others: PriceSpan[], expected: string]>([
    ['is frozen when another one moved by more than the agreement ratio', '100.5', [span('100', '102.6')], 'frozen'],
    ['is calm when the others stayed within it', '100.5', [span('100', '102'), span('99', '100.98')], 'calm'],
    ['is frozen when one of several moved', '100.5', [span('100', '100'), span('0.97', '1')], 'frozen'],
    ['is calm when others differ and none moved', '100.5', [span('100', '100'), span('130', '130')], 'calm'],
    ['is lonely when nobody else reported', '100.5', [], 'lonely'],
    ['may write too few digits to have moved', '0.0012', [span('0.00117', '0.00124')], 'calm'],
    ['is frozen when others moved by more than its digits hide', '0.0012', [span('0.00117', '0.0014')], 'frozen'],
    ['has digits enough with zeros at the end', '0.0012000', [span('0.00117', '0.00124')], 'frozen'],
  ])('%s', (_, raw, others, expected) => {
    const { state } = judgeStill({ slot: SLOT, raw }, { sinceSlot: SLOT - 900, others }, { agreementRatio: '0.02' });
    expect(state).toBe(expected);
  });

  test('is frozen exactly when another moved by more than the ratio and one unit of its last digit, whatever the digits', () => {
    const places = fc.integer({ min: 0, max: 8 });
    const ratio = fc.constantFrom('0.005', '0.02', '0.1');
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 999_999_999 }),
        places,
        ratio,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (digits, scale, agreementRatio, move) => {
          const raw = (digits / 10 ** scale).toFixed(scale);
          const others = [span('50', (50 * (1 + move)).toFixed(12))];
          const { state } = judgeStill({ slot: SLOT, raw }, { sinceSlot: SLOT - 900, others }, { agreementRatio });
          const hidden = Number(agreementRatio) + 1 / digits;
          if (Math.abs(move - hidden) < 1e-9) return;
          expect(state).toBe(move > hidden ? 'frozen' : 'calm');
        },
      ),
    );
  });
});

describe('in a slot', () => {
  const pegged = { isPegged: true };
  check({
    'it is left out, and the next one is served': {
      ...{
        sources: [still(accepted('100', { isFresh: true }), ...MOVED), accepted('103')],
        slot: { last: last('103') },
      },
      says: 'price 103 of 2, 1 rejected frozen',
    },
    'a standby source is called in its place': {
      ...{ sources: [still(accepted('100', { isFresh: true }), ...MOVED), STANDBY], slot: { last: last('103') } },
      says: 'call 2, 1 rejected frozen',
    },
    'it has no vote': {
      sources: [
        ...[still(accepted('100', { isFresh: true }), ...MOVED), still(accepted('100', { isFresh: true }), ...MOVED)],
        accepted('130'),
      ],
      says: 'price 130 of 3, 1 rejected frozen, 2 rejected frozen',
    },
    'it is served while the others stay where they are': {
      ...{
        sources: [still(accepted('100'), span('100', '100.5'))],
        slot: { last: last('100') },
        says: 'price 100 of 1',
      },
    },
    'it is served and flagged when it is alone': {
      ...{ sources: [still(accepted('100'))], slot: { last: last('100') }, says: 'price 100 of 1, 1 accepted 100' },
    },
    'its sample stays rejected when the slot is decided again': {
      sources: [{ sample: { ...jump('100').sample, reason: 'frozen' } as Draft['sample'] }, accepted('103')],
      says: 'price 103 of 2',
    },
    'one that was converted by a rate is held against its text all the same': {
      sources: [still(waiting('100.00', { rateFound: '0.9900' }), ...MOVED), FAILED],
      says: '1 rejected frozen',
    },
    'one that came late to a slot that is decided is rejected': {
      sources: [accepted('103'), still(accepted('100', { isFresh: true }), ...MOVED)],
      ...{ slot: { isDecided: true }, says: '2 rejected frozen' },
    },
    'what was decided is bound: no rejection and no flag after it': {
      sources: [still(accepted('100'), ...MOVED), still(accepted('100'))],
      ...{ slot: { isDecided: true }, says: '' },
    },
    'a pair that is pegged may stand still': {
      ...{ sources: [still(accepted('1.0001', { isFresh: true }), ...MOVED)], slot: pegged, says: 'price 1.0001 of 1' },
    },
    'a pegged ticker may have the check': {
      sources: [still(accepted('1.0001', { isFresh: true }), ...MOVED)],
      slot: { ...pegged, ruleOptions: { checks: { frozen_after_seconds: 3_600 } } },
      says: '1 rejected frozen',
    },
    'a ticker may be without it': {
      sources: [still(accepted('100', { isFresh: true }), ...MOVED)],
      slot: { ruleOptions: { checks: { frozen_after_seconds: null } } },
      says: 'price 100 of 1',
    },
  });

  test('its flag stands on the price and on its sample, and goes when others have reported', () => {
    const derived = flagBits(['derived']);
    const alone = decided({ sources: [still(accepted('100', { flags: derived }))] });
    expect(alone.price).toMatchObject({ flags: flagBits(['derived', 'frozen']) });
    expect(alone.revisions).toMatchObject([
      { outcome: 'accepted', price: '100', flags: flagBits(['derived', 'frozen']) },
    ]);
    const flagged = accepted('100', { flags: flagBits(['derived', 'frozen']) });
    expect(decided({ sources: [still(flagged)] }).revisions).toEqual([]);
    expect(decided({ sources: [flagged] }).price).toMatchObject({ flags: flagBits(['derived', 'frozen']) });
    expect(decided({ sources: [still(flagged, span('100', '100'))] }).revisions).toMatchObject([{ flags: derived }]);
  });

  test('its flag goes into the median that is made of it', () => {
    const flagged = still(accepted('100'));
    const median = decided({ sources: [flagged, accepted('100.1'), accepted('100.2')], slot: { rule: 'median' } });
    expect(median.price).toMatchObject({ price: '100.1', flags: flagBits(['frozen']) });
  });

  test('it says why in a sentence', () => {
    const { revisions } = decided({ sources: [still(accepted('100', { isFresh: true }), ...MOVED)] });
    expect(revisions[0]?.detail).toBe('the same digits for 3600 s, in which another source was at 100 and at 104');
  });
});

test.each([
  ['usdt', 'usd', true],
  ['usdc', 'usdt', true],
  ['usd', 'dai', true],
  ['btc', 'usdt', false],
  ['usdt', 'eur', false],
])('%s in %s is pegged: %s', (base, quote, expected) => {
  expect(isPegged(base, quote)).toBe(expected);
  expect(checkLimitsOf({}, isPegged(base, quote)).frozenAfterSeconds).toBe(expected ? undefined : 900);
});
