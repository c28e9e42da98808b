import type { Job, Queue } from 'bullmq';
import type { JobTypes } from './job-type.js';
import { reachStore } from './reach-store.js';

/** Failed jobs stay this long on the board, in milliseconds. */
const KEEP_FAILED_JOBS_MS = 3_600_000;

/** Most failed jobs that are removed from a queue in one go. */
const CLEAN_LIMIT = 1_000;

/** Waiting jobs that are read together: on Postgres each takes a statement of its own. */
const PAGE = 50;

/** Waiting jobs of a kind that are looked at in one go; the oldest come first. */
const LOOK_LIMIT = 1_000;

/**
 * Removes failed jobs that have been on the board for an hour, and jobs that have waited for longer than their type allows: they serve
 * nobody. A job of a type that is not known stays, and fails when it is run.
 * @throws Error within seconds when the store is away, also when it was never there.
 */
export async function cleanQueue(queue: Queue, types: JobTypes, nowMs = Date.now()): Promise<void> {
  await reachStore(queue);
  await queue.clean(KEEP_FAILED_JOBS_MS, CLEAN_LIMIT, 'failed');
  const stale = [
    ...(await staleJobs(queue, 'wait', types, nowMs)),
    ...(await staleJobs(queue, 'prioritized', types, nowMs)),
  ];
  for (const job of stale) await job.remove().catch(ignoreTaken);
}

async function staleJobs(queue: Queue, state: 'wait' | 'prioritized', types: JobTypes, nowMs: number): Promise<Job[]> {
  const stale: Job[] = [];
  for (let from = 0; from < LOOK_LIMIT; from += PAGE) {
    const jobs = await queue.getJobs(state, from, from + PAGE - 1, true);
    stale.push(...jobs.filter((job) => isStale(job, types, nowMs)));
    // A page may be short before the end: a worker takes jobs while they are read.
    if (jobs.length === 0) break;
  }
  return stale;
}

function isStale({ name, timestamp }: Job, types: JobTypes, nowMs: number): boolean {
  const limit = Object.hasOwn(types, name) ? types[name]?.staleAfterSeconds : undefined;
  return typeof limit === 'number' && nowMs - timestamp > limit * 1000;
}

/** A worker has taken it meanwhile, and has it in hand. */
function ignoreTaken(error: unknown): void {
  if (!(error instanceof Error && error.message.includes('is locked by another worker'))) throw error;
}
