import { setTimeout as sleep } from 'node:timers/promises';
import { retryDelayMs, type FailureReason, type JudgeOptions, type MissReason } from '@app/domain';
import type { Logger } from '@app/observability';
import type { FetchJob } from '@app/queue';
import {
  callCostOf,
  isGoodGroup,
  ListedSymbols,
  type Source,
  type SourceAnswer,
  type SourceClient,
  SourceError,
} from '@app/sources';
import type {
  AttemptFailure,
  Claim,
  FetchMember,
  FetchRepository,
  FetchResult,
  RefusedSymbolRepository,
  Sample,
  SampleRepository,
  SourceStateRepository,
} from '@app/storage';
import type { SourceBudget } from '../../source-budget.js';
import { countStoredSamples } from './count-stored-samples.js';
import { logStoredSamples } from './log-stored-samples.js';
import { CALL_TIMEOUT_MS, isBegunLate, LEASE_MARGIN_MS, MIN_TIME_FOR_RETRY_MS } from './call-time.js';
import { retryWhileDatabaseAway } from './retry-while-database-away.js';
import { PostponeFetchError, RetryFetchError } from './fetch-errors.js';
import type { Provenance } from './provenance.js';
import { SourceWatch } from './source-watch.js';
import { type ClaimedFetch, SymbolCalls, type SymbolCallsEnd } from './symbol-calls.js';
import type { SymbolPlan } from './symbol-plan.js';
import { leftOutSamples, samplesOfCalls } from './symbol-samples.js';

/** What the job works with. */
export interface FetchPricesOptions {
  readonly fetches: FetchRepository;
  readonly samples: SampleRepository;
  readonly states: SourceStateRepository;
  /** Which symbols the sources refuse. */
  readonly symbols: RefusedSymbolRepository;
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
  private readonly calls: SymbolCalls;

  constructor(private readonly options: FetchPricesOptions) {
    this.watch = new SourceWatch({ random: Math.random, ...options });
    this.calls = new SymbolCalls({ random: Math.random, ...options, lists: new ListedSymbols(options) });
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
        return this.callIfAllowed({ source, key, claim, signal });
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

  private async callIfAllowed(fetch: ClaimedFetch): Promise<void> {
    const { budget, fetches, logger, now } = this.options;
    const { source, key, claim, signal } = fetch;
    const plan = await this.calls.plan(fetch);
    if (plan.groups.length === 0) return this.leaveOut(fetch, plan);
    if (budget === undefined) return this.call(fetch, plan);
    const { value: answer } = await retryWhileDatabaseAway(logger, signal, () =>
      budget.take(source, callCostOf(source, plan.first), now()),
    );
    if (answer.kind === 'granted') return this.call(fetch, plan);
    await this.calls.giveBackTries(fetch, plan, []);
    if (answer.kind === 'no_credits') return this.withdraw(key, claim, 'no_credits', signal);
    const remainingMs = claim.deadline * 1000 - now();
    if (remainingMs - answer.afterMs <= MIN_TIME_FOR_RETRY_MS) return this.withdraw(key, claim, 'late', signal);
    await this.watch.withdrawn(key, claim, signal);
    await retryWhileDatabaseAway(logger, signal, () => fetches.putBack(key, claim.attempt));
    throw new PostponeFetchError(`${key.source}: its limit is used up for the moment`, answer.afterMs);
  }

  /** Every symbol of the batch is refused: nobody is called. */
  private async leaveOut(fetch: ClaimedFetch, plan: SymbolPlan): Promise<void> {
    const { key, claim, signal } = fetch;
    await this.watch.withdrawn(key, claim, signal);
    const samples = leftOutSamples(key.source, plan);
    const result: FetchResult = { status: 'closed', errorKind: 'not_found', errorMessage: samples[0]?.detail };
    await this.store(key, { members: plan.leftOut, samples, result }, signal);
    await this.lookForListed(fetch);
  }

  /** Looks, when the prices are stored, which refused symbols may be tried again sooner. */
  private async lookForListed(fetch: ClaimedFetch): Promise<void> {
    try {
      await this.calls.lookForListed(fetch);
    } catch (error) {
      // What the fetch came to is stored: a process that ends leaves the look to the next fetch.
      if (fetch.signal.aborted) return;
      if (!(error instanceof SourceError)) throw error;
      await this.noteFailure(fetch.key, fetch.claim, error, fetch.signal);
    }
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

  private async call(fetch: ClaimedFetch, plan: SymbolPlan): Promise<void> {
    const { key, signal } = fetch;
    const end = await this.calls.make(fetch, plan);
    const last = end.calls.at(-1);
    const failure = end.failed.at(-1);
    if (signal.aborted && failure !== undefined && last !== undefined)
      throw await this.release(key, last.attempt, failure.error);
    // A call that says nothing of a symbol, and may succeed a moment later.
    if (failure !== undefined && failure.members.length > 0 && isOfAll(end, failure.error))
      return this.keepFailure(fetch, plan, failure.error);
    await this.keepCalls(fetch, plan, end);
    // A source that has just failed is left alone.
    if (end.failed.length === 0 && end.answered.length > 0) await this.lookForListed(fetch);
  }

  /** Stores what the calls of a fetch came to: one answer as a rule, several where a symbol had to be isolated. */
  private async keepCalls(fetch: ClaimedFetch, plan: SymbolPlan, end: SymbolCallsEnd): Promise<void> {
    const { logger, judging, provenance } = this.options;
    const { source, key, claim, signal } = fetch;
    const news = await this.calls.learn(fetch, plan, end);
    const answers = end.calls.filter((call) => !(call.end instanceof SourceError));
    // The fetch's own row tells of the call for most of its tickers, or of the last one that failed.
    const main = answers.toSorted((left, right) => right.members.length - left.members.length)[0] ?? end.calls.at(-1);
    for (const call of end.calls) if (call !== main) provenance.keepCall(key, call);
    const options = { source: source.name, slot: key.slot, plan, end, news, judging, main };
    const samples = samplesOfCalls(claim.members, options);
    const result = main === undefined ? { status: 'closed' as const } : provenance.resultOf(key, main);
    if (answers.length === 0) {
      const { kind, attempt } = { kind: result.errorKind, attempt: main?.attempt };
      logger.warn({ event: 'fetch_failed', ...fields(key), kind, attempt }, result.errorMessage);
    }
    await this.store(key, { members: claim.members, samples, result }, signal);
    await this.noteHealth(fetch, end);
  }

  /** A refusal that is about a symbol for certain says nothing bad of the source. What the last call says holds. */
  private async noteHealth({ key, claim, signal }: ClaimedFetch, end: SymbolCallsEnd): Promise<void> {
    const isOngoing = !claim.isProbe && isBeingIsolated(end);
    const isOfSymbols = end.refused.every(({ isCertain }) => isCertain) && !end.open.some(({ isSuspect }) => isSuspect);
    const isExplained = end.answered.length > 0 || end.failed.length > 0 || isOfSymbols || isOngoing;
    const lastRefusal = end.calls.findLast((call) => isRefusal(call.end))?.end;
    let isNoted = false;
    for (const { end: said } of end.calls) {
      if (isRefusal(said) && (isExplained || said !== lastRefusal)) {
        this.watch.refused(key, said);
        continue;
      }
      isNoted = true;
      if (said instanceof SourceError) await this.noteFailure(key, claim, said, signal);
      else await this.watch.answered(key, said, signal);
    }
    for (const { members, error } of end.failed) {
      if (members.length > 0) continue;
      isNoted = true;
      await this.noteFailure(key, claim, error, signal);
    }
    if (!isNoted) await this.watch.withdrawn(key, claim, signal);
  }

  private noteFailure(key: FetchJob, claim: ClaimedFetch['claim'], error: SourceError, signal: AbortSignal) {
    return this.watch.failed(key, claim, { error, message: this.options.provenance.safe(error.message) }, signal);
  }

  private async keepFailure({ key, claim, signal }: ClaimedFetch, plan: SymbolPlan, error: SourceError): Promise<void> {
    const { fetches, logger, now, provenance, random = Math.random } = this.options;
    if (error.kind === 'timeout' && isBegunLate(key.slot, claim.deadline, error))
      return this.withdraw(key, claim, 'late', signal);
    const message = provenance.safe(error.message);
    const rest = await this.noteFailure(key, claim, error, signal);
    const leftMs = claim.deadline * 1000 - now() - MIN_TIME_FOR_RETRY_MS;
    const afterMs = rest === undefined ? Math.min(retryDelayMs(claim.attempt, random()), leftMs) : rest.untilMs - now();
    const isTime = leftMs > 0 && afterMs <= leftMs && rest?.reason !== 'circuit_open';
    const call = { attempt: claim.attempt, members: claim.members, end: error };
    if (error.retryable && claim.attempt < claim.maxAttempts && isTime) {
      await retryWhileDatabaseAway(logger, signal, () =>
        fetches.release(key, claim.attempt, { kind: error.kind, message }),
      );
      provenance.keepCall(key, call);
      throw new RetryFetchError(message, afterMs, { cause: error });
    }
    logger.warn({ event: 'fetch_failed', ...fields(key), kind: error.kind, attempt: claim.attempt }, message);
    const leftOut = new Map(leftOutSamples(key.source, plan).map((sample) => [sample.tickerId, sample]));
    const samples = claim.members.map((member) => leftOut.get(member.tickerId) ?? failed(member, error.kind));
    await this.store(key, { members: claim.members, samples, result: provenance.resultOf(key, call) }, signal);
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

/** Whether the one call of a fetch tells of all of its tickers: nobody else could be asked after it. */
function isOfAll({ calls, open }: SymbolCallsEnd, { kind }: SourceError): boolean {
  return calls.length === 1 && (kind === 'rate_limited' || !open.some(isGoodGroup));
}

/** Whether the next slot goes on with the isolation of a symbol, since this one had no room for it: what is refused may well be of that symbol. */
function isBeingIsolated({ open, unasked }: SymbolCallsEnd): boolean {
  const suspects = open.filter(({ isSuspect }) => isSuspect).flatMap(({ members }) => members);
  return unasked !== undefined && suspects.length > 0 && !suspects.some(({ refusal }) => refusal?.isLasting === true);
}

function isRefusal(end: SourceAnswer | SourceError): end is SourceError {
  return end instanceof SourceError && end.kind === 'not_found';
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
