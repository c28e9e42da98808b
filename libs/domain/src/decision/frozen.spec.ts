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
import { judgeStill, type OtherSource } from './frozen.js';
import { checkLimitsOf, isPegged } from './rule-options.js';

/** Another source whose price rose from one to the other. */
const span = (lowest: string, highest: string): OtherSource => ({
  accepted: { lowest, highest },
  newest: highest,
  hasChanged: lowest !== highest,
});
/** Another source that only jumped. */
const jumped = (newest: string): OtherSource => ({ accepted: undefined, newest, hasChanged: true });
/** Another source that was accepted, and is frozen by now. */
const stopped = (price: string): OtherSource => ({
  accepted: { lowest: price, highest: price },
  newest: undefined,
  hasChanged: false,
});
const MOVED = [span('100', '104')];

/** It has reported the same for an hour, while the others were there. */
const still = (draft: Draft, ...others: OtherSource[]): Draft => ({
  ...draft,
  still: { sinceSlot: SLOT - 3_600, wasFrozen: false, others },
});

/** What becomes of a source with this text. */
function stateOf(
  raw: string,
  others: readonly OtherSource[],
  {
    price = raw,
    wasFrozen = false,
    agreementRatio = '0.02',
  }: { price?: string; wasFrozen?: boolean; agreementRatio?: string } = {},
): string {
  return judgeStill({ slot: SLOT, raw, price }, { sinceSlot: SLOT - 900, wasFrozen, others }, { agreementRatio }).state;
}

describe('a source that reports the same for long', () => {
  test.each<[what: string, raw: string, others: OtherSource[], expected: string]>([
    ['is frozen when another one moved by more than the agreement ratio', '100.5', [span('100', '102.6')], 'frozen'],
    ['is calm when the others stayed within it', '100.5', [span('100', '102'), span('99', '100.98')], 'calm'],
    ['is frozen when one of several moved', '100.5', [span('100', '100'), span('0.97', '1')], 'frozen'],
    ['is calm when others differ and none moved', '100.5', [span('100', '100'), span('130', '130')], 'calm'],
    ['is lonely when nobody else reported', '100.5', [], 'lonely'],
    ['may write too few digits to have moved', '0.0012', [span('0.00117', '0.00124')], 'calm'],
    ['is frozen when others moved by more than its digits hide', '0.0012', [span('0.00117', '0.0014')], 'frozen'],
    ['has digits enough with zeros at the end', '0.0012000', [span('0.00117', '0.00124')], 'frozen'],
    ['is frozen when another one has drifted away', '100.5', [span('101', '102.7')], 'frozen'],
    ['is calm when another one has drifted back', '100.5', [span('100.6', '101')], 'calm'],
    ['is frozen when another one jumps far away', '100.5', [jumped('130')], 'frozen'],
    ['is calm, and not lonely, when another one jumps near it', '100.5', [jumped('101')], 'calm'],
    ['is calm when only a frozen one is far', '100.5', [stopped('90')], 'calm'],
    ['is calm when as many are near as have left', '100.5', [span('101', '102.7'), span('100', '100')], 'calm'],
    ['is frozen when more have left than are near', '100.5', [jumped('130'), jumped('130'), jumped('100')], 'frozen'],
    ['may write too few digits to be left behind', '0.0012', [span('0.00128', '0.00132')], 'calm'],
    ['is left behind by more than its digits hide', '0.0012', [span('0.00128', '0.00133')], 'frozen'],
  ])('%s', (_, raw, others, expected) => {
    expect(stateOf(raw, others)).toBe(expected);
  });

  test('stays frozen while the others stand still elsewhere, until they are back near it', () => {
    expect(stateOf('100.125', [span('105', '105'), span('105.1', '105.1')])).toBe('calm');
    expect(stateOf('100.125', [span('105', '105'), span('105.1', '105.1')], { wasFrozen: true })).toBe('frozen');
    expect(stateOf('100.125', [span('101', '101'), span('101.1', '101.1')], { wasFrozen: true })).toBe('calm');
  });

  test('is held by its price against the others, where its text is converted', () => {
    expect(stateOf('100.5', [span('90', '90.5')], { price: '90.45' })).toBe('calm');
    expect(stateOf('100.5', [span('100', '100.6')], { price: '90.45' })).toBe('frozen');
  });

  test('is frozen exactly when another moved, or is away, by more than the ratio and one unit of its last digit, whatever the digits', () => {
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
          const moved = { ...span('50', (50 * (1 + move)).toFixed(12)), newest: raw };
          const left = {
            ...span('50', '50'),
            newest: ((digits / 10 ** scale) * (1 + move)).toFixed(20),
            hasChanged: true,
          };
          const hidden = Number(agreementRatio) + 1 / digits;
          if (Math.abs(move - hidden) < 1e-9) return;
          const expected = move > hidden ? 'frozen' : 'calm';
          expect(stateOf(raw, [moved], { agreementRatio })).toBe(expected);
          expect(stateOf(raw, [left], { agreementRatio })).toBe(expected);
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
      sources: [still(waiting('100.00', { rateFound: { price: '0.9900' } }), ...MOVED), FAILED],
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
    expect(revisions[0]?.detail).toBe(
      'the same digits for at least 3600 s, in which another source was at 100 and at 104',
    );
    const left = decided({ sources: [still(accepted('100', { isFresh: true }), span('102', '104'))] });
    expect(left.revisions[0]?.detail).toBe('the same digits for at least 3600 s, and another source is at 104 by now');
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
