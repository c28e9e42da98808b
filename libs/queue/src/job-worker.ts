import { DelayedError, UnrecoverableError, Worker, type Job, type RateLimiterOptions } from 'bullmq';
import { endWorker } from './end-worker.js';
import { PostponedJobError, type HandlersOf, type JobType, type JobTypes } from './job-type.js';
import type { QueueStore } from './queue-address.js';
import { workerOptions } from './queue-store.js';

/** What a worker reports of its jobs. */
export interface JobWorkerEvents {
  /** An attempt failed; the job may come again. */
  failed(job: Job | undefined, error: Error): void;
  /** The store cannot be reached, for one; the worker goes on by itself when it is back. */
  error(error: Error): void;
  /** The worker that had the job is gone. */
  stalled(jobId: string): void;
}

/** What runs the jobs of a queue. */
export interface JobWorkerOptions<Types extends JobTypes> {
  /** Name of the queue. */
  readonly queue: string;
  readonly store: QueueStore;
  readonly types: Types;
  readonly handlers: HandlersOf<Types>;
  readonly concurrency: number;
  /** At most so many jobs in so many milliseconds, over the whole fleet; default: as they come. */
  readonly limiter?: RateLimiterOptions | undefined;
  readonly events: JobWorkerEvents;
}

/**
 * How a worker keeps its jobs. One of a worker that was killed is taken up by another after at most
 * `lockDuration` + `stalledInterval`: below 5 s.
 */
export const LOCKS = {
  lockDuration: 3_000,
  stalledInterval: 1_000,
  maxStalledCount: 2,
  // After a lost connection the next try comes at once and not after the default of 15 s.
  runRetryDelay: 250,
  drainDelay: 1,
} as const;

/** After this a job that a paused worker was given is there for others, in milliseconds: it takes none that comes back meanwhile. */
const GIVE_BACK_AFTER_MS = 100;

/** Runs the jobs of one queue, each by the handler of its type. */
export class JobWorker<Types extends JobTypes> {
  private readonly worker: Worker;
  private readonly inHand = new Set<Promise<void>>();
  private readonly ending = new AbortController();
  private readonly aborted = new AbortController();
  private isPaused = false;

  /** Takes no job before {@link JobWorker.run}. */
  constructor(private readonly options: JobWorkerOptions<Types>) {
    const { queue, store, concurrency, limiter, events, types } = options;
    this.worker = new Worker(queue, (job, token) => this.keepInHand(job, token), {
      ...workerOptions(store, concurrency),
      ...LOCKS,
      ...(limiter === undefined ? {} : { limiter }),
      concurrency,
      autorun: false,
      settings: { backoffStrategy: backoffOf(types) },
    });
    this.worker.on('failed', (job, error) => events.failed(job, error));
    // Without a listener a lost connection would end the process.
    this.worker.on('error', (error) => events.error(error));
    this.worker.on('stalled', (jobId) => events.stalled(jobId));
  }

  /** Begins to take jobs. */
  run(): void {
    this.worker.run().catch((error: unknown) => this.options.events.error(error as Error));
  }

  /** Takes no more jobs; those in hand end by themselves. */
  pause(): void {
    this.isPaused = true;
    void this.worker.pause(true);
  }

  /** Takes jobs again. */
  resume(): void {
    this.isPaused = false;
    void this.worker.resume();
  }

  /** Takes no more jobs. @param withinMs after which those in hand have to end at once. @returns when they have ended. */
  async end(withinMs: number): Promise<void> {
    this.ending.abort();
    const giveUp = setTimeout(() => this.aborted.abort(), withinMs);
    try {
      await endWorker(this.worker, this.idle());
    } finally {
      clearTimeout(giveUp);
    }
  }

  private async idle(): Promise<void> {
    while (this.inHand.size > 0) await Promise.allSettled(this.inHand);
  }

  private async keepInHand(job: Job, token: string | undefined): Promise<void> {
    const run = this.handle(job, token);
    this.inHand.add(run);
    try {
      await run;
    } finally {
      this.inHand.delete(run);
    }
  }

  private async handle(job: Job, token: string | undefined): Promise<void> {
    const { types, handlers } = this.options;
    const type = Object.hasOwn(types, job.name) ? types[job.name] : undefined;
    const handler = handlers[job.name];
    if (type === undefined || handler === undefined)
      throw new UnrecoverableError(`this build knows no job of type ${job.name}: it is of another version`);
    const data = type.data.safeParse(job.data);
    if (!data.success)
      throw new UnrecoverableError(`a job ${job.name} of another version, with data ${JSON.stringify(job.data)}`);
    try {
      // BullMQ still takes the one that it was waiting for when it was paused.
      if (this.isPaused) throw new PostponedJobError('the worker is paused', GIVE_BACK_AFTER_MS);
      await handler(data.data, {
        id: job.id ?? '',
        attempt: job.attemptsMade + 1,
        isTakenOver: job.stalledCounter > 0,
        dueAtMs: job.opts.prevMillis,
        ending: this.ending.signal,
        signal: this.aborted.signal,
        checkpoint: (given: unknown) => job.updateData(given),
      });
    } catch (error) {
      if (!(error instanceof PostponedJobError)) throw error;
      // Not an attempt: the job waits in the queue, and no worker has it in hand meanwhile.
      await job.moveToDelayed(Date.now() + Math.ceil(error.afterMs), token);
      throw new DelayedError(error.message);
    }
  }
}

/** When the next attempt comes: as the error says, else as the type declares. @returns milliseconds from now. */
export function backoffOf(types: JobTypes) {
  return (attempts = 1, _type?: string, error?: Error, job?: { readonly name: string }): number => {
    if (isDelayedRetry(error)) return Math.max(0, Math.ceil(error.afterMs));
    const type: JobType | undefined = job === undefined ? undefined : types[job.name];
    return type?.retryAfterMs(attempts) ?? RETRY_UNKNOWN_AFTER_MS;
  };
}

/** A job of a type that is not known fails for good; this is never waited for. */
const RETRY_UNKNOWN_AFTER_MS = 1_000;

function isDelayedRetry(error: object | undefined): error is { readonly afterMs: number } {
  return error !== undefined && 'afterMs' in error && typeof error.afterMs === 'number';
}
