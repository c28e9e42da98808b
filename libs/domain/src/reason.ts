/** How a source's turn in a slot ended. */
export const OUTCOMES = ['accepted', 'rejected', 'failed', 'missed'] as const;
/** One of {@link OUTCOMES}. */
export type Outcome = (typeof OUTCOMES)[number];

/** Why a quote that arrived was not believed. */
export const REJECTION_REASONS = ['not_a_decimal', 'not_positive', 'absurd', 'in_the_future'] as const;
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
 */
export const MISS_REASONS = ['late', 'lost', 'not_taken', 'not_enqueued', 'database_unavailable'] as const;
/** One of {@link MISS_REASONS}. */
export type MissReason = (typeof MISS_REASONS)[number];

/** Why a stretch of slots was never planned. */
export const GAP_REASONS = ['not_planned', 'database_unavailable'] as const;
/** One of {@link GAP_REASONS}. */
export type GapReason = (typeof GAP_REASONS)[number];

/** Any reason that a sample can carry. */
export type SampleReason = RejectionReason | FailureReason | MissReason;
