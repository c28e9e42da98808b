import type { SourceErrorKind } from '@app/domain';
import type { Drift } from './drifted-field.js';
import type { CallRecord } from './call-record.js';

/** Kinds after which the same call may succeed a moment later. */
const RETRYABLE: ReadonlySet<SourceErrorKind> = new Set(['rate_limited', 'unavailable', 'timeout', 'malformed']);

/** What else is known of a failed call. */
export interface SourceErrorOptions extends ErrorOptions {
  /** What the source asked for in `Retry-After`, in seconds. */
  readonly retryAfterSeconds?: number | undefined;
  readonly httpStatus?: number | undefined;
  /** When the call began; undefined when it was never made. */
  readonly requestedAt?: Date | undefined;
  /** When its answer had arrived; undefined when none came, or not the whole of it. */
  readonly receivedAt?: Date | undefined;
  /** The field that no longer fits, for kind `drift`. */
  readonly drift?: Drift | undefined;
  /** What was asked and answered, as far as it came. */
  readonly call?: CallRecord | undefined;
}

/** Thrown when a call to a source failed; the message names the source and what was wrong, and holds no secret. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly retryAfterSeconds: number | undefined;
  readonly httpStatus: number | undefined;
  readonly requestedAt: Date | undefined;
  readonly receivedAt: Date | undefined;
  readonly drift: Drift | undefined;
  readonly call: CallRecord | undefined;

  constructor(
    readonly kind: SourceErrorKind,
    readonly source: string,
    /** The message without the source's name in front. */
    readonly detail: string,
    options: SourceErrorOptions = {},
  ) {
    super(`${source}: ${detail}`, options);
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.httpStatus = options.httpStatus;
    this.requestedAt = options.requestedAt;
    this.receivedAt = options.receivedAt;
    this.drift = options.drift;
    this.call = options.call;
  }

  /** Whether the same call may succeed a moment later. */
  get retryable(): boolean {
    return RETRYABLE.has(this.kind);
  }
}
