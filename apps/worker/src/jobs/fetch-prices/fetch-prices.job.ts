import { setTimeout as sleep } from 'node:timers/promises';
import { judgeAnswer, retryDelayMs, type FailureReason, type JudgeOptions, type MissReason } from '@app/domain';
import type { Logger } from '@app/observability';
import type { FetchJob } from '@app/queue';
import { callCostOf, SourceError, type Source, type SourceAnswer, type SourceClient } from '@app/sources';
import type {
  AttemptFailure,
  Claim,
  FetchMember,
  FetchRepository,
  FetchResult,
  Sample,
  SampleRepository,
  SourceStateRepository,
} from '@app/storage';
import type { SourceBudget } from '../../source-budget.js';
import { countStoredSamples } from './count-stored-samples.js';
import { logStoredSamples } from './log-stored-samples.js';
import { CALL_TIMEOUT_MS, callTimeoutMs, isBegunLate } from './call-time.js';
import { retryWhileDatabaseAway } from './retry-while-database-away.js';
import { PostponeFetchError, RetryFetchError } from './fetch-errors.js';
import { latencyOf, type Provenance } from './provenance.js';
import { SourceWatch } from './source-watch.js';

/** Added to the call's own limit before somebody else may take the fetch over, in milliseconds. */
const LEASE_MARGIN_MS = 1_000;

/** Less time than this to the end of the window is no time for another attempt, in milliseconds. */
const MIN_TIME_FOR_RETRY_MS = 1_500;

/** What the job works with. */
export interface FetchPricesOptions {
  readonly fetches: FetchRepository;
  readonly samples: SampleRepository;
  readonly states: SourceStateRepository;
  /** What limits and months allow; default: anything. */
  readonly budget?: SourceBudget | undefined;
  readonly client: SourceClient;
  readonly logger: Logger;
  /** Remembers where the prices came from. */
  readonly provenance: Provenance;
  /** How answers are judged. */
  readonly judging: JudgeOptions;
  /** The clock, milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 to 1; default: `Math.random`. */
  readonly random?: () => number;
}

/** How a job is run. */
export interface RunOptions {
  /** The worker that had it before lost its queue lock: it is gone. */
  readonly isTakenOver: boolean;
  /** Aborted when the process has to end. */
  readonly signal: AbortSignal;
}

/** Runs one fetch: claim, call, parse, check, store. A price is never filed under a slot whose window it missed. */
export class FetchPricesJob {
  private readonly watch: SourceWatch;

  constructor(private readonly options: FetchPricesOptions) {
    this.watch = new SourceWatch({ random: Math.random, ...options });
  }

  /**
   * @returns when the fetch has its outcome in Postgres, or somebody else has it in hand.
   * @throws RetryFetchError when another attempt is due, PostponeFetchError when the call may only be made later; anything else only
   * when the process ends or Postgres stays away.
   */
  async run(source: Source, key: FetchJob, { isTakenOver, signal }: RunOptions): Promise<void> {
    const { fetches, now, logger } = this.options;
    // A planner whose clock runs ahead of ours hands the job over before the slot has begun here.
    // A timer may fire a millisecond early, and a price that was asked for before its slot would count as none: look again.
    const untilSlotMs = (): number => key.slot * 1000 - now();
    while (untilSlotMs() > 0) await sleep(untilSlotMs(), undefined, { signal });
    const { value: claim, troubled } = await retryWhileDatabaseAway(logger, signal, () =>
      fetches.claim(key, { nowMs: now(), leaseMs: CALL_TIMEOUT_MS + LEASE_MARGIN_MS, takeOver: isTakenOver }),
    );
    switch (claim.kind) {
      case 'claimed':
        // The claim itself may have taken until the window was over.
        if (now() >= claim.deadline * 1000) return this.withdraw(key, claim, missReason(false, troubled), signal);
        return this.callIfAllowed(source, key, claim, signal);
      case 'source_unavailable':
        return this.waitOrGiveUp(key, claim, signal);
      case 'overload':
        return this.giveUp(key, claim, 'overload', signal);
      case 'too_late':
        return this.giveUp(key, claim, missReason(claim.begun, troubled), signal);
      case 'spent':
        return this.giveUp(key, claim, 'lost', signal);
      case 'busy':
      case 'finished':
        logger.debug({ event: 'fetch_skipped', ...fields(key), claim: claim.kind }, 'nothing to do');
    }
  }

  private async callIfAllowed(
    source: Source,
    key: FetchJob,
    claim: Claim & { kind: 'claimed' },
    signal: AbortSignal,
  ): Promise<void> {
    const { budget, fetches, logger, now } = this.options;
    if (budget === undefined) return this.call(source, key, claim, signal);
    const { value: answer } = await retryWhileDatabaseAway(logger, signal, () =>
      budget.take(source, callCostOf(source, claim.members), now()),
    );
    if (answer.kind === 'granted') return this.call(source, key, claim, signal);
    if (answer.kind === 'no_credits') return this.withdraw(key, claim, 'no_credits', signal);
    const remainingMs = claim.deadline * 1000 - now();
    if (remainingMs - answer.afterMs <= MIN_TIME_FOR_RETRY_MS) return this.withdraw(key, claim, 'late', signal);
    await this.watch.withdrawn(key, claim, signal);
    await retryWhileDatabaseAway(logger, signal, () => fetches.putBack(key, claim.attempt));
    throw new PostponeFetchError(`${key.source}: its limit is used up for the moment`, answer.afterMs);
  }

  /** Until the source has rested: in this window, or else the fetch ends at once, so that another source may serve the slot. */
  private async waitOrGiveUp(
    key: FetchJob,
    claim: Claim & { kind: 'source_unavailable' },
    signal: AbortSignal,
  ): Promise<void> {
    const { now } = this.options;
    if (claim.reason === 'paused' && claim.deadline * 1000 - claim.untilMs > MIN_TIME_FOR_RETRY_MS) {
      throw new PostponeFetchError(`${key.source} asked to be left alone`, claim.untilMs - now());
    }
    return this.giveUp(key, claim, claim.reason, signal);
  }

  private async call(
    source: Source,
    key: FetchJob,
    claim: Claim & { kind: 'claimed' },
    signal: AbortSignal,
  ): Promise<void> {
    const { client, now } = this.options;
    const timeoutMs = callTimeoutMs(key.slot, claim.deadline, now());
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
    const samples = judgeAnswer(claim.members, key.slot, answer, this.options.judging);
    const { requestedAt, receivedAt, httpStatus, latencyMs } = answer;
    const call = this.options.provenance.keepAnswer(key, claim.members, answer);
    const result: FetchResult = { status: 'answered', requestedAt, receivedAt, httpStatus, latencyMs, call };
    await this.store(key, { members: claim.members, samples, result }, signal);
    await this.watch.answered(key, answer, signal);
  }

  private async keepFailure(
    key: FetchJob,
    claim: Claim & { kind: 'claimed' },
    error: SourceError,
    signal: AbortSignal,
  ): Promise<void> {
    const { fetches, logger, now, provenance, random = Math.random } = this.options;
    if (error.kind === 'timeout' && isBegunLate(key.slot, claim.deadline, error))
      return this.withdraw(key, claim, 'late', signal);
    const message = provenance.safe(error.message);
    const rest = await this.watch.failed(key, claim, { error, message }, signal);
    const leftMs = claim.deadline * 1000 - now() - MIN_TIME_FOR_RETRY_MS;
    const afterMs = rest === undefined ? Math.min(retryDelayMs(claim.attempt, random()), leftMs) : rest.untilMs - now();
    const isTime = leftMs > 0 && afterMs <= leftMs && rest?.reason !== 'circuit_open';
    if (error.retryable && claim.attempt < claim.maxAttempts && isTime) {
      await retryWhileDatabaseAway(logger, signal, () =>
        fetches.release(key, claim.attempt, { kind: error.kind, message }),
      );
      provenance.keepAttempt(key, claim.members, claim.attempt, error);
      throw new RetryFetchError(message, afterMs, { cause: error });
    }
    logger.warn({ event: 'fetch_failed', ...fields(key), kind: error.kind, attempt: claim.attempt }, message);
    const samples = claim.members.map((member) => failed(member, error.kind));
    const result: FetchResult = {
      status: 'failed',
      requestedAt: error.requestedAt,
      receivedAt: error.receivedAt,
      httpStatus: error.httpStatus,
      latencyMs: latencyOf(error),
      errorKind: error.kind,
      errorMessage: message,
      call: provenance.keepFailure(key, claim.members, error),
    };
    await this.store(key, { members: claim.members, samples, result }, signal);
  }

  /** Gives a fetch back because the process ends: another worker takes it up at once. */
  private async release(key: FetchJob, attempt: number, error: SourceError): Promise<RetryFetchError> {
    await this.options.fetches.release(key, attempt);
    return new RetryFetchError('the worker was stopped', 0, { cause: error });
  }

  /** Ends a fetch that was claimed and is not called, or whose call says nothing of the source. */
  private async withdraw(
    key: FetchJob,
    claim: Claim & { kind: 'claimed' },
    reason: MissReason,
    signal: AbortSignal,
  ): Promise<void> {
    await this.watch.withdrawn(key, claim, signal);
    await this.giveUp(key, claim, reason, signal);
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
    await this.store(key, { members, samples, result }, signal);
  }

  private async store(key: FetchJob, { members, samples, result }: FetchEnd, signal: AbortSignal): Promise<void> {
    const { logger, now, samples: repository } = this.options;
    const { value: outcome } = await retryWhileDatabaseAway(logger, signal, () =>
      repository.store(key, samples, result, Math.floor(now() / 1000)),
    );
    countStoredSamples({ key, samples, outcome });
    logStoredSamples(logger, { key, members, samples, outcome, delayMs: now() - key.slot * 1000 });
  }
}

/** What a fetch ends with, for each of its members. */
interface FetchEnd {
  readonly members: readonly FetchMember[];
  readonly samples: readonly Sample[];
  readonly result: FetchResult;
}

function fields(key: FetchJob) {
  return { job: `${key.batch}-${key.slot}`, source: key.source, slot: key.slot };
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
