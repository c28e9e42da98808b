import fc from 'fast-check';
import { decideByPriority, type Candidate } from './decide.js';
import { OUTCOMES, type Outcome } from './reason.js';

/** Candidates in order of preference, with ids 1, 2, 3... */
function turns(...outcomes: (Outcome | undefined)[]): Candidate[] {
  return outcomes.map((outcome, position) => ({ sourceId: position + 1, position, outcome }));
}

describe('rule "priority"', () => {
  test('serves the first source as soon as it is accepted, whatever the others do', () => {
    expect(decideByPriority(turns('accepted', undefined, 'accepted'), false)).toBe(1);
  });

  test('waits for a better source that may still answer', () => {
    expect(decideByPriority(turns(undefined, 'accepted'), false)).toBeUndefined();
    expect(decideByPriority(turns('failed', undefined, 'accepted'), false)).toBeUndefined();
  });

  test('waits for nobody when the window has ended', () => {
    expect(decideByPriority(turns(undefined, 'accepted'), true)).toBe(2);
    expect(decideByPriority(turns(undefined, undefined, 'accepted'), true)).toBe(3);
  });

  test.each(['rejected', 'failed', 'missed'] as const)('passes over a source that %s', (outcome) => {
    expect(decideByPriority(turns(outcome, 'accepted'), false)).toBe(2);
  });

  test('serves nobody when nobody was accepted, before and after the window', () => {
    expect(decideByPriority(turns('rejected', 'failed', 'missed'), false)).toBeUndefined();
    expect(decideByPriority(turns('rejected', 'failed', 'missed'), true)).toBeUndefined();
    expect(decideByPriority(turns(undefined), true)).toBeUndefined();
    expect(decideByPriority([], true)).toBeUndefined();
  });

  test('goes by position and not by the order in which candidates are listed, and leaves the list alone', () => {
    const listed = turns('accepted', 'accepted').reverse();
    expect(decideByPriority(listed, false)).toBe(1);
    expect(listed.map((candidate) => candidate.sourceId)).toEqual([2, 1]);
  });

  test('whatever it decides before the end of the window, it would decide after it too', () => {
    const outcome = fc.constantFrom(...OUTCOMES, undefined);
    fc.assert(
      fc.property(fc.array(outcome, { maxLength: 5 }), (outcomes) => {
        const early = decideByPriority(turns(...outcomes), false);
        if (early !== undefined) expect(decideByPriority(turns(...outcomes), true)).toBe(early);
      }),
    );
  });
});
