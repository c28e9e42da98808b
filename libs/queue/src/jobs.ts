import { z } from 'zod';
import { jobType, newJob, type NewJob } from './job-type.js';

/** The queue whose one job wakes the planner. */
export const PLANNER_QUEUE = 'planner';

/**
 * Queue of a source: one each, so that a slow source starves no other and its limit is the queue's limit, whatever is asked of it. A
 * queue's name must not hold the colon of ccxt:kraken; no two sources differ in that alone.
 */
export function sourceQueueName(source: string): string {
  return `prices-${source.replaceAll(':', '-')}`;
}

/** What a fetch job carries: the key of its row in Postgres, which holds everything else. */
export const fetchJobSchema = z.object({
  sourceId: z.int().positive(),
  source: z.string(),
  batch: z.string(),
  slot: z.int(),
});
/** See {@link fetchJobSchema}. */
export type FetchJob = z.infer<typeof fetchJobSchema>;

/** Id of a fetch's job in the queue of its source. */
export function fetchJobId({ batch, slot }: { readonly batch: string; readonly slot: number }): string {
  return `${batch}-${slot}`;
}

/** Asks a source for the prices of a batch in a slot. */
export const FETCH_PRICES = jobType<FetchJob>({
  name: 'fetch-prices',
  data: fetchJobSchema,
  queue: ({ source }) => sourceQueueName(source),
  id: fetchJobId,
  attempts: 3,
  // Twice fits into a window of 5 s.
  retryAfterMs: () => 1_000,
  priority: 0,
  // Longer than any window with its grace.
  staleAfterSeconds: 60,
});

/**
 * Queue of the lists of all sources, and of files. Not that of their source: a run takes minutes, and may wait for more, which none of the
 * calls for prices may have to sit out. The limit of a source holds for both all the same, since every call is taken from its budget.
 */
export const LISTS_QUEUE = 'lists';

/** What a job carries that reads a list: whose, and which run of it is to come. */
export const ingestJobSchema = z.object({ source: z.string(), after: z.int().nonnegative() });
/** See {@link ingestJobSchema}. */
export type IngestJob = z.infer<typeof ingestJobSchema>;

/** Reads the list of assets of a source, or the files of a folder. */
export const INGEST_ASSETS = jobType<IngestJob>({
  name: 'ingest-assets',
  data: ingestJobSchema,
  queue: () => LISTS_QUEUE,
  // However many schedulers offer it, it is there once; and it comes again only when a run has begun meanwhile.
  id: ({ source, after }) => `ingest-${source}-${after}`,
  attempts: 1,
  retryAfterMs: () => 1_000,
  priority: 0,
  staleAfterSeconds: 3_600,
});

/** Wakes the planner, every second. */
export const WAKE_PLANNER = jobType({
  name: 'wake-planner',
  data: z.object({}),
  queue: () => PLANNER_QUEUE,
  id: () => 'wake',
  attempts: 1,
  retryAfterMs: () => 1_000,
  priority: 0,
  staleAfterSeconds: 60,
});

/** The jobs that stand in the queue of a source, and that a worker runs. */
export const SOURCE_JOBS = { 'fetch-prices': FETCH_PRICES } as const;

/** The jobs of {@link LISTS_QUEUE}, which a worker runs. */
export const LISTS_JOBS = { 'ingest-assets': INGEST_ASSETS } as const;

/** The jobs of {@link PLANNER_QUEUE}, which a scheduler runs. */
export const PLANNER_JOBS = { 'wake-planner': WAKE_PLANNER } as const;

/** Every type of job. */
export const JOBS = { ...SOURCE_JOBS, ...LISTS_JOBS, ...PLANNER_JOBS } as const;

/** A job of {@link FETCH_PRICES}. */
export function fetchJob({ sourceId, source, batch, slot }: FetchJob, maxAttempts: number): NewJob<FetchJob> {
  return newJob(FETCH_PRICES, { sourceId, source, batch, slot }, maxAttempts);
}
