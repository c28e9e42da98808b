import type { SourceErrorKind } from '../reason.js';
import { MAX_WINDOW_SECONDS } from '../slot.js';

/** Why the circuit of a source is open: what it failed with, or that it answers nobody without a key and has none. */
export type CircuitReason = SourceErrorKind | 'needs_key';

/** How a source has behaved since its last success, for the whole fleet. Times are UNIX milliseconds. */
export interface SourceHealth {
  /** It asked to be left alone until then. */
  readonly pausedUntilMs: number | undefined;
  /** Pauses since the last success. */
  readonly pauses: number;
  /** It is not asked until then, and after that by one fetch at a time; undefined while its circuit is closed. */
  readonly circuitOpenUntilMs: number | undefined;
  readonly circuitReason: CircuitReason | undefined;
  /** How often the circuit has opened since the last success, those during which nobody answered as one. */
  readonly circuitOpenings: number;
  /** Failures since the last success. */
  readonly failures: number;
  /** When the first of them was noted. */
  readonly failingSinceMs: number | undefined;
  /** The batches they were met in, as far as they count: at most {@link FAILURES_TO_OPEN}. */
  readonly failingBatches: readonly string[];
  /** Of the last failure, forgiven or not. */
  readonly lastFailureKind: SourceErrorKind | undefined;
}

/** A call that failed. */
export interface CallFailure {
  readonly kind: SourceErrorKind;
  readonly batch: string;
  readonly atMs: number;
  /** What the source asked for in `Retry-After`, in seconds. */
  readonly retryAfterSeconds?: number | undefined;
  /** Length of the window of the call's slot: the time for which a circuit is open is measured in windows. */
  readonly windowSeconds: number;
  /** Whether it was the one fetch let through while the circuit is half-open. */
  readonly isProbe: boolean;
  /** How many batches the source is asked for. */
  readonly batches: number;
  /** Whether any other source has answered since the last failure of this one; when none has, it may well be our own network. */
  readonly othersAnswer: boolean;
}

/** Failures in a row, over the whole fleet, that open the circuit of a source. */
export const FAILURES_TO_OPEN = 5;

/**
 * They must not be the calls of one moment, in milliseconds: a hiccup of a second that thirty calls met at once is what the
 * retries are for.
 */
export const FAILING_FOR_MS = 5_000;

/**
 * How long a circuit is open at first and at most, in windows: 30 s and 10 minutes where the window has its full 15 s. It grows only while others
 * answer: when nobody does, all have to be back as soon as the network is.
 */
const OPEN_WINDOWS = { first: 2, longest: 40 };

/** The same for a source that refuses us, which it will hardly think over: 10 minutes and 6 hours. */
const REFUSAL_WINDOWS = { first: 40, longest: 1_440 };

/** A pause when the source does not say how long, in seconds; twice as long each time it repeats it right afterwards. */
const PAUSE_SECONDS = { first: 60, longest: 900 };

/** The longest pause that a source can ask for, in seconds. */
const LONGEST_ASKED_PAUSE_SECONDS = 3_600;

const REFUSALS: ReadonlySet<SourceErrorKind | CircuitReason> = new Set(['unauthorized', 'forbidden_region']);

/** What may be the fault of one ticker, or of one endpoint, and not of the source. */
const OF_ONE_BATCH: ReadonlySet<SourceErrorKind | CircuitReason> = new Set(['not_found', 'drift']);

/** A source of which nothing bad is known. */
export const HEALTHY: SourceHealth = {
  pausedUntilMs: undefined,
  pauses: 0,
  circuitOpenUntilMs: undefined,
  circuitReason: undefined,
  circuitOpenings: 0,
  failures: 0,
  failingSinceMs: undefined,
  failingBatches: [],
  lastFailureKind: undefined,
};

/**
 * What a failed call makes of a source's health.
 * - `rate_limited` pauses it, and is no failure: it answered, and said what it wants.
 * - `unavailable`, `timeout`, `malformed`: {@link FAILURES_TO_OPEN} in a row, over {@link FAILING_FOR_MS}, open its circuit.
 * - `unauthorized`, `forbidden_region`: the second in a row opens its circuit for long.
 * - `not_found`, `drift` count once for each batch, so that a ticker it does not know opens no circuit for the others: only when every batch
 *   fails, or {@link FAILURES_TO_OPEN} of them without a success in between.
 * @param random 0 to 1: the circuits of many sources must not close at the same moment.
 */
export function afterFailure(health: SourceHealth, failure: CallFailure, random: number): SourceHealth {
  const said = { ...health, lastFailureKind: failure.kind };
  if (failure.kind === 'rate_limited') return paused(said, failure);
  // A call that was under way when the circuit opened says nothing new.
  if (health.circuitOpenUntilMs !== undefined && !failure.isProbe) return said;
  if (failure.isProbe && isReachedAgain(health, failure))
    return afterFailure(HEALTHY, { ...failure, isProbe: false }, random);
  const counted = count(said, failure);
  return failure.isProbe || isEnough(health, counted, failure) ? opened(counted, failure, random) : counted;
}

/** What a call that was answered makes of it: all is forgiven, but for a pause that still runs. */
export function afterSuccess(health: SourceHealth, atMs: number): SourceHealth {
  const forgiven = { ...HEALTHY, lastFailureKind: health.lastFailureKind };
  const isPaused = health.pausedUntilMs !== undefined && health.pausedUntilMs > atMs;
  return isPaused ? { ...forgiven, pausedUntilMs: health.pausedUntilMs, pauses: health.pauses } : forgiven;
}

/** Why a source may not be asked now, and until when at least; undefined when it may, by one fetch alone when the circuit is half-open. */
export function restOf(
  health: Pick<SourceHealth, 'pausedUntilMs' | 'circuitOpenUntilMs'>,
  nowMs: number,
): { readonly reason: 'paused' | 'circuit_open'; readonly untilMs: number } | undefined {
  const { pausedUntilMs = 0, circuitOpenUntilMs = 0 } = health;
  const untilMs = Math.max(pausedUntilMs, circuitOpenUntilMs);
  if (untilMs <= nowMs) return undefined;
  return { reason: circuitOpenUntilMs > nowMs ? 'circuit_open' : 'paused', untilMs };
}

function paused(health: SourceHealth, { atMs, retryAfterSeconds }: CallFailure): SourceHealth {
  const asked =
    retryAfterSeconds === undefined
      ? undefined
      : Math.min(Math.max(retryAfterSeconds, 1), LONGEST_ASKED_PAUSE_SECONDS) * 1000;
  const { pausedUntilMs } = health;
  if (pausedUntilMs !== undefined && pausedUntilMs > atMs) {
    // The answer of a call that was under way: the same refusal once more.
    return { ...health, pausedUntilMs: Math.max(pausedUntilMs, atMs + (asked ?? 0)) };
  }
  const lengthMs =
    asked ?? Math.min(PAUSE_SECONDS.first * 2 ** Math.min(health.pauses, 10), PAUSE_SECONDS.longest) * 1000;
  return { ...health, pausedUntilMs: atMs + lengthMs, pauses: health.pauses + 1 };
}

/** A source that was not to be reached, or refused us, and now answers that one ticker is unknown: it is there again. */
function isReachedAgain(health: SourceHealth, { kind }: CallFailure): boolean {
  return OF_ONE_BATCH.has(kind) && health.circuitReason !== undefined && !OF_ONE_BATCH.has(health.circuitReason);
}

function count(health: SourceHealth, { kind, batch, atMs }: CallFailure): SourceHealth {
  const isKnown = health.failingBatches.includes(batch);
  if (OF_ONE_BATCH.has(kind) && isKnown) return health;
  const failingBatches =
    isKnown || health.failingBatches.length >= FAILURES_TO_OPEN
      ? health.failingBatches
      : [...health.failingBatches, batch];
  return {
    ...health,
    failures: health.failures + 1,
    failingSinceMs: health.failingSinceMs ?? atMs,
    failingBatches,
  };
}

function isEnough(
  before: SourceHealth,
  { failures, failingSinceMs, failingBatches }: SourceHealth,
  failure: CallFailure,
): boolean {
  if (REFUSALS.has(failure.kind)) {
    return before.failures > 0 && before.lastFailureKind !== undefined && REFUSALS.has(before.lastFailureKind);
  }
  const isLasting = failure.atMs - (failingSinceMs ?? failure.atMs) >= FAILING_FOR_MS;
  if (OF_ONE_BATCH.has(failure.kind)) {
    return isLasting && failingBatches.length >= Math.min(FAILURES_TO_OPEN, Math.max(failure.batches, 1));
  }
  return isLasting && failures >= FAILURES_TO_OPEN;
}

function opened(health: SourceHealth, failure: CallFailure, random: number): SourceHealth {
  const { kind, atMs, windowSeconds, othersAnswer } = failure;
  const isRefusal = REFUSALS.has(kind);
  const { first, longest } = isRefusal ? REFUSAL_WINDOWS : OPEN_WINDOWS;
  // A source that refuses us, or answers wrongly, was reached: the network is not to blame.
  const grows = isRefusal || OF_ONE_BATCH.has(kind) || othersAnswer;
  const windows = Math.min(first * 2 ** (grows ? Math.min(health.circuitOpenings, 20) : 0), longest);
  const windowMs = Math.min(windowSeconds, MAX_WINDOW_SECONDS) * 1000;
  return {
    ...health,
    circuitOpenUntilMs: atMs + Math.ceil(windows * windowMs * (0.75 + 0.25 * random)),
    circuitReason: kind,
    // Those that did not grow count as one: the first failure after the network is back is no reason for a long time without calls.
    circuitOpenings: grows ? health.circuitOpenings + 1 : Math.max(health.circuitOpenings, 1),
  };
}
