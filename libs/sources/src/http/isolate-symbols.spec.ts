import fc from 'fast-check';
import type { RequestedTicker } from '../contract/index.js';
import { DOWN, isolate, members, REFUSAL, RefusingUpstream, whole } from '../testing/refusing-upstream.contract.js';
import { isolateSymbols, MAX_ISOLATION_CALLS, type SymbolCall } from './isolate-symbols.js';

describe('isolating a symbol that a source refuses', () => {
  it('makes one call when nobody is refused, and does not ask for the list', async () => {
    const upstream = new RefusingUpstream(new Set());
    const found = await isolate(upstream, whole('A', 'B', 'C'));
    expect(found.answered).toEqual([{ members: members('A', 'B', 'C'), answer: 'A,B,C' }]);
    expect(upstream).toMatchObject({ calls: ['A,B,C'], lists: 0 });
  });

  it('asks again without what the list lacks, and condemns it by a call of its own alone', async () => {
    const upstream = new RefusingUpstream(new Set(['C']), new Set(['A', 'B', 'D']));
    const found = await isolate(upstream, whole('A', 'B', 'C', 'D'));
    expect(upstream.calls).toEqual(['A,B,C,D', 'A,B,D', 'C']);
    expect(found.refused).toMatchObject([{ symbol: 'C', isCertain: true, error: REFUSAL }]);
  });

  it('does not condemn a symbol that the list alone lacks', async () => {
    const upstream = new RefusingUpstream(new Set(['C']), new Set(['A', 'D']));
    const found = await isolate(upstream, whole('A', 'B', 'C', 'D'));
    expect(found.refused.map(({ symbol }) => symbol)).toEqual(['C']);
    expect(found.answered.flatMap(({ answer }) => answer.split(',')).sort()).toEqual(['A', 'B', 'D']);
  });

  it('halves where the list still has the culprit', async () => {
    const upstream = new RefusingUpstream(new Set(['D']), new Set(['A', 'B', 'C', 'D']));
    const found = await isolate(upstream, whole('A', 'B', 'C', 'D'));
    expect(upstream.calls).toEqual(['A,B,C,D', 'A,B', 'C', 'D']);
    expect(found.refused).toMatchObject([{ symbol: 'D', isCertain: true }]);
  });

  it('condemns nobody when the source refuses everybody and its list has them all', async () => {
    const upstream = new RefusingUpstream(new Set(['A', 'B', 'C']), new Set(['A', 'B', 'C']));
    const found = await isolate(upstream, whole('A', 'B', 'C'));
    expect(found.answered).toEqual([]);
    expect(found.refused.map(({ isCertain }) => isCertain)).toEqual([false, false, false]);
  });

  it('condemns nobody of a source that refuses everybody and has no list', async () => {
    const found = await isolate(new RefusingUpstream(new Set(['A'])), whole('A'));
    expect(found.refused).toMatchObject([{ symbol: 'A', isCertain: false }]);
  });

  it('knows the one symbol of a batch by the list, which lacks it', async () => {
    const found = await isolate(new RefusingUpstream(new Set(['A']), new Set(['B'])), whole('A'));
    expect(found.refused).toMatchObject([{ symbol: 'A', isCertain: true }]);
  });

  it('asks everybody in one call first where everybody was refused before, and goes on with what is known', async () => {
    const suspects = [['A', 'B'], ['C'], ['D']].map((one) => ({ members: members(...one), isSuspect: true }));
    const recovered = new RefusingUpstream(new Set());
    await isolate(recovered, suspects, { together: true });
    expect(recovered.calls).toEqual(['A,B,C,D']);
    const upstream = new RefusingUpstream(new Set(['C']));
    const found = await isolate(upstream, suspects, { together: true });
    expect(upstream.calls).toEqual(['A,B,C,D', 'A,B', 'C', 'D']);
    expect(found.refused).toMatchObject([{ symbol: 'C', isCertain: true }]);
    expect(await isolate(upstream, suspects, { together: true, room: 0 })).toMatchObject({ open: suspects });
  });

  it('stops asking a source that refuses everybody', async () => {
    const all = Array.from({ length: 60 }, (_, index) => `S${index}`);
    const upstream = new RefusingUpstream(new Set(all));
    const found = await isolate(upstream, whole(...all));
    expect(upstream.calls).toHaveLength(8);
    expect(found.open.flatMap((group) => group.members)).toHaveLength(60);
  });

  it('takes two tickers with one symbol as one', async () => {
    const shared = [...members('A', 'B'), { ticker: 'other_usd', sourceSymbol: 'B' }];
    const found = await isolate(new RefusingUpstream(new Set(['B'])), [{ members: shared, isSuspect: false }]);
    expect(found.refused).toMatchObject([{ symbol: 'B', members: shared.slice(1) }]);
  });

  it('ends with an error that says nothing of a symbol, and keeps what was learned', async () => {
    const answers: SymbolCall<string>[] = [
      { kind: 'refused', error: REFUSAL },
      { kind: 'answered', answer: 'A,B' },
      { kind: 'failed', error: DOWN },
    ];
    const found = await isolateSymbols({
      groups: whole('A', 'B', 'C', 'D'),
      ask: async () => answers.shift() ?? { kind: 'not_asked' },
      unlisted: async () => undefined,
    });
    expect(found).toMatchObject({
      answered: [{ members: members('A', 'B') }],
      failed: [{ members: members('C'), error: DOWN }],
      open: [{ members: members('D'), isSuspect: true }],
    });
  });

  const symbols = fc.uniqueArray(fc.stringMatching(/^[A-Z]{3,7}$/), { minLength: 1, maxLength: 60 });
  /** A batch, its culprits at any place, and a list that is right, late (it has them still), wrong, or not there. */
  const upstreams = symbols.chain((batch) =>
    fc.record({
      batch: fc.constant(batch),
      culprits: fc.subarray(batch),
      listed: fc.option(fc.subarray(batch), { nil: undefined }),
      isListRight: fc.boolean(),
    }),
  );

  /** The room of a slot, any; and slot after slot what was learned: who is suspect, who is condemned. */
  it('gives every healthy symbol its price and names every culprit, with few calls, whatever room a slot has', async () => {
    await fc.assert(
      fc.asyncProperty(upstreams, fc.integer({ min: 2, max: 40 }), async (drawn, room) => {
        const { batch, culprits, isListRight } = drawn;
        const unknown = new Set(culprits);
        const right = new Set(['OTHER', ...batch.filter((symbol) => !unknown.has(symbol))]);
        const upstream = new RefusingUpstream(unknown, isListRight ? right : drawn.listed && new Set(drawn.listed));
        let suspects: readonly (readonly RequestedTicker[])[] = [];
        const priced = new Set<string>();
        const named = new Set<string>();
        const alone = new Set<string>();
        for (let slot = 0; slot < 400; slot += 1) {
          const apart = new Set(suspects.flat().map(({ sourceSymbol }) => sourceSymbol));
          const rest = batch.filter((symbol) => !apart.has(symbol) && !alone.has(symbol));
          const groups = [...whole(...rest), ...suspects.map((group) => ({ members: group, isSuspect: true }))];
          const before = upstream.calls.length;
          const found = await isolate(upstream, groups, { room, together: rest.length === 0 });
          expect(upstream.calls.length - before).toBeLessThanOrEqual(Math.min(room, MAX_ISOLATION_CALLS));
          const ends = [
            ...found.answered.flatMap((one) => one.members),
            ...found.refused.flatMap((one) => one.members),
            ...found.open.flatMap((one) => one.members),
          ].map(({ sourceSymbol }) => sourceSymbol);
          expect(ends.sort()).toEqual(groups.flatMap((group) => group.members.map((one) => one.sourceSymbol)).sort());
          // Who was answered in an earlier slot is in no suspect group any more: it has a price in each slot from then on.
          for (const symbol of priced) {
            if (rest.includes(symbol))
              expect(found.answered.some((one) => one.answer.split(',').includes(symbol))).toBe(true);
          }
          for (const one of found.answered) for (const symbol of one.answer.split(',')) priced.add(symbol);
          for (const one of found.refused) {
            alone.add(one.symbol);
            if (one.isCertain) named.add(one.symbol);
          }
          suspects = found.open.filter(({ isSuspect }) => isSuspect).map((group) => group.members);
          if (found.open.length === 0) break;
        }
        expect([...priced].sort()).toEqual(batch.filter((symbol) => !unknown.has(symbol)).sort());
        expect([...alone].sort()).toEqual([...culprits].sort());
        for (const symbol of named) expect(unknown.has(symbol)).toBe(true);
        // Each culprit costs two calls for each halving at most, and one for each slot that goes on with what is known.
        if (room === 40 || upstream.calls.length <= MAX_ISOLATION_CALLS) {
          const levels = Math.ceil(Math.log2(batch.length)) + 2;
          expect(upstream.calls.length).toBeLessThanOrEqual(2 * Math.max(culprits.length, 1) * levels + 4);
        }
      }),
    );
  });

  it('gives all healthy symbols of a batch with one culprit their price in one slot that has room for it', async () => {
    await fc.assert(
      fc.asyncProperty(
        symbols.chain((batch) => fc.record({ batch: fc.constant(batch), culprit: fc.constantFrom(...batch) })),
        async ({ batch, culprit }) => {
          const upstream = new RefusingUpstream(new Set([culprit]));
          const found = await isolate(upstream, whole(...batch));
          expect(found.open).toEqual([]);
          expect(found.answered.flatMap(({ answer }) => answer.split(',')).sort()).toEqual(
            batch.filter((symbol) => symbol !== culprit).sort(),
          );
          expect(upstream.calls.length).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(batch.length)) + 2);
        },
      ),
    );
  });
});
