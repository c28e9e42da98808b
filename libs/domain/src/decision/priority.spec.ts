import fc from 'fast-check';
import { decideByPriority, standbyToAsk, type Candidate, type StandbyCandidate } from './priority.js';
import { OUTCOMES, type Outcome } from '../reason.js';

/** Candidates in order of preference, with ids 1, 2, 3... */
function slotSources(...outcomes: (Outcome | undefined)[]): Candidate[] {
  return outcomes.map((outcome, position) => ({ sourceId: position + 1, position, outcome }));
}

describe('rule "priority"', () => {
  test('serves the first source as soon as it is accepted, whatever the others do', () => {
    expect(decideByPriority(slotSources('accepted', undefined, 'accepted'), false)).toBe(1);
  });

  test('waits for a better source that may still answer', () => {
    expect(decideByPriority(slotSources(undefined, 'accepted'), false)).toBeUndefined();
    expect(decideByPriority(slotSources('failed', undefined, 'accepted'), false)).toBeUndefined();
  });

  test('waits for nobody when the window has ended', () => {
    expect(decideByPriority(slotSources(undefined, 'accepted'), true)).toBe(2);
    expect(decideByPriority(slotSources(undefined, undefined, 'accepted'), true)).toBe(3);
  });

  test.each(['rejected', 'failed', 'missed'] as const)('passes over a source that %s', (outcome) => {
    expect(decideByPriority(slotSources(outcome, 'accepted'), false)).toBe(2);
  });

  test('serves nobody when nobody was accepted, before and after the window', () => {
    expect(decideByPriority(slotSources('rejected', 'failed', 'missed'), false)).toBeUndefined();
    expect(decideByPriority(slotSources('rejected', 'failed', 'missed'), true)).toBeUndefined();
    expect(decideByPriority(slotSources(undefined), true)).toBeUndefined();
    expect(decideByPriority([], true)).toBeUndefined();
  });

  test('goes by position and not by the order in which candidates are listed, and leaves the list alone', () => {
    const listed = slotSources('accepted', 'accepted').reverse();
    expect(decideByPriority(listed, false)).toBe(1);
    expect(listed.map((candidate) => candidate.sourceId)).toEqual([2, 1]);
  });

  test('whatever it decides before the end of the window, it would decide after it too', () => {
    const outcome = fc.constantFrom(...OUTCOMES, undefined);
    fc.assert(
      fc.property(fc.array(outcome, { maxLength: 5 }), (outcomes) => {
        const early = decideByPriority(slotSources(...outcomes), false);
        if (early !== undefined) expect(decideByPriority(slotSources(...outcomes), true)).toBe(early);
      }),
    );
  });
});

describe('a standby source', () => {
  /** `+` may still answer, `a` accepted, `f` failed; in capitals: a standby that was asked; `S`: one that was not. */
  function candidates(slotSourcesText: string): StandbyCandidate[] {
    const outcomes: Record<string, Outcome | undefined> = { a: 'accepted', f: 'failed', r: 'rejected', m: 'missed' };
    return [...slotSourcesText].map((slotSource, position) => ({
      sourceId: position + 1,
      position,
      outcome: outcomes[slotSource.toLowerCase()],
      isStandby: slotSource !== slotSource.toLowerCase(),
      isAsked: slotSource !== 'S',
    }));
  }

  test.each<[slotSources: string, needed: number, asked: number | undefined]>([
    ['aS', 1, undefined],
    ['+S', 1, undefined],
    ['fS', 1, 2],
    ['rS', 1, 2],
    ['mS', 1, 2],
    ['ffS', 1, 3],
    ['f+S', 1, undefined],
    ['faS', 1, undefined],
    ['fSS', 1, 2],
    ['fFS', 1, 3],
    ['fAS', 1, undefined],
    ['fFF', 1, undefined],
    ['f', 1, undefined],
    ['', 1, undefined],
    ['aS', 2, 2],
    ['aAS', 2, undefined],
    ['afS', 2, 3],
    ['a+S', 2, undefined],
    ['aaS', 2, undefined],
  ])('of %j, where %i must be accepted: %s is asked', (slotSourcesText, needed, asked) => {
    expect(standbyToAsk(candidates(slotSourcesText), needed)).toBe(asked);
    expect(standbyToAsk(candidates(slotSourcesText).reverse(), needed)).toBe(asked);
  });
});
