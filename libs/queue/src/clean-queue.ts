import type { Job, Queue } from 'bullmq';
import type { JobTypes } from './job-type.js';
import { reachStore } from './reach-store.js';

/** Failed jobs stay this long on the board, in milliseconds. */
const KEEP_FAILED_JOBS_MS = 3_600_000;

/** Most failed jobs that one command removes. */
const CLEAN_LIMIT = 1_000;

/** Waiting jobs that are read together: on Postgres each takes a statement of its own. */
const PAGE = 50;

/** How long the jobs of one state are cleaned in one go, in milliseconds, since other queues wait for it: some 4,000 that are stale. */
const CLEAN_WITHIN_MS = 5_000;

/** Where waiting jobs stand. */
const WAITING = ['wait', 'prioritized'] as const;

/** What a queue is cleaned by. */
export interface QueueCleanerOptions {
  readonly types: JobTypes;
  /** How long the jobs of one state are cleaned in one go, in milliseconds; default: 5,000. */
  readonly withinMs?: number;
}

/** How a queue is cleaned once. */
export interface CleanOptions {
  /** Aborted when the process ends. */
  readonly signal: AbortSignal;
  /** The clock, milliseconds since 1970; default: this process's. */
  readonly nowMs?: number;
}

/** Removes from a queue what serves nobody any more. */
export class QueueCleaner {
  /** How many waiting jobs of a state have been looked at since the last round began. */
  private readonly looked = { wait: 0, prioritized: 0 };

  constructor(
    private readonly queue: Queue,
    private readonly options: QueueCleanerOptions,
  ) {}

  /**
   * Removes failed jobs that have been on the board for an hour, and jobs that have waited for longer than their type allows. A job of a
   * type that is not known stays, and fails when it is run. What there was no time for comes next time.
   * @throws Error within seconds when the store is away, also when it was never there; the reason of the signal when it is aborted.
   */
  async clean({ signal, nowMs = Date.now() }: CleanOptions): Promise<void> {
    signal.throwIfAborted();
    await reachStore(this.queue);
    await this.inTime(signal, () => this.removeFailed());
    for (const state of WAITING) await this.inTime(signal, () => this.removeStale(state, nowMs, signal));
  }

  /** Goes on until there is nothing more to do, or no more time for it. */
  private async inTime(signal: AbortSignal, step: () => Promise<'more' | 'done'>): Promise<void> {
    const { withinMs = CLEAN_WITHIN_MS } = this.options;
    const begunMs = performance.now();
    do signal.throwIfAborted();
    while ((await step()) === 'more' && performance.now() - begunMs < withinMs);
  }

  private async removeFailed(): Promise<'more' | 'done'> {
    const removed = await this.queue.clean(KEEP_FAILED_JOBS_MS, CLEAN_LIMIT, 'failed');
    return removed.length < CLEAN_LIMIT ? 'done' : 'more';
  }

  /** Looks at one page; the oldest comes first on Redis, the newest on Postgres. */
  private async removeStale(
    state: (typeof WAITING)[number],
    nowMs: number,
    signal: AbortSignal,
  ): Promise<'more' | 'done'> {
    const from = this.looked[state];
    const jobs = await this.queue.getJobs(state, from, from + PAGE - 1, true);
    const stale = jobs.filter((job) => isStale(job, this.options.types, nowMs));
    for (const job of stale) {
      signal.throwIfAborted();
      await job.remove().catch(ignoreTaken);
    }
    // Those behind it have moved up. A page may be short before the end: a worker takes jobs while they are read.
    this.looked[state] = jobs.length === 0 ? 0 : from + PAGE - stale.length;
    return jobs.length === 0 ? 'done' : 'more';
  }
}

function isStale({ name, timestamp }: Job, types: JobTypes, nowMs: number): boolean {
  const limit = Object.hasOwn(types, name) ? types[name]?.staleAfterSeconds : undefined;
  return typeof limit === 'number' && nowMs - timestamp > limit * 1000;
}

/** A worker has taken it meanwhile, and has it in hand. */
function ignoreTaken(error: unknown): void {
  if (!(error instanceof Error && error.message.includes('is locked by another worker'))) throw error;
}
