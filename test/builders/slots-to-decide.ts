import {
  decideSlot,
  MEDIAN_SOURCE_ID,
  type DecisionContext,
  type LastPrice,
  type SlotDecision,
  type SlotSample,
  type SlotSource,
  type SlotToDecide,
  type SourceHistory,
} from '@app/domain';

export const SLOT = 1_600_000_020;
/** The window of the slots of the tests, in seconds. */
export const WINDOW = 15;
export const OBSERVED = new Date(SLOT * 1000 + 412);

/** A source, but for its place: what it reported, and whether it is a standby. */
export type Draft = Partial<Omit<SlotSource, 'sourceId' | 'position'>>;

const sample = (given: Partial<SlotSample>): SlotSample => ({
  ...{ outcome: 'accepted', reason: undefined, price: undefined, raw: undefined, isInverted: false, rate: undefined },
  ...{
    flags: 0,
    observedAt: OBSERVED,
    sourceTime: undefined,
    isFresh: false,
    rateFound: undefined,
    rateDeadline: undefined,
  },
  ...given,
});
export const accepted = (price: string, more: Partial<SlotSample> = {}): Draft => ({
  sample: sample({ price, raw: price, ...more }),
});
export const jump = (raw: string, more: Partial<SlotSample> = {}): Draft => ({
  sample: sample({ outcome: 'rejected', reason: 'jump', raw, ...more }),
});
export const waiting = (raw: string, more: Partial<SlotSample> = {}): Draft => ({
  sample: sample({ outcome: 'rejected', reason: 'no_conversion_rate', raw, ...more }),
});
export const STALE: Draft = { sample: sample({ outcome: 'rejected', reason: 'stale', raw: '100' }) };
export const FAILED: Draft = { sample: sample({ outcome: 'failed', reason: 'timeout' }) };
export const MISSED: Draft = { sample: sample({ outcome: 'missed', reason: 'lost' }) };
/** It is called, and has not reported. */
export const OPEN: Draft = {};
/** Not called so far. */
export const STANDBY: Draft = { isStandby: true, isAsked: false };
/** A standby source that is called, with what it reported. */
export const called = (draft: Draft): Draft => ({ ...draft, isStandby: true, isAsked: true });

export const last = (price: string, more: Partial<LastPrice> = {}): LastPrice => ({
  ...{ slot: SLOT - 60, price, flags: 0, reported: [price] },
  ...more,
});

export function slotOf(drafts: readonly Draft[], more: Partial<SlotToDecide> = {}): SlotToDecide {
  const sources = drafts.map((draft, index): SlotSource => {
    const place = { sourceId: index + 1, source: `source-${index + 1}`, position: index, intervalSeconds: 60 };
    return { ...place, isStandby: false, isAsked: true, sample: undefined, ...draft };
  });
  return {
    ...{ slot: SLOT, deadline: SLOT + WINDOW, rule: 'priority', ruleOptions: {}, isDecided: false, isPegged: false },
    last: undefined,
    sources,
    ...more,
  };
}

/** What a decision says, in short: `price 100 of 1, standby 2, revised 1 accepted 100`. */
export function summary({ price, refusal, standby, revisions, needsHistories, isWaiting }: SlotDecision): string {
  const parts = [
    price === undefined
      ? ''
      : `price ${price.price} of ${price.sourceId === MEDIAN_SOURCE_ID ? 'median' : price.sourceId}`,
    refusal === undefined ? '' : `refused ${refusal}`,
    standby === undefined ? '' : `call ${standby}`,
    ...revisions.map(
      ({ sourceId, outcome, reason, price: value }) => `${sourceId} ${outcome} ${reason ?? value ?? ''}`,
    ),
    needsHistories ? 'needs histories' : '',
    isWaiting ? 'waiting' : '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}

export interface Case {
  readonly sources: readonly Draft[];
  readonly slot?: Partial<SlotToDecide>;
  /** Seconds after the slot began; default 3. */
  readonly at?: number;
  readonly histories?: DecisionContext['histories'];
  readonly says: string;
}

export function decided({ sources, slot, at = 3, histories }: Omit<Case, 'says'>): SlotDecision {
  return decideSlot(slotOf(sources, slot), { nowSeconds: SLOT + at, histories });
}

export function check(cases: Record<string, Case>): void {
  test.each(Object.entries(cases))('%s', (_, one) => {
    expect(summary(decided(one))).toBe(one.says);
  });
}

/** Sources that reported these prices as jumps in their last slots, newest first, one a minute. */
export const jumpedBefore = (histories: Record<number, readonly string[]>): ReadonlyMap<number, SourceHistory> =>
  new Map(
    Object.entries(histories).map(([sourceId, prices]) => [
      Number(sourceId),
      {
        earlier: prices.map((price, index) => {
          const slot = SLOT - 60 * (index + 1);
          return { slot, price, observation: `time ${slot}`, isJump: true, othersAccepted: [] };
        }),
        lastAcceptedSlot: undefined,
      },
    ]),
  );
