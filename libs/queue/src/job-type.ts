import type { BulkJobOptions } from 'bullmq';

/** What a type of job is. Who handles its jobs is said where they are run: see {@link HandlersOf}. */
export interface JobType<Data = unknown> {
  /** Of every job of this type. */
  readonly name: string;
  /** Checks the data of a job: one that does not fit is of another version. A schema of zod. */
  readonly data: DataSchema<Data>;
  /** Name of the queue that a job with this data stands in. Types may share one: its limit then holds for all of them together. */
  queue(data: Data): string;
  /** Offered twice with one id, a job is there once for as long as it waits or runs. */
  id(data: Data): string;
  /** How often it is run at most, unless the job itself says otherwise. */
  readonly attempts: number;
  /** How long after so many failed attempts the next one comes when the error does not say, in milliseconds. */
  retryAfterMs(attempts: number): number;
  /** 0 comes first; a job of a larger number waits for all of a smaller one in its queue. */
  readonly priority: number;
  /** A job that has waited for this long serves nobody and is removed, in seconds; `never`: it waits until it is run. */
  readonly staleAfterSeconds: number | 'never';
}

/** The part of a zod schema that is used here. */
export interface DataSchema<Data> {
  safeParse(value: unknown): { readonly success: true; readonly data: Data } | { readonly success: false };
}

/** Types of jobs by their names. */
export type JobTypes = Readonly<Record<string, JobType>>;

/** Checks a declaration, and keeps its type. */
export function jobType<Data>(type: JobType<Data>): JobType<Data> {
  return type;
}

/** A job as `Queue.addBulk` takes it. */
export interface NewJob<Data = unknown> {
  readonly name: string;
  readonly data: Data;
  readonly opts: BulkJobOptions;
}

/** A job of a type. @param attempts default: that of the type. */
export function newJob<Data>(type: JobType<Data>, data: Data, attempts = type.attempts): NewJob<Data> {
  const { name, priority } = type;
  return {
    name,
    data,
    opts: {
      jobId: type.id(data),
      attempts,
      priority,
      // Any type that BullMQ does not know itself leads to the strategy of the worker.
      backoff: { type: 'as-declared' },
      // Pruning by count or age deadlocks on the Postgres backend; failed jobs stay for the board until they are cleaned.
      removeOnComplete: true,
      removeOnFail: false,
    },
  };
}

/** What a handler is told of the job that it runs. */
export interface JobContext<Data = unknown> {
  readonly id: string;
  /** From 1. */
  readonly attempt: number;
  /** The worker that had it before lost its lock: it is gone. */
  readonly isTakenOver: boolean;
  /** Of a job that comes by the clock: the time that it is for, milliseconds since 1970. */
  readonly dueAtMs: number | undefined;
  /** Aborted when the process is about to end: a long job keeps what it has come to ({@link JobContext.checkpoint}) and gives itself back. */
  readonly ending: AbortSignal;
  /** Aborted when the time to finish is over: the job has to end at once. */
  readonly signal: AbortSignal;
  /** Keeps what a job has come to as its data, from which it goes on, here or at another worker. */
  readonly checkpoint: (data: Data) => Promise<void>;
}

/** Runs a job. @throws an error with `afterMs` to be tried again then, {@link PostponedJobError} to be put back without an attempt. */
export type JobHandler<Data> = { handle(data: Data, context: JobContext<Data>): Promise<void> }['handle'];

/** One handler for each of the types: a missing one does not compile. */
export type HandlersOf<Types extends JobTypes> = {
  readonly [Name in keyof Types]: Types[Name] extends JobType<infer Data> ? JobHandler<Data> : never;
};

/** An error of a job that says how long the next attempt has to wait, in milliseconds. */
export interface DelayedRetry {
  readonly afterMs: number;
}

/** Thrown by a handler whose job shall wait in the queue once more; that counts as no attempt. */
export class PostponedJobError extends Error {
  override readonly name: string = 'PostponedJobError';

  /** @param afterMs how long it has to wait; 0 gives it back at once, to whichever worker is free. */
  constructor(
    message: string,
    readonly afterMs: number,
  ) {
    super(message);
  }
}
