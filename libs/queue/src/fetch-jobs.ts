import type { BulkJobOptions, JobsOptions, Queue } from 'bullmq';
import { z } from 'zod';
import { reachStore } from './reach-store.js';

/** Name of the one job in a source's queue. */
export const FETCH_JOB = 'fetch-prices';

/** What a fetch job carries: the key of its row in Postgres, which holds everything else. */
export const fetchJobSchema = z.object({
  sourceId: z.int().positive(),
  source: z.string(),
  batch: z.string(),
  slot: z.int(),
});
/** See {@link fetchJobSchema}. */
export type FetchJob = z.infer<typeof fetchJobSchema>;

/**
 * Queue of a source: one each, so that a slow source starves no other and its limit is the queue's limit. A queue's name must not hold
 * the colon of ccxt:kraken; no two sources differ in that alone.
 */
export function fetchQueueName(source: string): string {
  return `prices-${source.replaceAll(':', '-')}`;
}

/** Id of a fetch's job in the queue of its source. */
export function fetchJobId(fetch: { readonly batch: string; readonly slot: number }): string {
  return `${fetch.batch}-${fetch.slot}`;
}

/** The job's name, data and options, for `addBulk`. The id makes offering the same fetch twice harmless while the job exists. */
export function fetchJob(fetch: FetchJob, maxAttempts: number): { name: string; data: FetchJob; opts: BulkJobOptions } {
  return {
    name: FETCH_JOB,
    data: { sourceId: fetch.sourceId, source: fetch.source, batch: fetch.batch, slot: fetch.slot },
    opts: { ...jobOptions, jobId: fetchJobId(fetch), attempts: maxAttempts },
  };
}

/** Adds jobs to a source's queue. @throws Error within seconds when the store is away, also when it was never there. */
export async function addFetchJobs(queue: Queue, jobs: readonly ReturnType<typeof fetchJob>[]): Promise<void> {
  await reachStore(queue);
  await queue.addBulk([...jobs]);
}

/**
 * Takes the jobs of fetches out of a source's queue. One that a worker has in hand stays, and ends by itself.
 * @throws Error within seconds when the store is away.
 */
export async function removeFetchJobs(
  queue: Queue,
  fetches: readonly { readonly batch: string; readonly slot: number }[],
): Promise<void> {
  await reachStore(queue);
  await Promise.all(fetches.map((fetch) => queue.remove(fetchJobId(fetch))));
}

/** An error of a fetch job that says how long the next attempt has to wait, in milliseconds. */
export interface DelayedRetry {
  readonly afterMs: number;
}

/** How long after a failed attempt the next one comes when the error does not say, in milliseconds: twice fits into a window of 5 s. */
const RETRY_AFTER_MS = 1_000;

const jobOptions: JobsOptions = {
  // Any type that BullMQ does not know itself leads to the strategy of the worker, below.
  backoff: { type: 'as-the-error-says' },
  // Pruning by count or age deadlocks on the Postgres backend; failed jobs stay for the board until they are cleaned.
  removeOnComplete: true,
  removeOnFail: false,
};

/**
 * How a worker of a source's queue runs. A job of a worker that was killed is taken up by another after at most
 * `lockDuration` + `stalledInterval`: below 5 s.
 */
export const fetchWorkerOptions = {
  lockDuration: 3_000,
  stalledInterval: 1_000,
  maxStalledCount: 2,
  // After a lost connection the next try comes at once and not after the default of 15 s.
  runRetryDelay: 250,
  drainDelay: 1,
  settings: {
    backoffStrategy: (_attempts?: number, _type?: string, error?: Error): number =>
      isDelayedRetry(error) ? Math.max(0, Math.ceil(error.afterMs)) : RETRY_AFTER_MS,
  },
} as const;

function isDelayedRetry(error: object | undefined): error is DelayedRetry {
  return error !== undefined && 'afterMs' in error && typeof error.afterMs === 'number';
}
