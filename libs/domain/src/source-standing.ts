import type { Outcome } from './reason.js';

/** In so many of its last slots a source is looked at, ticker by ticker. */
export const RECENT_SLOTS = 10;

/** With fewer samples that speak against a source than this, nothing is said of it: a market may have moved for a moment. */
export const MIN_SLOTS_TO_SAY_SO = 3;

/**
 * What a sample is called whose price others contradict: rejected as `jump` or `frozen`, or accepted and left out of a median as
 * `outlier`.
 */
export const DISAGREEMENT_REASONS: readonly string[] = ['jump', 'frozen', 'outlier'];

/** Reasons with which an answer had nothing for the ticker. */
const EMPTY_ANSWERS: readonly string[] = ['absent', 'not_found'];

/** Samples of a source for one ticker that came to the same. */
export interface SampleCount {
  readonly tickerId: number;
  readonly outcome: Outcome;
  /** Null where accepted; `outlier` for one that was accepted and left out of a median. */
  readonly reason: string | null;
  readonly count: number;
}

/** What a sample came to. */
export interface JudgedOutcome {
  readonly outcome: Outcome;
  readonly reason: string | null | undefined;
}

/** What the last samples of a source say of it. */
export interface SourceStanding {
  /** The tickers in which it disagrees in most of the slots that it answered, and how. */
  readonly disagreements: readonly { readonly tickerId: number; readonly reason: string }[];
  /** It answers, and nothing of it can be used, for other reasons than that others disagree. */
  readonly isUnusable: boolean;
}

/** Judges a source by its last samples. Pure. */
export function standingOfSource(counts: readonly SampleCount[]): SourceStanding {
  const byTicker = Map.groupBy(counts, ({ tickerId }) => tickerId);
  const disagreements = [...byTicker].flatMap(([tickerId, ofTicker]) => {
    const reason = disagreementOf(ofTicker);
    return reason === undefined ? [] : [{ tickerId, reason }];
  });
  const unusable = total(counts.filter(isUnusableSample));
  const hasUsable = counts.some(({ outcome }) => outcome === 'accepted');
  return {
    disagreements,
    isUnusable: !hasUsable && unusable >= MIN_SLOTS_TO_SAY_SO && unusable * 2 > total(counts),
  };
}

/** Whether the source answered, and the sample cannot be used for another reason than that others disagree. */
export function isUnusableSample({ outcome, reason }: JudgedOutcome): boolean {
  if (outcome === 'rejected') return !isDisagreement({ reason });
  return outcome === 'failed' && EMPTY_ANSWERS.includes(reason ?? '');
}

function disagreementOf(ofTicker: readonly SampleCount[]): string | undefined {
  const answered = ofTicker.filter(({ outcome }) => outcome === 'accepted' || outcome === 'rejected');
  const disagreeing = answered.filter(isDisagreement);
  const slots = total(disagreeing);
  if (slots < MIN_SLOTS_TO_SAY_SO || slots * 2 <= total(answered)) return undefined;
  return disagreeing.reduce((most, one) => (one.count > most.count ? one : most)).reason ?? undefined;
}

function isDisagreement({ reason }: Pick<JudgedOutcome, 'reason'>): boolean {
  return reason != null && DISAGREEMENT_REASONS.includes(reason);
}

function total(counts: readonly SampleCount[]): number {
  return counts.reduce((sum, { count }) => sum + count, 0);
}
