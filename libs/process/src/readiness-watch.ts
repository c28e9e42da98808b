import type { Logger } from 'pino';
import type { ClockWatch } from './clock-watch.js';
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

/**
 * A question that got no answer for so long has failed, in milliseconds. What went away without a word is reported after at
 * most one pause and two such questions, which is 4 s.
 */
export const ANSWER_WITHIN_MS = 1_500;

/** The reason of a process that was told to end. */
export const ENDING = 'this process is ending';

/**
 * Keeps an eye on what a process needs from outside: asks everything once a second, each by itself, so that one that hangs
 * hides no other. Whoever asks the watch gets at once what was last found. One question that failed makes nothing
 * unready, which a moment of too much work does everywhere; the second in a row does.
 */
export class ReadinessWatch {
  private readonly found: Map<ReadinessCheck, string | undefined>;
  private readonly stopping = new AbortController();
  private looking: Promise<unknown> = Promise.resolve();
  private readonly unasked: Set<ReadinessCheck>;
  private readonly failing = new Set<ReadinessCheck>();
  private isEnding = false;
  private hasBeenReady = false;
  /** Ready by the clock too. */
  private hasBeenRight = false;
  private said: string | undefined;

  constructor(private readonly options: ReadinessOptions) {
    this.found = new Map(options.checks.map((check) => [check, `${check.name} has not been asked yet`]));
    this.unasked = new Set(options.checks);
  }

  /** Why the process is not ready, one sentence each; empty when it is. */
  reasons(): readonly string[] {
    const untrue = this.options.clock.whyUntrue();
    return [...(this.isEnding ? [ENDING] : []), ...this.findings(), ...(untrue === undefined ? [] : [untrue])];
  }

  /** As {@link reasons}, but once everything was right the only reason is that the process is ending. */
  latchedReasons(): readonly string[] {
    if (!this.hasBeenRight) return this.reasons();
    return this.isEnding ? [ENDING] : [];
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
      this.note(check, await Promise.race([asking, tooLong(check, asking)]));
      // What comes after the deadline decides nothing, but two questions at a time would pile up behind a slow store.
      await asking;
      await pause(LOOK_EVERY_MS - (performance.now() - begunMs), signal);
    }
  }

  private note(check: ReadinessCheck, reason: string | undefined): void {
    if (this.stopping.signal.aborted) return;
    const isFirstFailure = reason !== undefined && !this.unasked.has(check) && !this.failing.has(check);
    if (reason === undefined) this.failing.delete(check);
    else this.failing.add(check);
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
    return `${check.name} cannot be asked: ${describeFault(error)}`;
  }
}

/** Resolves with the reason when the time is over; its timer ends with the question. */
function tooLong(check: ReadinessCheck, asking: Promise<unknown>): Promise<string> {
  return new Promise((resolve) => {
    const reason = `${check.name} did not answer within ${ANSWER_WITHIN_MS / 1000} s`;
    const timer = setTimeout(() => resolve(reason), ANSWER_WITHIN_MS);
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
