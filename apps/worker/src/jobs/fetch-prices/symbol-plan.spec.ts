import type { FetchMember } from '@app/storage';
import { callsToTry, planSymbols } from './symbol-plan.js';

type Known = NonNullable<FetchMember['refusal']>;

const REFUSED: Known = {
  sinceMs: 0,
  lastTriedMs: 0,
  nextTryMs: 60_000,
  suspectGroup: null,
  detail: 'error -1121',
  isDue: true,
  wasPassedOver: false,
  isOverdue: false,
  isLasting: false,
  mayBeBack: false,
  othersAnswered: true,
};

/** The tickers of a batch: each symbol with what is known of it. */
function batch(known: Readonly<Record<string, Partial<Known> | undefined>>): FetchMember[] {
  return Object.entries(known).map(([sourceSymbol, refusal], index) => ({
    ...{ tickerId: index, ticker: `${sourceSymbol.toLowerCase()}_usd`, sourceSymbol, deadline: 15, quote: 'usd' },
    ...(refusal && { refusal: { ...REFUSED, ...refusal } }),
  }));
}

const suspect = (group: string, more: Partial<Known> = {}): Partial<Known> => ({
  ...{ nextTryMs: null, suspectGroup: group, isDue: false },
  ...more,
});

/** The calls of a plan: the symbols of each, with + where they were refused before. */
function calls(members: readonly FetchMember[], random = 0): { calls: string[]; together: boolean; leftOut: string } {
  const plan = planSymbols(members, new Set(callsToTry(members).flat()), random);
  const named = (some: readonly FetchMember[]): string => some.map(({ sourceSymbol }) => sourceSymbol).join(',');
  return {
    calls: plan.groups.map((group) => `${group.wasRefused === true ? '+' : ''}${named(group.members)}`),
    together: plan.together,
    leftOut: named(plan.leftOut),
  };
}

describe('the calls of a fetch', () => {
  it('are one for those of whom nothing bad is known, and one for each other group', () => {
    const members = batch({ A: undefined, R: {}, S: suspect('S'), B: undefined, T: suspect('S'), U: suspect('U') });
    expect(calls(members)).toEqual({ calls: ['A,B', 'S,T', 'U', '+R'], together: false, leftOut: '' });
  });

  it('try three refused symbols alone, the longest waiting first, and all that may be back in one call', () => {
    const members = batch({
      ...{ A: undefined, P: { nextTryMs: 4 }, Q: { nextTryMs: 1 }, R: { nextTryMs: 3 }, S: { nextTryMs: 2 } },
      ...{ T: { mayBeBack: true }, U: { mayBeBack: true }, V: { mayBeBack: true, isDue: false }, W: { isDue: false } },
    });
    expect(calls(members)).toEqual({ calls: ['A', '+T,U', '+Q', '+S', '+R'], together: false, leftOut: 'P,V,W' });
  });

  it('begin with those that found no room in earlier slots, for minutes', () => {
    const members = batch({ A: undefined, R: {}, S: { isOverdue: true }, T: suspect('T', { isOverdue: true }) });
    expect(calls(members).calls).toEqual(['T', '+S', 'A', '+R']);
  });

  it('ask for the suspects of another time in the order in which they were asked the last time', () => {
    const members = batch({
      ...{
        S: suspect('S', { lastTriedMs: 3 }),
        T: suspect('T', { lastTriedMs: 1 }),
        U: suspect('U', { lastTriedMs: 2 }),
      },
    });
    expect(calls(members).calls).toEqual(['T', 'U', 'S']);
  });

  it.each([
    ['the limit had room for all of them', false, 0.9, true],
    ['it had none for some, every second time', true, 0.1, true],
    ['it had none for some, every other second time', true, 0.9, false],
  ])('are one for all suspects at first while nobody is answered and %s', (_, wasPassedOver, random, together) => {
    const members = batch({ S: suspect('S'), T: suspect('T', { wasPassedOver }) });
    expect(calls(members, random).together).toBe(together);
    expect(calls([...members, ...batch({ A: undefined })], random).together).toBe(false);
  });
});
