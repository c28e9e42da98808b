import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { describeFault, type Logger } from '@app/observability';
import { Counter, Gauge, Histogram } from '@prometheus-io/client';
import { AlignedTimer } from './aligned-timer.js';
import type { Task } from './task.js';

/** How a run ended; `aborted`: it gave up because the process ends. */
type Outcome = 'success' | 'failure' | 'aborted';

/** Longest text of an error that is kept for `/status`, in characters. */
const MAX_ERROR_LENGTH = 500;

/** How often a task that goes on failing is logged, in milliseconds: a minute, less what a timer may be early. */
const LOG_AGAIN_AFTER_MS = 59_500;

const runs = new Counter({
  name: 'tidemark_task_runs_total',
  help: 'Runs of the periodic tasks: success, failure, or aborted by the end of the process.',
  labelNames: ['task', 'outcome'],
});
const durations = new Histogram({
  name: 'tidemark_task_duration_seconds',
  help: 'How long the runs of the periodic tasks took, failures included.',
  labelNames: ['task'],
  // From a look at memory alone to half the period of the slowest.
  buckets: [0.001, 0.005, 0.02, 0.1, 0.3, 1, 3, 10, 30],
});
const lastSuccess = new Gauge({
  name: 'tidemark_task_last_success_timestamp_seconds',
  help: 'When the last run of the task that succeeded ended, UNIX time.',
  labelNames: ['task'],
});

/** How a task stands in this process. */
export interface TaskState {
  readonly name: string;
  readonly everySeconds: number;
  /** When the last run began, milliseconds since 1970; undefined before the first. */
  readonly lastRunAtMs?: number;
  /** When the last run that succeeded ended, milliseconds since 1970; undefined before the first. */
  readonly lastSuccessAtMs?: number;
  /** How long the last run that ended took, in milliseconds. */
  readonly lastDurationMs?: number;
  /** Failures since the last success. */
  readonly failuresInARow: number;
  /** What the last run that failed threw, in words; it stays when later runs succeed. */
  readonly lastError?: string;
}

/** What runs the tasks: how each stands, and from when to when. */
export interface TaskRunnerOptions {
  /** Every name once. */
  readonly tasks: readonly Task[];
  readonly logger: Logger;
  /** This process's clock, milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Runs the periodic tasks from the start of the application to its end: each by the clock, never twice at once, whatever the
 * others do. One that fails is counted, logged at first and then once a minute, and tried again in its next period.
 */
export class TaskRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly current: readonly TaskState[];
  private readonly timers: readonly AlignedTimer[];
  private readonly ending = new AbortController();

  /** @throws Error when two tasks have one name. */
  constructor(private readonly options: TaskRunnerOptions) {
    const { tasks, now } = options;
    for (const [name, named] of Map.groupBy(tasks, (task) => task.name))
      if (named.length > 1) throw new Error(`${named.length} tasks are named ${name}: give each a name of its own`);
    const current = tasks.map((task) => ({ task, state: stateBeforeFirstRun(task) }));
    this.current = current.map(({ state }) => state);
    this.timers = current.map(({ task, state }) => {
      const log = new FailureLog(this.options);
      return new AlignedTimer({ ...task, now, work: () => this.run(task, state, log) });
    });
  }

  onApplicationBootstrap(): void {
    for (const { name } of this.options.tasks) {
      // From the start there is something that a rate can grow from.
      for (const outcome of ['success', 'failure']) runs.inc({ task: name, outcome }, 0);
    }
    for (const timer of this.timers) timer.start();
  }

  /** Aborts what is in hand. @returns when all of it has ended. */
  async beforeApplicationShutdown(): Promise<void> {
    this.ending.abort();
    await Promise.all(this.timers.map((timer) => timer.stop()));
  }

  /** How every task stands now, in the order of the tasks. */
  states(): readonly TaskState[] {
    return this.current;
  }

  private async run(task: Task, state: Writable<TaskState>, log: FailureLog): Promise<void> {
    const { now } = this.options;
    const { signal } = this.ending;
    const begunMs = performance.now();
    let outcome: Outcome = 'success';
    state.lastRunAtMs = now();
    try {
      await task.run(signal);
      log.succeeded(state);
      this.noteSuccess(state);
    } catch (error) {
      outcome = signal.aborted ? 'aborted' : 'failure';
      if (outcome === 'failure') {
        this.noteFailure(state, error);
        log.failed(state, error);
      }
    }
    const tookMs = performance.now() - begunMs;
    state.lastDurationMs = Math.round(tookMs);
    runs.inc({ task: task.name, outcome });
    durations.observe({ task: task.name }, tookMs / 1000);
  }

  private noteSuccess(state: Writable<TaskState>): void {
    const nowMs = this.options.now();
    state.lastSuccessAtMs = nowMs;
    state.failuresInARow = 0;
    lastSuccess.set({ task: state.name }, nowMs / 1000);
  }

  private noteFailure(state: Writable<TaskState>, error: unknown): void {
    state.failuresInARow += 1;
    state.lastError = describeFault(error).slice(0, MAX_ERROR_LENGTH);
  }
}

/** Logs how a task fails: not every time, since one of every second may fail for as long as a clock is wrong. */
class FailureLog {
  private logged: { readonly what: string; readonly atMs: number } | undefined;

  constructor(private readonly options: Pick<TaskRunnerOptions, 'logger' | 'now'>) {}

  /** Logs the first failure, one that is another than the one before, and else one a minute. @param state with this failure counted. */
  failed({ name, everySeconds, failuresInARow }: TaskState, error: unknown): void {
    const { logger, now } = this.options;
    // What counts or measures differs from run to run: an offset of the clock, a time.
    const what = describeFault(error).replace(/\d+/g, '#');
    const isKnown = this.logged?.what === what && now() - this.logged.atMs < LOG_AGAIN_AFTER_MS;
    if (failuresInARow > 1 && isKnown) return;
    this.logged = { what, atMs: now() };
    logger.warn(
      { event: 'task_failed', task: name, failures_in_a_row: failuresInARow, err: error },
      `${name} failed; it is tried again within ${everySeconds} s`,
    );
  }

  /** Logs that a task is well again. @param state with the failures before. */
  succeeded({ name, failuresInARow }: TaskState): void {
    if (failuresInARow === 0) return;
    this.options.logger.info(
      { event: 'task_recovered', task: name, failures_in_a_row: failuresInARow },
      `${name} succeeds again`,
    );
  }
}

function stateBeforeFirstRun({ name, everySeconds }: Task): Writable<TaskState> {
  return { name, everySeconds, failuresInARow: 0 };
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };
