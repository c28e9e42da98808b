import type { Logger } from 'pino';
import type { ClockWatch } from './clock-watch.js';
import { PROCESS_FINDINGS } from './readiness-findings.js';
import { describeFault } from '@app/observability';

/** Something outside of the process that it needs for its work, and how it is asked after. */
export interface ReadinessCheck {
  /** What is asked, as it stands in a sentence: `the database`. */
  readonly name: string;
  /**
   * Asks once. Must come to an end by itself, since the next question waits for it.
   * @returns why the process cannot work with it, in one sentence; undefined when it can. What it throws is a reason too.
   */
  readonly ask: () => Promise<string | undefined>;
}

/**
 * The check of the database of a process that goes by the clock: with every look the clock is measured anew.
 * @param whyUnfit why the process cannot work with the database; undefined when it can.
 */
export function databaseCheck(whyUnfit: () => Promise<string | undefined>, clock: ClockWatch): ReadinessCheck {
  return {
    name: 'the database',
    ask: async () => {
      const unfit = await whyUnfit();
      if (unfit === undefined) await clock.measure();
      return unfit;
    },
  };
}

/** What a watch is made of. */
export interface ReadinessOptions {
  readonly checks: readonly ReadinessCheck[];
  /** Its last verdict counts too, also while the database is away; whoever watches measures it with a check. */
  readonly clock: ClockWatch;
  readonly logger: Logger;
}

/** From one question to the next, in milliseconds: however often `/readyz` is asked, the outside is asked no more than this. */
export const LOOK_EVERY_MS = 1_000;

/** A question that got no answer for so long has failed, in milliseconds; it fails again with each further such time of silence. */
export const ANSWER_WITHIN_MS = 1_500;

/**
 * After the beginning of a question that failed the next one fails within this, in milliseconds. Before that question there
 * was a right answer, and from one to the other passes at most a pause, or a question in time: what cannot be worked with is
 * reported within 1.5 s and this, which is 5 s.
 */
const FAILS_AGAIN_WITHIN_MS = 3_500;

/**
 * Keeps an eye on what a process needs from outside: asks everything once a second, each by itself, so that one that hangs
 * hides no other. Whoever asks the watch gets at once what was last found. One question that failed makes nothing
 * unready, which a moment of too much work does everywhere; the second in a row does, or the silence of the first.
 */
export class ReadinessWatch {
  private readonly found: Map<ReadinessCheck, string | undefined>;
  private readonly stopping = new AbortController();
  private looking: Promise<unknown> = Promise.resolve();
  private readonly unasked: Set<ReadinessCheck>;
  private readonly failing = new Set<ReadinessCheck>();
  /** Those that failed once in a row, and when that question began, by `performance.now()`. */
  private readonly suspectSinceMs = new Map<ReadinessCheck, number>();
  private isEnding = false;
  private hasBeenReady = false;
  /** Ready by the clock too. */
  private hasBeenRight = false;
  private said: string | undefined;

  constructor(private readonly options: ReadinessOptions) {
    this.found = new Map(options.checks.map((check) => [check, PROCESS_FINDINGS.notAskedYet(check.name)]));
    this.unasked = new Set(options.checks);
  }

  /** Why the process is not ready, one sentence each; empty when it is. */
  reasons(): readonly string[] {
    const untrue = this.options.clock.whyUntrue();
    return [
      ...(this.isEnding ? [PROCESS_FINDINGS.ending()] : []),
      ...this.findings(),
      ...(untrue === undefined ? [] : [untrue]),
    ];
  }

  /** As {@link reasons}, but once everything was right the only reason is that the process is ending. */
  latchedReasons(): readonly string[] {
    if (!this.hasBeenRight) return this.reasons();
    return this.isEnding ? [PROCESS_FINDINGS.ending()] : [];
  }

  /** What the checks found, whatever the clock, and whether or not the process is ending. */
  findings(): readonly string[] {
    return [...this.found.values()].filter((reason) => reason !== undefined);
  }

  /** Whether the process was told to end. */
  get ending(): boolean {
    return this.isEnding;
  }

  /** Begins to look, and goes on until {@link stop}. */
  start(): void {
    this.looking = Promise.all(this.options.checks.map((check) => this.keepAsking(check)));
  }

  /** From here on the process is not ready, whatever is found: it was told to end. */
  end(): void {
    this.isEnding = true;
  }

  /** Ends the watch. @returns when the last question has ended. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.looking;
  }

  private async keepAsking(check: ReadinessCheck): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const begunMs = performance.now();
      const asking = answerOf(check);
      const reason = await Promise.race([asking, tooLong(check, asking, this.timeLimitMs(check, begunMs))]);
      this.note(check, reason, begunMs);
      // What comes after the deadline decides nothing, but two questions at a time would pile up behind a slow store. One that
      // goes on being silent has failed a second time.
      const silent = await Promise.race([asking.then(() => undefined), tooLong(check, asking, ANSWER_WITHIN_MS)]);
      if (silent !== undefined) this.note(check, silent, begunMs);
      await asking;
      await pause(LOOK_EVERY_MS - (performance.now() - begunMs), signal);
    }
  }

  /** How long a question may take that begins now, in milliseconds: after one that failed late, what is left of the time of both. */
  private timeLimitMs(check: ReadinessCheck, begunMs: number): number {
    const sinceMs = this.suspectSinceMs.get(check);
    return sinceMs === undefined
      ? ANSWER_WITHIN_MS
      : Math.min(ANSWER_WITHIN_MS, sinceMs + FAILS_AGAIN_WITHIN_MS - begunMs);
  }

  /** @param begunMs when the question began, by `performance.now()`. */
  private note(check: ReadinessCheck, reason: string | undefined, begunMs: number): void {
    if (this.stopping.signal.aborted) return;
    const isFirstFailure = reason !== undefined && !this.unasked.has(check) && !this.failing.has(check);
    if (reason === undefined) this.failing.delete(check);
    else this.failing.add(check);
    if (isFirstFailure) this.suspectSinceMs.set(check, begunMs);
    else this.suspectSinceMs.delete(check);
    if (isFirstFailure) return;
    this.found.set(check, reason);
    this.unasked.delete(check);
    this.hasBeenRight ||= this.reasons().length === 0;
    const findings = this.findings().join('; ');
    if (this.unasked.size > 0 || findings === this.said) return;
    this.said = findings;
    const { logger } = this.options;
    if (findings === '') logger.info({ event: 'ready' }, 'ready');
    // Before it was ever ready it waits, as it should; afterwards something is wrong.
    else logger[this.hasBeenReady ? 'warn' : 'info']({ event: 'not_ready' }, findings);
    this.hasBeenReady ||= findings === '';
  }
}

async function answerOf(check: ReadinessCheck): Promise<string | undefined> {
  try {
    return await check.ask();
  } catch (error) {
    return PROCESS_FINDINGS.notAskable(check.name, describeFault(error));
  }
}

/** Resolves with the reason when the time is over; its timer ends with the question. */
function tooLong(check: ReadinessCheck, asking: Promise<unknown>, ms: number): Promise<string> {
  return new Promise((resolve) => {
    const reason = PROCESS_FINDINGS.silent(check.name, ANSWER_WITHIN_MS / 1000);
    const timer = setTimeout(() => resolve(reason), ms);
    void asking.then(() => clearTimeout(timer));
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.max(0, ms)).unref();
    signal.addEventListener('abort', done);
  });
}
