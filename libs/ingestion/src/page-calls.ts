import { setTimeout as sleep } from 'node:timers/promises';
import { MAX_WINDOW_SECONDS, restOf, retryDelayMs, type SourceErrorKind } from '@app/domain';
import { SourceError, type AssetList, type FetchedPage, type SourceClient } from '@app/sources';
import type { SourceStateRepository } from '@app/storage';

/** What the calls for pages are made with. */
export interface PageCallsOptions {
  readonly client: Pick<SourceClient, 'fetchPage'>;
  /** How the source behaves, as the calls for prices note it too. */
  readonly states: Pick<SourceStateRepository, 'of' | 'noteSuccess' | 'noteFailure' | 'beginProbe' | 'endProbe'>;
  /** Waits until the source's limit and month have room for a call. @throws SourceError when they will not have in time. */
  readonly takeCall: (list: AssetList, signal: AbortSignal) => Promise<void>;
  /** Called before each wait. */
  readonly onWait?: ((wait: Wait) => void) | undefined;
  /** Called after each call with how it ended. */
  readonly onCall?: ((source: string, outcome: 'answered' | SourceErrorKind) => void) | undefined;
  /** The clock, UNIX milliseconds. */
  readonly now: () => number;
  /** From 0 to 1; default: `Math.random`. */
  readonly random?: () => number;
  /** For how long a page is waited for in all; default: 5 minutes. */
  readonly maxWaitMs?: number | undefined;
}

/** A wait of a run. */
export interface Wait {
  readonly source: string;
  readonly afterMs: number;
  /** Why, after `waiting 2.0 s`: `for room under its limit`. */
  readonly why: string;
}

/** The time for one page, in milliseconds. */
const PAGE_TIMEOUT_MS = 30_000;

/** Calls for one page, those included that failed. */
const MAX_CALLS = 5;

/** For how long a page is waited for in all, in milliseconds; a run that gives up goes on at this page the next time. */
const MAX_WAIT_MS = 5 * 60_000;

/** How long a run waits while another call finds out whether the source is there again, in milliseconds. */
const LOOK_AGAIN_AFTER_MS = 2_000;

/** Names these calls among the batches of a source. */
const BATCH = 'asset list';

/**
 * Calls for the pages of a list. They heed that the source is paused or its circuit open, and note when it asks to be left alone: each
 * side spares a source that throttles the other. That a list fails says nothing of prices. What may pass is waited for, a few times and some minutes.
 */
export class PageCalls {
  constructor(
    private readonly list: AssetList,
    private readonly options: PageCallsOptions,
  ) {}

  /**
   * Brings a page.
   * @param page from 1.
   * @throws SourceError what the last call failed with, or why none could be made in time; the reason of the signal.
   */
  async call(page: number, signal: AbortSignal): Promise<FetchedPage> {
    const { now, random = Math.random, maxWaitMs = MAX_WAIT_MS } = this.options;
    const deadline = { untilMs: now() + maxWaitMs, signal };
    let failure: SourceError | undefined;
    for (let calls = 1; ; calls += 1) {
      const isProbe = await this.admission(deadline, failure);
      try {
        return await this.make(page, isProbe, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof SourceError) || !error.retryable || calls === MAX_CALLS) throw error;
        failure = error;
      }
      // How long a source that asks to be left alone means is noted, and heeded at the next admission.
      if (failure.kind !== 'rate_limited')
        await this.wait(retryDelayMs(calls, random()), `for the next call: ${failure.detail}`, deadline, failure);
    }
  }

  /** Waits until a call may be made. @returns whether it is the one that finds out whether the source is there again. */
  private async admission(deadline: Deadline, failure: SourceError | undefined): Promise<boolean> {
    const { states, takeCall, now } = this.options;
    const { source } = this.list;
    for (;;) {
      await this.rest(deadline, failure);
      await takeCall(this.list, deadline.signal);
      const state = (await states.of(source.id)) ?? {};
      if (restOf({ pausedUntilMs: undefined, circuitOpenUntilMs: undefined, ...state }, now()) !== undefined) continue;
      if (!('circuitOpenUntilMs' in state) || state.circuitOpenUntilMs === undefined) return false;
      if (await states.beginProbe(source.id, { nowMs: now(), leaseMs: PAGE_TIMEOUT_MS })) return true;
      await this.wait(LOOK_AGAIN_AFTER_MS, 'while another call looks whether it is there again', deadline, failure);
    }
  }

  private async rest(deadline: Deadline, failure: SourceError | undefined): Promise<void> {
    const { states, now } = this.options;
    const { source } = this.list;
    for (;;) {
      const state = await states.of(source.id);
      const rest = state && restOf(state, now());
      if (rest === undefined) return;
      const why = rest.reason === 'paused' ? 'since it asked to be left alone' : 'since its circuit is open';
      await this.wait(rest.untilMs - now(), why, deadline, failure);
    }
  }

  private async make(page: number, isProbe: boolean, signal: AbortSignal): Promise<FetchedPage> {
    const { client, states, onCall, now } = this.options;
    const { source } = this.list;
    const startedMs = performance.now();
    try {
      const fetched = await client.fetchPage(this.list, page, { timeoutMs: PAGE_TIMEOUT_MS, signal });
      const latencyMs = performance.now() - startedMs;
      onCall?.(source.name, 'answered');
      // Of prices it says nothing, but where it was the call that finds out.
      if (isProbe) await states.noteSuccess(source.id, { atMs: now(), latencyMs });
      return fetched;
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      onCall?.(source.name, error.kind);
      // A list that fails says nothing of the source's prices; a source that asks to be left alone means both.
      if (signal.aborted || error.kind !== 'rate_limited') {
        if (isProbe) await states.endProbe(source.id);
        throw error;
      }
      const { kind, retryAfterSeconds, message } = error;
      const failure = { kind, retryAfterSeconds, message, isProbe, batch: BATCH };
      const call = { atMs: now(), windowSeconds: MAX_WINDOW_SECONDS };
      await states.noteFailure(source.id, { ...failure, ...call }, (this.options.random ?? Math.random)());
      throw error;
    }
  }

  private async wait(
    afterMs: number,
    why: string,
    { untilMs, signal }: Deadline,
    failure: SourceError | undefined,
  ): Promise<void> {
    const { now, onWait } = this.options;
    const source = this.list.source.name;
    if (now() + afterMs > untilMs)
      throw (
        failure ?? new SourceError('unavailable', source, `is not asked for the next ${seconds(afterMs)} s, ${why}`)
      );
    onWait?.({ source, afterMs, why });
    // A timer may fire a millisecond early.
    await sleep(afterMs + 1, undefined, { signal });
  }
}

/** For how long a page is waited for. */
interface Deadline {
  readonly untilMs: number;
  readonly signal: AbortSignal;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(ms < 10_000 ? 1 : 0);
}
