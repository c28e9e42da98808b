import fc from 'fast-check';
import { RULES } from '../schedule.js';
import {
  SLOT,
  WINDOW,
  type Draft,
  accepted,
  STALE,
  FAILED,
  MISSED,
  OPEN,
  last,
  slotOf,
  summary,
} from '../../../../test/builders/slots-to-decide.js';
import { decideSlot, MEDIAN_SOURCE_ID, type SlotDecision } from './decide-slot.js';
import type { SlotToDecide } from './slot-to-decide.js';

describe('whatever the sources report', () => {
  const priceText = fc.constantFrom('100', '100.1', '101', '109', '112', '130', '130.2', '70', '1000');
  const report = fc.oneof(
    { weight: 5, arbitrary: priceText.map((price) => accepted(price)) },
    { weight: 1, arbitrary: fc.constantFrom(FAILED, MISSED, STALE) },
  );
  const rule = fc.constantFrom(...RULES);
  const before = fc.option(
    priceText.map((price) => last(price)),
    { nil: undefined },
  );

  /** The slot after a decision on it was written, as storage writes it. */
  function written(slot: SlotToDecide, decision: SlotDecision): SlotToDecide {
    const revisions = new Map(decision.revisions.map((revision) => [revision.sourceId, revision]));
    return {
      ...slot,
      isDecided: slot.isDecided || decision.price !== undefined || decision.refusal !== undefined,
      sources: slot.sources.map((source) => {
        const revision = revisions.get(source.sourceId);
        const stands = source.sample === undefined ? undefined : { ...source.sample, isFresh: false };
        if (stands === undefined || revision === undefined) return { ...source, sample: stands };
        const { outcome, reason, price, rate } = revision;
        return { ...source, sample: { ...stands, outcome, reason, price, rate } };
      }),
    };
  }

  interface Story {
    readonly end: SlotToDecide;
    readonly price: SlotDecision['price'];
    readonly refusal: SlotDecision['refusal'];
  }

  /** The samples arrive one by one, in this order of their sources; after each one the slot is decided anew. At last the window ends. */
  function played(drafts: readonly Draft[], order: readonly number[], more: Partial<SlotToDecide>): Story {
    let slot = slotOf(
      drafts.map(() => OPEN),
      more,
    );
    let price: SlotDecision['price'];
    let refusal: SlotDecision['refusal'];
    const decide = (at: number): void => {
      const decision = decideSlot(slot, { nowSeconds: SLOT + at, histories: new Map() });
      price ??= decision.price;
      refusal ??= decision.refusal;
      slot = written(slot, decision);
    };
    for (const index of order) {
      const fresh = drafts[index]?.sample;
      if (fresh === undefined) continue;
      slot = {
        ...slot,
        sources: slot.sources.map((source) =>
          source.position === index ? { ...source, sample: { ...fresh, isFresh: true } } : source,
        ),
      };
      decide(3);
    }
    decide(WINDOW);
    return { end: slot, price, refusal };
  }

  const story = fc
    .record({ drafts: fc.array(report, { minLength: 1, maxLength: 5 }), rule, last: before })
    .chain(({ drafts, ...more }) =>
      fc.record({
        drafts: fc.constant(drafts),
        more: fc.constant(more),
        order: fc.shuffledSubarray([...drafts.keys()], { minLength: drafts.length }),
      }),
    );

  test('the order in which the sources are listed does not matter', () => {
    fc.assert(
      fc.property(story, fc.integer({ min: 0, max: 20 }), ({ drafts, more, order }, at) => {
        const slot = slotOf(drafts, more);
        const context = { nowSeconds: SLOT + at, histories: new Map() };
        const shuffled = { ...slot, sources: order.flatMap((index) => slot.sources[index] ?? []) };
        const [one, other] = [decideSlot(slot, context), decideSlot(shuffled, context)];
        const bySource = ({ revisions }: SlotDecision) => [...revisions].sort((a, b) => a.sourceId - b.sourceId);
        expect(bySource(other)).toEqual(bySource(one));
        expect({ ...other, revisions: [], price: other.price?.price }).toEqual({
          ...{ ...one, revisions: [], price: one.price?.price },
        });
      }),
    );
  });

  test('a median is the same in whatever order the samples arrived', () => {
    fc.assert(
      fc.property(story, ({ drafts, more, order }) => {
        const [first, second] = [[...drafts.keys()], order].map((arrival) =>
          played(drafts, arrival, { ...more, rule: 'median' }),
        );
        expect(second?.price).toEqual(first?.price);
        expect(second?.refusal).toEqual(first?.refusal);
      }),
    );
  });

  test('so is a price by priority, unless one near the last price was served before others could contradict it', () => {
    fc.assert(
      fc.property(story, ({ drafts, more, order }) => {
        const { price } = played(drafts, order, { ...more, rule: 'priority' });
        const atOnce = decideSlot(slotOf(drafts, { ...more, rule: 'priority' }), {
          ...{ nowSeconds: SLOT + WINDOW, histories: new Map() },
        });
        if (price?.price === atOnce.price?.price) return;
        const contradicted = atOnce.revisions.find(({ sourceId }) => sourceId === price?.sourceId);
        expect(contradicted).toMatchObject({ outcome: 'rejected', reason: 'jump' });
        expect(Number(price?.price)).toBeLessThanOrEqual(Number(more.last?.price) * 1.1);
        expect(Number(price?.price)).toBeGreaterThanOrEqual(Number(more.last?.price) * 0.9);
      }),
    );
  });

  test('what was served is never disbelieved, and no rejected sample is served', () => {
    fc.assert(
      fc.property(story, ({ drafts, more, order }) => {
        const { end, price } = played(drafts, order, more);
        const names = new Map(end.sources.map((source) => [source.source, source.sample]));
        const rested =
          price?.consensus?.used ??
          end.sources.filter(({ sourceId }) => sourceId === price?.sourceId).map(({ source }) => source);
        expect(rested.length > 0).toBe(price !== undefined);
        for (const name of rested) expect(names.get(name)?.outcome).toBe('accepted');
        if (price !== undefined && price.sourceId !== MEDIAN_SOURCE_ID)
          expect(names.get(rested[0] ?? '')?.price).toBe(price.price);
      }),
    );
  });

  test('decided again, it says nothing new', () => {
    fc.assert(
      fc.property(story, ({ drafts, more, order }) => {
        const { end, price } = played(drafts, order, more);
        const again = decideSlot(end, { nowSeconds: SLOT + WINDOW + 1, histories: new Map() });
        expect(again.revisions).toEqual([]);
        if (price !== undefined) expect(summary(again)).toBe('');
      }),
    );
  });
});
