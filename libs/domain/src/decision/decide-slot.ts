import { DECISION_FLAGS, PRICE_FLAGS } from '../flags.js';
import type { Outcome, RefusalReason, SampleReason } from '../reason.js';
import { candidatePriceOf, partsOfCandidate, referenceOf, type CandidatePrice } from './candidate-price.js';
import { consensusOf, type Consensus } from './consensus.js';
import { judgeJumps, mayPersist } from './jump.js';
import type { JumpVerdict, ReportedPrice } from './jump-verdict.js';
import { decideByMedian } from './median.js';
import { observationOf } from './observation.js';
import type { SourceHistory } from './persistence.js';
import { decideByPriority, standbyToAsk } from './priority.js';
import { distanceToTruePrice, type Rate } from './quoted-price.js';
import { checkLimitsOf, medianLimitsOf } from './rule-options.js';
import type { SlotSample, SlotSource, SlotToDecide } from './slot-to-decide.js';

/** How a stored sample has to stand instead. */
export interface SampleRevision {
  readonly sourceId: number;
  readonly source: string;
  readonly outcome: Outcome;
  readonly reason: SampleReason | undefined;
  readonly detail: string | undefined;
  readonly price: string | undefined;
  readonly rate: Rate | undefined;
  /** Bits of `PRICE_FLAGS`. */
  readonly flags: number;
}

/** The price of a slot. */
export interface ChosenPrice {
  /** {@link MEDIAN_SOURCE_ID} for a median. */
  readonly sourceId: number;
  readonly price: string;
  /** How far the true price may lie from it; undefined: half a unit of its last digit. */
  readonly uncertainty: string | undefined;
  /** Bits of `PRICE_FLAGS`. */
  readonly flags: number;
  readonly observedAt: Date | undefined;
  /** How a median came about. */
  readonly consensus: Consensus | undefined;
}

/** What becomes of a slot of one ticker. */
export interface SlotDecision {
  readonly revisions: readonly SampleRevision[];
  readonly price?: ChosenPrice | undefined;
  readonly refusal?: RefusalReason | undefined;
  /** Id of the standby source that has to be called now. */
  readonly standby: number | undefined;
  /**
   * Nobody may report a price any more, and a source may be believed for what it has reported before: decide again, with the histories
   * of the sources.
   */
  readonly needsHistories: boolean;
  /** A sample waits for the price that converts it. */
  readonly isWaiting: boolean;
}

/** What a decision depends on beside the slot. */
export interface DecisionContext {
  /** UNIX second. */
  readonly nowSeconds: number;
  /** By source; undefined: not looked at yet. */
  readonly histories?: ReadonlyMap<number, SourceHistory> | undefined;
}

/** The median has no sample of its own, so its prices have this source. */
export const MEDIAN_SOURCE_ID = 0;

/** With less of the window left than this, in seconds, a standby source is not called: the planner hands it on within a second. */
export const MIN_SECONDS_FOR_STANDBY = 2;

/**
 * Decides a slot of one ticker, as far as it can be decided now: how its samples stand, whether a standby source is called, and the
 * price or the refusal. Pure: called again with the same, it says the same, and the order of `sources` does not matter.
 */
export function decideSlot(slot: SlotToDecide, context: DecisionContext): SlotDecision {
  const { deadline, isDecided } = slot;
  const { nowSeconds, histories } = context;
  const limits = checkLimitsOf(slot.ruleOptions, slot.isPegged);
  const windowEnded = deadline <= nowSeconds;
  const candidates = slot.sources.map((source) =>
    candidatePriceOf(source, { slot: slot.slot, deadline, limits, nowSeconds }),
  );
  const reference = referenceOf(slot, limits);
  const inOrder = [...candidates].sort((left, right) => left.source.position - right.source.position);
  const reported = inOrder.flatMap(reportedPrice);
  const judge = (open: number, known?: DecisionContext['histories']): Map<number, JumpVerdict> => {
    const verdicts = judgeJumps(reported, { slot: slot.slot, reference, open, limits, histories: known });
    return new Map(verdicts.map((verdict) => [verdict.sourceId, verdict]));
  };

  const openNow = candidates.filter(({ source, isWaiting }) => isWaiting || isOpen(source, windowEnded)).length;
  // A standby source is asked before anybody is believed for having reported the same for long.
  const standby =
    isDecided || deadline - nowSeconds < MIN_SECONDS_FOR_STANDBY
      ? undefined
      : findStandby(slot, candidates, judge(openNow));
  const open = openNow + (standby === undefined ? 0 : 1);
  const verdicts = judge(open, histories);

  return {
    revisions: candidates.flatMap((candidate) => revise(candidate, verdicts, isDecided)),
    ...(isDecided ? {} : decidePrice(slot, candidates, { verdicts, open, windowEnded })),
    standby,
    needsHistories:
      !isDecided &&
      open === 0 &&
      histories === undefined &&
      mayPersist([...verdicts.values()], { slot: slot.slot, reference }),
    isWaiting: candidates.some(({ isWaiting }) => isWaiting),
  };
}

function reportedPrice({ source, price }: CandidatePrice): ReportedPrice[] {
  const { sample, sourceId } = source;
  if (sample === undefined || price === undefined) return [];
  const isMapped = (sample.flags & PRICE_FLAGS.mapped) !== 0;
  return [{ sourceId, price, isMapped, observation: observationOf(sample) }];
}

/** Whether a source may still report. */
function isOpen({ sample, isAsked }: SlotSource, windowEnded: boolean): boolean {
  return sample === undefined && isAsked && !windowEnded;
}

/** The outcome of a source as far as it is known now; undefined while it may still change for the better. */
function outcomeOf(
  { source, isWaiting, rejection }: CandidatePrice,
  verdict: JumpVerdict | undefined,
): Outcome | undefined {
  if (isWaiting) return undefined;
  if (rejection !== undefined) return 'rejected';
  if (verdict !== undefined) return verdict.isJump ? 'rejected' : 'accepted';
  return source.sample?.outcome;
}

function findStandby(
  { rule, ruleOptions }: SlotToDecide,
  candidates: readonly CandidatePrice[],
  verdicts: ReadonlyMap<number, JumpVerdict>,
): number | undefined {
  const needed = rule === 'median' ? medianLimitsOf(ruleOptions).minimumSources : 1;
  const sources = candidates.map((candidate) => {
    const { sourceId, position, isStandby, isAsked } = candidate.source;
    const verdict = verdicts.get(sourceId);
    // A standby source may confirm what nothing else has confirmed.
    const outcome = verdict?.isUnconfirmed === true ? 'rejected' : outcomeOf(candidate, verdict);
    return { sourceId, position, isStandby, isAsked, outcome };
  });
  return standbyToAsk(sources, needed);
}

interface Judged {
  readonly verdicts: ReadonlyMap<number, JumpVerdict>;
  /** How many sources may still report. */
  readonly open: number;
  readonly windowEnded: boolean;
}

function decidePrice(
  slot: SlotToDecide,
  candidates: readonly CandidatePrice[],
  judged: Judged,
): Pick<SlotDecision, 'price' | 'refusal'> {
  return slot.rule === 'median'
    ? decideMedian(slot, candidates, judged)
    : { price: decidePriority(candidates, judged) };
}

function decidePriority(
  candidates: readonly CandidatePrice[],
  { verdicts, windowEnded }: Judged,
): ChosenPrice | undefined {
  const sources = candidates.map((candidate) => {
    const { sourceId, position } = candidate.source;
    const verdict = verdicts.get(sourceId);
    const isUndecided = candidate.isWaiting || isOpen(candidate.source, windowEnded) || verdict?.isFinal === false;
    return { sourceId, position, outcome: isUndecided ? undefined : (outcomeOf(candidate, verdict) ?? 'missed') };
  });
  // Who may not report any more counts as missed above: what is left undecided is worth waiting for.
  const sourceId = decideByPriority(sources, false);
  const chosen = candidates.find(({ source }) => source.sourceId === sourceId);
  if (sourceId === undefined || chosen?.price === undefined) return undefined;
  const { price, source } = chosen;
  return {
    ...{ sourceId, price, uncertainty: uncertaintyOfCandidate(chosen, price) },
    flags: flagsOf(chosen, verdicts.get(sourceId)),
    observedAt: source.sample?.observedAt,
    consensus: undefined,
  };
}

function uncertaintyOfCandidate(candidate: CandidatePrice, price: string): string | undefined {
  const parts = partsOfCandidate(candidate);
  return parts && distanceToTruePrice(price, parts);
}

/** A refusal waits until every source has its outcome: after an outage of Postgres they come long after the window, one by one. */
function decideMedian(
  { ruleOptions }: SlotToDecide,
  candidates: readonly CandidatePrice[],
  { verdicts, open }: Judged,
): Pick<SlotDecision, 'price' | 'refusal'> {
  if (open > 0) return {};
  const accepted = candidates.flatMap((candidate) => {
    const { source, price } = candidate;
    const verdict = verdicts.get(source.sourceId);
    if (price === undefined || verdict?.isJump !== false) return [];
    const flags = flagsOf(candidate, verdict);
    const uncertainty = uncertaintyOfCandidate(candidate, price);
    return [{ sourceId: source.sourceId, price, uncertainty, flags, observedAt: source.sample?.observedAt }];
  });
  const median = decideByMedian(accepted, medianLimitsOf(ruleOptions));
  if (median.outcome === 'refused') {
    const isComplete = candidates.every(({ source }) => source.sample !== undefined || !source.isAsked);
    return isComplete ? { refusal: median.reason } : {};
  }
  const { price, uncertainty, flags } = median;
  const used = accepted.filter(({ sourceId }) => median.used.includes(sourceId));
  const sources = candidates.map(({ source: { sourceId, source, isAsked, sample }, ...candidate }) => {
    const isJump = verdicts.get(sourceId)?.isJump === true;
    const reason = candidate.rejection?.reason ?? (isJump ? 'jump' : (sample?.reason ?? null));
    return { sourceId, source, isAsked, price: candidate.price ?? null, reason };
  });
  return {
    price: {
      ...{ sourceId: MEDIAN_SOURCE_ID, price, uncertainty, flags },
      observedAt: newestOf(used.map(({ observedAt }) => observedAt)),
      consensus: consensusOf(median, sources),
    },
  };
}

function newestOf(times: readonly (Date | undefined)[]): Date | undefined {
  return times.reduce(
    (newest, time) => (newest === undefined || (time !== undefined && time > newest) ? time : newest),
    undefined,
  );
}

/** The flags of a sample that is accepted, with those that the decision adds. */
function flagsOf({ source: { sample }, isLonely }: CandidatePrice, verdict: JumpVerdict | undefined): number {
  const stored = sample?.flags ?? 0;
  const wasLonely = (stored & PRICE_FLAGS.frozen) !== 0;
  return (
    (stored & ~DECISION_FLAGS) |
    (verdict?.isUnconfirmed === true ? PRICE_FLAGS.unconfirmed : 0) |
    ((isLonely ?? wasLonely) ? PRICE_FLAGS.frozen : 0)
  );
}

/**
 * How a sample has to be changed: an acceptance may come at any time; a rejection, or another flag, only while nothing rests on what
 * was accepted.
 */
function revise(
  candidate: CandidatePrice,
  verdicts: ReadonlyMap<number, JumpVerdict>,
  isDecided: boolean,
): SampleRevision[] {
  const { source: slotSource, price, rate, rejection } = candidate;
  const { sourceId, source, sample } = slotSource;
  if (sample === undefined) return [];
  const isAccepted = sample.outcome === 'accepted';
  if (isAccepted && isDecided && !sample.isFresh) return [];
  const unflagged = sample.flags & ~DECISION_FLAGS;
  if (rejection !== undefined) return [{ sourceId, source, price: undefined, rate, flags: unflagged, ...rejection }];
  const verdict = verdicts.get(sourceId);
  if (price === undefined || verdict === undefined) return [];
  const wasJump = sample.reason === 'jump';
  if (verdict.isJump) {
    if (wasJump) return [];
    const { detail } = verdict;
    return [
      { sourceId, source, outcome: 'rejected', reason: 'jump', detail, price: undefined, rate, flags: unflagged },
    ];
  }
  const flags = flagsOf(candidate, verdict);
  if (isAccepted && flags === sample.flags) return [];
  return [
    {
      sourceId,
      source,
      outcome: 'accepted',
      reason: undefined,
      detail: acceptedFor(sample, verdict),
      price,
      rate,
      flags,
    },
  ];
}

/** Why a sample is accepted that was not at first, or is flagged. */
function acceptedFor({ reason }: SlotSample, { isUnconfirmed }: JumpVerdict): string | undefined {
  if (isUnconfirmed) return 'far from the last confirmed price for so long that it is served without confirmation';
  return reason === 'jump' ? 'was a jump at first, and has been confirmed' : undefined;
}
