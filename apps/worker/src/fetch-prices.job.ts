import { setTimeout as sleep } from 'node:timers/promises';
import { checkQuote, type FailureReason, type MissReason } from '@app/domain';
import type { Logger } from '@app/observability';
import type { DelayedRetry, FetchJob } from '@app/queue';
import { isQuote, SourceError, type Source, type SourceAnswer, type SourceClient } from '@app/sources';
import type {
  AttemptFailure,
  Claim,
  FetchMember,
  FetchRepository,
  FetchResult,
  Sample,
  StoreOutcome,
  SampleRepository,
} from '@app/storage';
import { withPatience } from './database-patience.js';

/** A call may take this long at most, in milliseconds; a killed worker's claim is free again soon after. */
export const CALL_TIMEOUT_MS = 4_000;

/** Added to the call's own limit before somebody else may take the fetch over, in milliseconds. */
const LEASE_MARGIN_MS = 1_000;

/** Less time than this to the end of the window is no time for another attempt, in milliseconds. */
const MIN_TIME_FOR_RETRY_MS = 1_500;

/** What the job works with. */
export interface FetchPricesDependencies {
  readonly fetches: FetchRepository;
  readonly samples: SampleRepository;
  readonly client: SourceClient;
  readonly logger: Logger;
  /** The clock, milliseconds since 1970. */
  readonly now: () => number;
}

/** How a job is run. */
export interface RunOptions {
  /** The worker that had it before lost its queue lock: it is gone. */
  readonly takeOver: boolean;
  /** Aborted when the process has to end. */
  readonly signal: AbortSignal;
}

/** Thrown when the fetch shall be tried again in the same window; the queue does so after its backoff. */
export class RetryFetchError extends Error implements DelayedRetry {
  override readonly name = 'RetryFetchError';

  /** @param afterMs how long the source wants to be left alone. */
  constructor(
    message: string,
    readonly afterMs: number,
    options: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Runs one fetch: claim, call, parse, check, store. A price is never filed under a slot whose window it missed. */
export class FetchPricesJob {
  constructor(private readonly dependencies: FetchPricesDependencies) {}

  /**
   * @returns when the fetch has its outcome in Postgres, or somebody else has it in hand.
   * @throws RetryFetchError when another attempt is due; anything else only when the process ends or Postgres stays away.
   */
  async run(source: Source, key: FetchJob, { takeOver, signal }: RunOptions): Promise<void> {
    const { fetches, now, logger } = this.dependencies;
    // A planner whose clock runs ahead of ours hands the job over before the slot has begun here.
    // A timer may fire a millisecond early, and a price that was asked for before its slot would count as none: look again.
    const untilSlotMs = (): number => key.slot * 1000 - now();
    while (untilSlotMs() > 0) await sleep(untilSlotMs(), undefined, { signal });
    const { value: claim, troubled } = await withPatience(logger, signal, () =>
      fetches.claim(key, { nowMs: now(), leaseMs: CALL_TIMEOUT_MS + LEASE_MARGIN_MS, takeOver }),
    );
    switch (claim.kind) {
      case 'claimed':
        // The claim itself may have taken until the window was over.
        if (now() >= claim.deadline * 1000) return this.giveUp(key, claim, missReason(false, troubled), signal);
        return this.call(source, key, claim, signal);
      case 'too_late':
        return this.giveUp(key, claim, missReason(claim.begun, troubled), signal);
      case 'spent':
        return this.giveUp(key, claim, 'lost', signal);
      case 'busy':
      case 'settled':
        logger.debug({ event: 'fetch_skipped', ...fields(key), claim: claim.kind }, 'nothing to do');
    }
  }

  private async call(
    source: Source,
    key: FetchJob,
    claim: Claim & { kind: 'claimed' },
    signal: AbortSignal,
  ): Promise<void> {
    const { client, now } = this.dependencies;
    const timeoutMs = Math.min(CALL_TIMEOUT_MS, claim.deadline * 1000 - now());
    try {
      const answer = await client.fetch(source, claim.members, { timeoutMs, signal });
      await this.keepAnswer(key, claim, answer, signal);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      if (signal.aborted) throw await this.release(key, claim.attempt, error);
      await this.keepFailure(key, claim, error, signal);
    }
  }

  private async keepAnswer(
    key: FetchJob,
    claim: Claim & { kind: 'claimed' },
    answer: SourceAnswer,
    signal: AbortSignal,
  ): Promise<void> {
    const samples = claim.members.map((member) =>
      isInWindow(member, key.slot, answer) ? judge(member, answer) : missed(member, 'late'),
    );
    const { requestedAt, receivedAt, httpStatus, latencyMs } = answer;
    await this.store(
      key,
      claim.members,
      samples,
      { status: 'answered', requestedAt, receivedAt, httpStatus, latencyMs },
      signal,
    );
  }

  private async keepFailure(
    key: FetchJob,
    claim: Claim & { kind: 'claimed' },
    error: SourceError,
    signal: AbortSignal,
  ): Promise<void> {
    const { fetches, logger, now } = this.dependencies;
    const remainingMs = claim.deadline * 1000 - now();
    const afterMs = (error.retryAfterSeconds ?? 0) * 1000;
    const isTime = remainingMs > Math.max(MIN_TIME_FOR_RETRY_MS, afterMs);
    if (error.retryable && claim.attempt < claim.maxAttempts && isTime) {
      await withPatience(logger, signal, () =>
        fetches.release(key, claim.attempt, { kind: error.kind, message: error.message }),
      );
      throw new RetryFetchError(error.message, afterMs, { cause: error });
    }
    if (error.kind === 'timeout' && isBegunLate(key, claim, error))
      return this.giveUp(key, { members: claim.members }, 'late', signal);
    logger.warn({ event: 'fetch_failed', ...fields(key), kind: error.kind, attempt: claim.attempt }, error.message);
    const samples = claim.members.map((member) => failed(member, error.kind));
    const result: FetchResult = {
      status: 'failed',
      requestedAt: error.requestedAt,
      receivedAt: error.receivedAt,
      httpStatus: error.httpStatus,
      errorKind: error.kind,
      errorMessage: error.message,
    };
    await this.store(key, claim.members, samples, result, signal);
  }

  /** Gives a fetch back because the process ends: another worker takes it up at once. */
  private async release(key: FetchJob, attempt: number, error: SourceError): Promise<RetryFetchError> {
    await this.dependencies.fetches.release(key, attempt);
    return new RetryFetchError('the worker was stopped', 0, { cause: error });
  }

  /** Ends a fetch that may not be called any more: with the failure of its last attempt, or with the reason why there is none. */
  private async giveUp(
    key: FetchJob,
    { members, failure }: { readonly members: readonly FetchMember[]; readonly failure?: AttemptFailure | undefined },
    reason: MissReason,
    signal: AbortSignal,
  ): Promise<void> {
    const samples = members.map((member) => (failure ? failed(member, failure.kind) : missed(member, reason)));
    const result: FetchResult = { status: 'closed', errorKind: failure?.kind, errorMessage: failure?.message };
    await this.store(key, members, samples, result, signal);
  }

  private async store(
    key: FetchJob,
    members: readonly FetchMember[],
    samples: readonly Sample[],
    result: FetchResult,
    signal: AbortSignal,
  ): Promise<void> {
    const { logger, now, samples: repository } = this.dependencies;
    const { value: outcome } = await withPatience(logger, signal, () =>
      repository.store(key, samples, result, Math.floor(now() / 1000)),
    );
    this.acknowledge(key, members, samples, outcome);
  }

  /** One line per sample, after the commit: what is acknowledged is in the table. */
  private acknowledge(
    key: FetchJob,
    members: readonly FetchMember[],
    samples: readonly Sample[],
    { kept, decided }: StoreOutcome,
  ): void {
    const delayMs = this.dependencies.now() - key.slot * 1000;
    for (const [index, { tickerId, outcome, reason, price }] of samples.entries()) {
      const line = { ...fields(key), ticker: members[index]?.ticker, outcome, reason, price, delay_ms: delayMs };
      const served = decided.some((one) => one.tickerId === tickerId && one.sourceId === key.sourceId);
      if (kept.has(tickerId)) {
        this.dependencies.logger.info({ event: 'sample_stored', ...line, served }, 'sample stored');
      } else {
        // Somebody who took the fetch over, or the closer, was first: theirs stands.
        this.dependencies.logger.warn({ event: 'sample_superseded', ...line }, 'another sample stands in its place');
      }
    }
  }
}

function fields(key: FetchJob) {
  return { job: `${key.batch}-${key.slot}`, source: key.source, slot: key.slot };
}

/** Whether a call began in the second half of its window: that it had no time to end is not the source's fault. */
function isBegunLate(key: FetchJob, claim: Claim & { kind: 'claimed' }, { requestedAt }: SourceError): boolean {
  return requestedAt !== undefined && requestedAt.getTime() >= ((key.slot + claim.deadline) / 2) * 1000;
}

function missReason(begun: boolean, troubled: boolean): MissReason {
  if (begun) return 'lost';
  return troubled ? 'database_unavailable' : 'late';
}

function missed(member: FetchMember, reason: MissReason): Sample {
  return { tickerId: member.tickerId, outcome: 'missed', reason };
}

function failed(member: FetchMember, reason: FailureReason): Sample {
  return { tickerId: member.tickerId, outcome: 'failed', reason };
}

/** Each ticker of a batch has a window of its own, which follows from its interval. */
function isInWindow(member: FetchMember, slot: number, { requestedAt, receivedAt }: SourceAnswer): boolean {
  return requestedAt.getTime() >= slot * 1000 && receivedAt.getTime() < member.deadline * 1000;
}

/** What an answer that came in time says of one ticker that was asked for. */
function judge(member: FetchMember, answer: SourceAnswer): Sample {
  const quote = answer.readings.find((candidate) => candidate.ticker === member.ticker);
  if (quote === undefined) return failed(member, 'absent');
  if (!isQuote(quote)) return { tickerId: member.tickerId, outcome: 'rejected', reason: quote.rejected };
  const kept = { tickerId: member.tickerId, raw: quote.price, sourceTime: quote.sourceTime };
  const verdict = checkQuote(quote, answer.receivedAt);
  return verdict.outcome === 'accepted'
    ? { ...kept, outcome: 'accepted', price: verdict.price }
    : { ...kept, outcome: 'rejected', reason: verdict.reason };
}
