import type { RequestedTicker, SourceError } from '../contract/index.js';
import { DOWN, isolate, LIMITED, members, RefusingUpstream, whole } from '../testing/refusing-upstream.contract.js';
import { isolateSymbols, type SymbolGroup } from './isolate-symbols.js';

const again = (...symbols: readonly string[]) => ({
  ...{ members: members(...symbols), isSuspect: false, wasRefused: true },
});

describe('a symbol that is asked for before those of whom nothing bad is known', () => {
  const suspects = { members: members('S', 'T'), isSuspect: true };
  const good = { members: members('A', 'B'), isSuspect: false };
  async function failing(groups: readonly SymbolGroup<RequestedTicker>[], error: SourceError, answers: string) {
    const calls: string[] = [];
    const found = await isolateSymbols<RequestedTicker, string>({
      groups,
      ask: async (asked) => {
        calls.push(asked.map(({ sourceSymbol }) => sourceSymbol).join(','));
        return calls.at(-1) === answers ? { kind: 'answered', answer: answers } : { kind: 'failed', error };
      },
      unlisted: async () => undefined,
    });
    return { calls, found };
  }

  it.each([
    ['a suspect group', suspects],
    ['one that was refused before', again('X')],
  ])(
    'does not keep them from being asked by an error that says nothing of a symbol, where it is %s',
    async (_, first) => {
      const { calls, found } = await failing([first, good, again('Y')], DOWN, 'A,B');
      expect(calls).toEqual([first.members.map(({ sourceSymbol }) => sourceSymbol).join(','), 'A,B']);
      expect(found).toEqual({
        answered: [{ members: good.members, answer: 'A,B' }],
        failed: [{ members: first.members, error: DOWN }],
        open: [again('Y')],
        refused: [],
      });
    },
  );

  it('ends all when the source asks to be left alone', async () => {
    const { calls, found } = await failing([again('X'), good], LIMITED, 'A,B');
    expect(calls).toEqual(['X']);
    expect(found).toMatchObject({ answered: [], open: [good], failed: [{ error: LIMITED }] });
  });

  it('says of each what it failed with when both fail, and asks nobody else', async () => {
    const { calls, found } = await failing([again('X'), good, suspects], DOWN, 'nobody');
    expect(calls).toEqual(['X', 'A,B']);
    expect(found.failed.map(({ members: asked }) => asked)).toEqual([members('X'), good.members]);
    expect(found.open).toEqual([suspects]);
  });
});

describe('a symbol that was refused alone before', () => {
  it('is refused for certain when it is again, and the list is not asked for', async () => {
    const upstream = new RefusingUpstream(new Set(['A']), new Set(['A', 'B']));
    expect(await isolate(upstream, [again('A')])).toMatchObject({ refused: [{ symbol: 'A', isCertain: true }] });
    expect(upstream).toMatchObject({ calls: ['A'], lists: 0 });
  });

  it('needs no list either when it is known otherwise that the source is right', async () => {
    const upstream = new RefusingUpstream(new Set(['A']), new Set(['A', 'B']));
    const found = await isolateSymbols({
      groups: [{ members: members('A'), isSuspect: true }],
      isCertain: ([one]) => one?.sourceSymbol === 'A',
      ask: async (asked) => upstream.ask(asked),
      unlisted: (listed) => upstream.unlisted(listed),
    });
    expect(found).toMatchObject({ refused: [{ symbol: 'A', isCertain: true }] });
    expect(upstream).toMatchObject({ calls: ['A'], lists: 0 });
  });

  it('comes back in one call with the others that were', async () => {
    const upstream = new RefusingUpstream(new Set());
    const found = await isolate(upstream, [...whole('A', 'B'), again('S', 'T', 'U')]);
    expect(upstream.calls).toEqual(['A,B', 'S,T,U']);
    expect(found.answered).toHaveLength(2);
  });

  it('is put off, and not condemned, by the call for several when the list lacks it, and the others are asked again', async () => {
    const upstream = new RefusingUpstream(new Set(['T', 'V']), new Set(['A', 'S', 'U']));
    const found = await isolate(upstream, [...whole('A'), again('S', 'T', 'U', 'V')]);
    expect(upstream).toMatchObject({ calls: ['A', 'S,T,U,V', 'S,U'], lists: 1 });
    expect(found.refused).toEqual([]);
    expect(found.open).toMatchObject([
      { members: ['T', 'V'].map((sourceSymbol) => ({ sourceSymbol })), wasRefused: true },
    ]);
  });

  it('costs one call and the list where the list lacks all of them', async () => {
    const upstream = new RefusingUpstream(new Set(['S', 'T', 'U']), new Set(['A']));
    const found = await isolate(upstream, [...whole('A'), again('S', 'T', 'U')]);
    expect(upstream).toMatchObject({ calls: ['A', 'S,T,U'], lists: 1 });
    expect(found.refused).toEqual([]);
    expect(found.open.flatMap(({ members }) => members)).toHaveLength(3);
  });

  it('is found by halving where no list tells it', async () => {
    const upstream = new RefusingUpstream(new Set(['V']));
    const found = await isolate(upstream, [...whole('A'), again('S', 'T', 'U', 'V')]);
    expect(upstream.calls).toEqual(['A', 'S,T,U,V', 'S,T', 'U', 'V']);
    expect(found.refused).toMatchObject([{ symbol: 'V', isCertain: true }]);
    expect(found.open).toEqual([]);
  });

  it('is looked for no further when eight calls for them were refused, and none answered', async () => {
    const all = Array.from({ length: 40 }, (_, index) => `S${index}`);
    const upstream = new RefusingUpstream(new Set(all));
    const found = await isolate(upstream, [...whole('A'), again(...all)]);
    expect(upstream.calls).toHaveLength(9);
    expect(found.open.flatMap((group) => group.members).length + found.refused.length).toBe(40);
    expect(found.open.every(({ wasRefused, isSuspect }) => wasRefused === true && !isSuspect)).toBe(true);
  });

  it('comes after those of whom nothing bad is known, also when one of them is refused', async () => {
    const upstream = new RefusingUpstream(new Set(['B']));
    await isolate(upstream, [...whole('A', 'B'), again('S', 'T', 'U')]);
    expect(upstream.calls).toEqual(['A,B', 'A', 'B', 'S,T,U']);
  });
});
