import fc from 'fast-check';
import { isDoubtful, judgeJumps, type JumpContext } from './jump.js';
import type { JumpVerdict, ReportedPrice } from './jump-verdict.js';
import { DEFAULT_CHECK_LIMITS } from './rule-options.js';

const LIMITS = DEFAULT_CHECK_LIMITS;
const SLOT = 1_600_000_020;

/** What sources 1, 2, 3... report; undefined: nothing. */
function reported(...prices: (string | undefined)[]): ReportedPrice[] {
  return prices.flatMap((price, index) =>
    price === undefined ? [] : [{ sourceId: index + 1, price, observation: `text ${price}` }],
  );
}

/** A context but for what is usual; the last price is a minute old. */
type Draft = Partial<Omit<JumpContext, 'reference'>> & { readonly reference?: string | undefined };

function judged(reports: readonly ReportedPrice[], { reference: last, ...more }: Draft): JumpVerdict[] {
  const reference = last === undefined ? undefined : { slot: SLOT - 60, price: last, isUnconfirmed: false };
  return judgeJumps(reports, { slot: SLOT, reference, open: 0, limits: LIMITS, ...more });
}

/** Ids of the sources that are believed. */
function believed(reports: readonly ReportedPrice[], context: Draft): number[] {
  const verdicts = judged(reports, context);
  expect(verdicts.map(({ sourceId }) => sourceId)).toEqual(reports.map(({ sourceId }) => sourceId));
  return verdicts.filter(({ isJump }) => !isJump).map(({ sourceId }) => sourceId);
}

function finalOf(reports: readonly ReportedPrice[], context: Draft): number[] {
  return judged(reports, context)
    .filter(({ isFinal }) => isFinal)
    .map(({ sourceId }) => sourceId);
}

describe('jumps and moves', () => {
  test.each<[what: string, reference: string | undefined, reports: ReportedPrice[], expected: number[]]>([
    ['the last price again', '100', reported('100'), [1]],
    ['exactly the ratio above', '100', reported('110'), [1]],
    ['a hair above the ratio', '100', reported('110.0000000000000001'), []],
    ['exactly the ratio below', '100', reported('90'), [1]],
    ['a hair below the ratio', '100', reported('89.9999999999999999'), []],
    ['a digit lost on the way', '87123.45', reported('8712.345'), []],
    ['anything where there is no last price', undefined, reported('0.00000001'), [1]],
    ['a move reported by two', '100', reported('130', '130.1'), [1, 2]],
    ['a move reported by two, against one that stands still', '100', reported('130', '100', '130.1'), [1, 3]],
    ['a fall reported by two', '100', reported('70', '70.1'), [1, 2]],
    ['two jumps that do not agree', '100', reported('130', '125'), []],
    ['one that is off while two others are not', '100', reported('125', '100', '100.1'), [2, 3]],
    ['one that is off from the very beginning', undefined, reported('125', '100', '100.1'), [2, 3]],
    ['two that disagree at the very beginning: nobody can tell', undefined, reported('125', '100'), [1, 2]],
    ['two that are off alike against three', undefined, reported('125', '125', '100', '100', '100'), [3, 4, 5]],
    [
      'two that are off alike against three and the last price',
      '100',
      reported('125', '125', '100', '100', '100'),
      [3, 4, 5],
    ],
    ['two against two: both are reported twice', '100', reported('130', '130', '100', '100'), [1, 2, 3, 4]],
    ['three at the beginning of whom none agree', undefined, reported('100', '130', '160'), [1, 2, 3]],
    ['one that stands a little aside, and is no jump', undefined, reported('105', '100', '100'), [1, 2, 3]],
  ])('%s', (_, reference, reports, expected) => {
    expect(believed(reports, { reference })).toEqual(expected);
  });

  test('says in a sentence why', () => {
    const [alone] = judged(reported('125'), { reference: '100' });
    expect(alone?.detail).toBe('125 is more than 0.1 away from the last price 100, and no other source agrees');
    const [outvoted] = judged(reported('125', '100', '100'), {});
    expect(outvoted?.detail).toBe('125 is contradicted by 2 sources that agree with one another');
  });

  test('a price read from a drifted field needs a last price or a second source', () => {
    const mapped = { sourceId: 1, price: '100', isMapped: true, observation: 'text 100' };
    expect(believed([mapped], {})).toEqual([]);
    expect(believed([mapped], { reference: '101' })).toEqual([1]);
    expect(believed([mapped, { ...mapped, sourceId: 2, isMapped: false }], {})).toEqual([1, 2]);
  });

  test('is not asked where the check is switched off', () => {
    const limits = { ...LIMITS, jumpRatio: undefined };
    expect(believed(reported('1', '100', '100'), { reference: '5', limits })).toEqual([1, 2, 3]);
    expect(isDoubtful('1', ['100', '100'], limits)).toBe(false);
  });

  describe('while others may still report', () => {
    test('a price near the last one is decided at once', () => {
      expect(finalOf(reported('101'), { reference: '100', open: 7 })).toEqual([1]);
    });

    test('a jump is open until everybody has reported', () => {
      expect(finalOf(reported('130'), { reference: '100', open: 1 })).toEqual([]);
      expect(finalOf(reported('130'), { reference: '100', open: 0 })).toEqual([1]);
    });

    test('a move that two report is decided unless more may come than they are', () => {
      expect(finalOf(reported('130', '130'), { reference: '100', open: 2 })).toEqual([1, 2]);
      expect(finalOf(reported('130', '130'), { reference: '100', open: 3 })).toEqual([]);
    });

    test('the first price ever is decided when it cannot be outvoted any more', () => {
      expect(finalOf(reported('130'), { open: 1 })).toEqual([1]);
      expect(finalOf(reported('130'), { open: 2 })).toEqual([]);
      expect(finalOf(reported('130', '130'), { open: 2 })).toEqual([1, 2]);
    });
  });

  describe('as properties', () => {
    const price = fc.integer({ min: 50, max: 200 }).map((percent) => `${percent}`);
    const reference = fc.option(price, { nil: undefined });
    /** Honest prices lie within a fifth of a percent of one another. */
    const honest = fc.integer({ min: 99_900, max: 100_100 }).map((thousandths) => `${thousandths / 1000}`);

    test('the order of the sources does not matter', () => {
      const several = fc.array(price, { minLength: 1, maxLength: 6 });
      fc.assert(
        fc.property(several, reference, fc.integer({ min: 0, max: 3 }), (prices, last, open) => {
          const reports = reported(...prices);
          const there = believed(reports, { reference: last, open });
          expect(believed([...reports].reverse(), { reference: last, open }).sort()).toEqual([...there].sort());
        }),
      );
    });

    test('one source that is a quarter off is never believed against two honest ones', () => {
      const off = fc.constantFrom('75', '125', '150', '10', '1000');
      const last = fc.option(honest, { nil: undefined });
      fc.assert(
        fc.property(off, fc.array(honest, { minLength: 2, maxLength: 7 }), last, (wrong, others, known) => {
          expect(believed(reported(wrong, ...others), { reference: known })).not.toContain(1);
        }),
      );
    });

    test('no honest source is disbelieved while they are more than the wrong ones, and the last price is theirs', () => {
      fc.assert(
        fc.property(fc.array(honest, { minLength: 2, maxLength: 5 }), price, honest, (others, wrong, last) => {
          const ids = believed(reported(...others, wrong), { reference: last });
          for (let id = 1; id <= others.length; id += 1) expect(ids).toContain(id);
        }),
      );
    });

    test('a move of any size is believed at once when two report it and nobody else reports anything', () => {
      fc.assert(
        fc.property(fc.double({ min: 0.01, max: 100, noNaN: true }), (factor) => {
          const moved = (100 * factor).toFixed(8);
          expect(believed(reported(moved, moved), { reference: '100' })).toEqual([1, 2]);
        }),
      );
    });

    test('what is decided away from the last price stays, whatever the others report', () => {
      fc.assert(
        fc.property(
          fc.array(price, { minLength: 1, maxLength: 4 }),
          reference,
          fc.array(price, { maxLength: 3 }),
          (first, last, later) => {
            const early = judged(reported(...first), { reference: last, open: later.length });
            const late = judged(reported(...first, ...later), { reference: last });
            for (const [index, verdict] of early.entries()) {
              const near = last !== undefined && Math.abs(Number(first[index]) - Number(last)) <= 0.1 * Number(last);
              if (verdict.isFinal && !near) expect(late[index]?.isJump).toBe(verdict.isJump);
            }
          },
        ),
      );
    });
  });
});

describe('doubting a last price', () => {
  test.each<[what: string, reports: string[], expected: boolean]>([
    ['nobody else reported one', ['100'], false],
    ['one reported otherwise', ['100', '130'], false],
    ['two reported otherwise, and agreed', ['100', '130', '130.2'], true],
    ['two reported otherwise, each for himself', ['100', '130', '160'], false],
    ['as many reported the same', ['100', '100', '130', '130'], false],
    ['those who reported otherwise were more', ['100', '100', '130', '130', '130'], true],
  ])('%s', (_, reports, expected) => {
    expect(isDoubtful('100', reports, LIMITS)).toBe(expected);
  });
});
