/** What a source came to in a slot. */
export const OUTCOMES = ['accepted', 'rejected', 'failed', 'missed'] as const;
/** One of {@link OUTCOMES}. */
export type Outcome = (typeof OUTCOMES)[number];

/**
 * Why a quote that arrived was not believed.
 * - `stale`: the source's own time, or that of a cached answer, is older than allowed.
 * - `jump`: too far from the last price, and nothing confirms it.
 * - `no_conversion_rate`: quoted in a stablecoin, and its price in the same slot is not there.
 * - `drift`: this ticker's part of an answer no longer has the documented shape.
 * - `imprecise`: inverted or converted, and what it was made of has too few digits for a price.
 * - `rate_too_old`: quoted in another currency, and the slot of the rate that would convert it is too far back.
 * - `frozen`: the source has reported the same digits for long, while another one moved.
 */
export const REJECTION_REASONS = [
  'not_a_decimal',
  'not_positive',
  'absurd',
  'in_the_future',
  'stale',
  'jump',
  'no_conversion_rate',
  'drift',
  'imprecise',
  'rate_too_old',
  'frozen',
] as const;
/** One of {@link REJECTION_REASONS}. */
export type RejectionReason = (typeof REJECTION_REASONS)[number];

/** Why a call to a source gave no answer that can be used. */
export const SOURCE_ERROR_KINDS = [
  'rate_limited',
  'unavailable',
  'timeout',
  'unauthorized',
  'forbidden_region',
  'not_found',
  'malformed',
  'drift',
] as const;
/** One of {@link SOURCE_ERROR_KINDS}. */
export type SourceErrorKind = (typeof SOURCE_ERROR_KINDS)[number];

/** Why a source that was asked gave no quote: its error, or `absent` when the answer left the ticker out. */
export const FAILURE_REASONS = [...SOURCE_ERROR_KINDS, 'absent'] as const;
/** One of {@link FAILURE_REASONS}. */
export type FailureReason = (typeof FAILURE_REASONS)[number];

/**
 * Why a planned slot has no observation.
 * - `late`: the job was taken, or the answer received, after the window, or the call began so late in it that it had no time to end.
 * - `lost`: a worker took it and never reported.
 * - `not_taken`: it stood in the queue and no worker took it.
 * - `not_enqueued`: it was planned and the queue did not take it.
 * - `database_unavailable`: a worker had it in hand and could not reach Postgres, without which no call is made.
 * - `overload`: the call of an earlier slot was still under way.
 * - `paused`: the source had asked to be left alone for longer than the window.
 * - `circuit_open`: the source kept failing, or refused us, and is not asked for a while.
 * - `no_credits`: the month's credits of the source are spent, or are being saved to last the month.
 */
export const MISS_REASONS = [
  'late',
  'lost',
  'not_taken',
  'not_enqueued',
  'database_unavailable',
  'overload',
  'paused',
  'circuit_open',
  'no_credits',
] as const;
/** One of {@link MISS_REASONS}. */
export type MissReason = (typeof MISS_REASONS)[number];

/** Why nobody planned a range of slots: the planner was not there, or could not reach Postgres. */
export const UNPLANNED_REASONS = ['not_planned', 'database_unavailable'] as const;

/**
 * Why a rule refused to name a price though its sources were asked.
 * - `no_quorum`: rule `median`, and fewer sources were accepted than it asks for.
 * - `disagreement`: rule `median`, and its sources lie too far apart.
 */
export const REFUSAL_REASONS = ['no_quorum', 'disagreement'] as const;
/** One of {@link REFUSAL_REASONS}. */
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** Why a range of slots has no price without a source to blame. */
export const GAP_REASONS = [...UNPLANNED_REASONS, ...REFUSAL_REASONS] as const;
/** One of {@link GAP_REASONS}. */
export type GapReason = (typeof GAP_REASONS)[number];

/** Any reason that a sample can carry. */
export type SampleReason = RejectionReason | FailureReason | MissReason;
