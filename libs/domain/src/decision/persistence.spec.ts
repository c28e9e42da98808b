import fc from 'fast-check';
import { accepted, last, slotOf } from '../../../../test/builders/slots-to-decide.js';
import { PRICE_FLAGS } from '../flags.js';
import { decideSlot, type SlotDecision } from './decide-slot.js';
import { judgeJumps } from './jump.js';
import type { JumpVerdict, ReportedPrice } from './jump-verdict.js';
import type { EarlierPrice, SourceHistory } from './persistence.js';
import { DEFAULT_CHECK_LIMITS } from './rule-options.js';

const SLOT = 1_600_000_020;

const report = (sourceId: number, price: string, more: Partial<ReportedPrice> = {}): ReportedPrice => {
  return { sourceId, price, observation: `text ${price}`, ...more };
};
const jumped = (secondsAgo: number, price: string, more: Partial<EarlierPrice> = {}): EarlierPrice => {
  return { slot: SLOT - secondsAgo, price, observation: `text ${price}`, isJump: true, othersAccepted: [], ...more };
};
const history = (earlier: readonly EarlierPrice[], lastAcceptedSlot?: number): SourceHistory => {
  return { earlier, lastAcceptedSlot };
};

interface Setting {
  /** Age of the last price of 100, in seconds. */
  readonly age?: number;
  readonly isUnconfirmed?: boolean;
  readonly open?: number;
}

function judged(
  reports: readonly ReportedPrice[],
  histories: Readonly<Record<number, SourceHistory>>,
  { age = 120, isUnconfirmed = false, open = 0 }: Setting = {},
): JumpVerdict[] {
  return judgeJumps(reports, {
    ...{ slot: SLOT, open, limits: DEFAULT_CHECK_LIMITS },
    reference: { slot: SLOT - age, price: '100', isUnconfirmed },
    histories: new Map(Object.entries(histories).map(([id, one]) => [Number(id), one])),
  });
}

/** In short, by source: `1 jump, 2 unconfirmed, 3`. */
function says(verdicts: readonly JumpVerdict[]): string {
  return verdicts
    .map(
      ({ sourceId, isJump, isUnconfirmed }) => `${sourceId}${isJump ? ' jump' : isUnconfirmed ? ' unconfirmed' : ''}`,
    )
    .join(', ');
}

describe('a jump of a source that is alone', () => {
  test.each<[what: string, earlier: readonly EarlierPrice[], expected: string]>([
    [
      'is believed at its third observation, half a minute after the first',
      [jumped(15, '131'), jumped(30, '129')],
      '1',
    ],
    ['is not believed a second earlier', [jumped(15, '131'), jumped(29, '129')], '1 jump'],
    ['is not believed at its second observation', [jumped(60, '131')], '1 jump'],
    ['is not believed without a past', [], '1 jump'],
    ['is believed though the market moves on', [jumped(15, '150'), jumped(30, '112')], '1'],
    [
      'is not believed when its observations lie on both sides',
      [jumped(15, '131'), jumped(30, '80'), jumped(60, '131')],
      '1 jump',
    ],
    [
      'is not believed for the same digits again and again',
      [jumped(15, '130'), jumped(45, '130'), jumped(90, '130')],
      '1 jump',
    ],
    [
      'is not believed for two texts that alternate',
      [jumped(15, '131'), jumped(30, '130'), jumped(45, '131')],
      '1 jump',
    ],
    [
      'begins anew where it was believed in between',
      [jumped(15, '131'), jumped(30, '131', { isJump: false }), jumped(45, '129')],
      '1 jump',
    ],
    [
      'begins anew where others were believed who reported otherwise',
      [jumped(15, '131'), jumped(30, '129', { othersAccepted: ['100'] })],
      '1 jump',
    ],
    [
      'is believed where others were believed who reported the same',
      [jumped(15, '131'), jumped(30, '129', { othersAccepted: ['129.5'] })],
      '1',
    ],
  ])('%s', (_, earlier, expected) => {
    expect(says(judged([report(1, '130')], { 1: history(earlier) }))).toBe(expected);
  });

  test('counts the times of a source that names them, and not its digits', () => {
    const at = (seconds: number) => ({ observation: `time ${seconds}` });
    const now = report(1, '130', at(3));
    expect(says(judged([now], { 1: history([jumped(15, '130', at(2)), jumped(30, '130', at(1))]) }))).toBe('1');
    expect(says(judged([now], { 1: history([jumped(15, '131', at(3)), jumped(30, '129', at(3))]) }))).toBe('1 jump');
  });

  test('is served as unconfirmed ten minutes after the last price, unless it is the first', () => {
    const stuck = history([jumped(30, '130')]);
    expect(says(judged([report(1, '130')], { 1: stuck }, { age: 599 }))).toBe('1 jump');
    expect(says(judged([report(1, '130')], { 1: stuck }, { age: 600 }))).toBe('1 unconfirmed');
    expect(says(judged([report(1, '130')], { 1: history([jumped(29, '130')]) }, { age: 600 }))).toBe('1 jump');
    expect(says(judged([report(1, '130')], {}, { age: 3_000 }))).toBe('1 jump');
    expect(says(judged([report(1, '130')], { 1: history([jumped(60, '70')]) }, { age: 600 }))).toBe('1 unconfirmed');
  });

  test('is believed and not flagged when it has persisted, also after ten minutes', () => {
    const persisted = history([jumped(15, '131'), jumped(30, '129')]);
    expect(says(judged([report(1, '130')], { 1: persisted }, { age: 900 }))).toBe('1');
  });

  test('waits for those who may still report', () => {
    const persisted = history([jumped(15, '131'), jumped(30, '129')]);
    expect(says(judged([report(1, '130')], { 1: persisted }, { open: 1 }))).toBe('1 jump');
    expect(says(judged([report(1, '130')], { 1: persisted }, { age: 900, open: 1 }))).toBe('1 jump');
  });

  test('is never believed so when it was read from a drifted field', () => {
    const persisted = history([jumped(15, '131'), jumped(30, '129')]);
    const mapped = report(1, '130', { isMapped: true });
    expect(says(judged([mapped], { 1: persisted }))).toBe('1 jump');
    expect(says(judged([mapped], { 1: persisted }, { age: 900 }))).toBe('1 jump');
    expect(says(judged([mapped], { 1: persisted }, { isUnconfirmed: true }))).toBe('1 jump');
  });
});

describe('a jump among others', () => {
  const persisted = [jumped(15, '131'), jumped(30, '129')];
  const other = [jumped(15, '69'), jumped(30, '71')];

  test('is not believed while a source that is believed contradicts it', () => {
    expect(says(judged([report(1, '130'), report(2, '100')], { 1: history(persisted) }))).toBe('1 jump, 2');
    expect(says(judged([report(1, '130'), report(2, '100')], { 1: history(persisted) }, { age: 900 }))).toBe(
      '1 jump, 2',
    );
  });

  test('stays a jump when it is outvoted', () => {
    const reports = [report(1, '130'), report(2, '170'), report(3, '170.1')];
    expect(says(judged(reports, { 1: history(persisted) }, { age: 900 }))).toBe('1 jump, 2, 3');
  });

  test('in two directions is that of the source that was believed more recently', () => {
    const reports = [report(1, '162'), report(2, '130')];
    const before = [jumped(15, '161'), jumped(30, '163')];
    expect(says(judged(reports, { 1: history(before), 2: history(persisted, SLOT - 120) }))).toBe('1 jump, 2');
    // It has not persisted yet, and still holds back the other one, that was wrong before.
    expect(says(judged(reports, { 1: history(before), 2: history([], SLOT - 120) }))).toBe('1 jump, 2 jump');
  });

  test('in two directions is nobody can tell whose, when both were believed at the same time: the first, as unconfirmed, after ten minutes', () => {
    const reports = [report(1, '130'), report(2, '70')];
    const both = { 1: history(persisted, SLOT - 120), 2: history(other, SLOT - 120) };
    expect(says(judged(reports, both))).toBe('1 jump, 2 jump');
    expect(says(judged(reports, both, { age: 600 }))).toBe('1 unconfirmed, 2 jump');
  });
});

describe('a price after one that is unconfirmed', () => {
  const after = { age: 5, isUnconfirmed: true };
  const near = [jumped(15, '101', { isJump: false }), jumped(30, '99')];

  test.each<[what: string, price: string, earlier: readonly EarlierPrice[], expected: string]>([
    ['is unconfirmed when it is near', '100', [], '1 unconfirmed'],
    ['is unconfirmed when it is far: nobody is locked out again', '8000', [], '1 unconfirmed'],
    ['is confirmed at the third observation that is near, half a minute after the first', '100', near, '1'],
    ['is not confirmed by the same digits', '100', [jumped(15, '100'), jumped(60, '100')], '1 unconfirmed'],
    ['is not confirmed by what lies elsewhere', '200', near, '1 unconfirmed'],
    [
      'is not confirmed across a price elsewhere',
      '100',
      [jumped(15, '101'), jumped(20, '300'), jumped(60, '99')],
      '1 unconfirmed',
    ],
  ])('%s', (_, price, earlier, expected) => {
    expect(says(judged([report(1, price)], { 1: history(earlier) }, after))).toBe(expected);
  });

  test('is confirmed by another source that agrees, and not by one that contradicts it', () => {
    expect(says(judged([report(1, '8000'), report(2, '8001')], {}, after))).toBe('1, 2');
    expect(says(judged([report(1, '100'), report(2, '130')], { 1: history(near) }, after))).toBe(
      '1 unconfirmed, 2 unconfirmed',
    );
  });

  test('is decided only when nobody may confirm it any more', () => {
    expect(judged([report(1, '100')], {}, { ...after, open: 1 })).toMatchObject([
      { isUnconfirmed: true, isFinal: false },
    ]);
    expect(judged([report(1, '100')], {}, after)).toMatchObject([{ isUnconfirmed: true, isFinal: true }]);
  });
});

test('the order in which the sources are listed does not matter', () => {
  const price = fc.constantFrom('100', '105', '130', '131', '138', '70', '8000');
  const past = fc.record({
    earlier: fc.array(fc.tuple(price, fc.constantFrom(1, 10, 20, 45), fc.boolean()), { maxLength: 4 }).map((all) => {
      let secondsAgo = 0;
      return all.map(([value, seconds, isJump]) => jumped((secondsAgo += seconds), value, { isJump }));
    }),
    lastAcceptedSlot: fc.constantFrom(undefined, SLOT - 900, SLOT - 700),
  });
  const setting = fc.record({
    age: fc.constantFrom(31, 120, 600, 900),
    flags: fc.constantFrom(0, PRICE_FLAGS.unconfirmed),
  });
  const sources = fc.array(fc.record({ price, past }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(sources, setting, fc.gen(), (given, { age, flags }, generate) => {
      const histories = new Map(given.map((one, index) => [index + 1, one.past]));
      const slot = slotOf(
        given.map((one) => accepted(one.price)),
        { slot: SLOT, last: last('100', { slot: SLOT - age, flags }) },
      );
      const shuffled = {
        ...slot,
        sources: generate(fc.shuffledSubarray, [...slot.sources], { minLength: given.length }),
      };
      const context = { nowSeconds: SLOT + 20, histories };
      const [one, other] = [decideSlot(slot, context), decideSlot(shuffled, context)];
      const byId = ({ revisions }: SlotDecision) => [...revisions].sort((a, b) => a.sourceId - b.sourceId);
      expect(byId(other)).toEqual(byId(one));
      expect(other.price).toEqual(one.price);
    }),
  );
});
