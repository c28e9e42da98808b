import { jobType, PostponedJobError, SOURCE_JOBS, sourceQueueName, type JobHandler } from '@app/queue';
import { waitForRoom, type Source } from '@app/sources';
import { z } from 'zod';
import type { JobOptions } from '../../apps/worker/src/jobs/job-options.js';
import { sourceJobs, type SourceJobs } from '../../apps/worker/src/jobs/source-jobs.js';

const readingSchema = z.object({
  source: z.string(),
  number: z.int(),
  /** Calls made so far. */
  calls: z.int(),
  /** Calls to make. */
  of: z.int(),
  /** Before this call the first attempt fails. */
  failsBefore: z.int().optional(),
});
/** What a job of {@link READ_OFTEN} carries. */
export type Reading = z.infer<typeof readingSchema>;

/** The name that the readings ask for: no ticker of these tests has it. */
export const READ_SYMBOL = 'paxg_usdc';

/** A type of job that only tests know: several calls each, in the queue of the source that it calls, behind the fetches. */
export const READ_OFTEN = jobType<Reading>({
  name: 'read-often',
  data: readingSchema,
  queue: ({ source }) => sourceQueueName(source),
  id: ({ number }) => `read-${number}`,
  attempts: 2,
  retryAfterMs: () => 200,
  priority: 5,
  staleAfterSeconds: 3_600,
});

const TYPES = { ...SOURCE_JOBS, 'read-often': READ_OFTEN } as const;

/** All that a worker runs, and one type more. */
export function jobsWithReadOften(options: JobOptions): SourceJobs<typeof TYPES> {
  const { handlersFor } = sourceJobs(options);
  return {
    types: TYPES,
    handlersFor: (source) => ({ ...handlersFor(source), 'read-often': readOften(options, source) }),
  };
}

function readOften({ budget, client, logger, now }: JobOptions, source: Source): JobHandler<Reading> {
  return async (reading, { attempt, ending, signal, checkpoint }) => {
    for (let calls = reading.calls; calls < reading.of; calls += 1) {
      if (ending.aborted) throw new PostponedJobError('the process ends', 0);
      if (attempt === 1 && calls === reading.failsBefore) throw new Error(`no call ${calls} in the first attempt`);
      if (budget !== undefined) {
        const take = (nowMs: number) => budget.take(source, 1, nowMs);
        await waitForRoom(source, { take, now, maxWaitMs: 60_000, signal });
      }
      await client.fetch(source, [{ ticker: READ_SYMBOL, sourceSymbol: READ_SYMBOL }], { timeoutMs: 5_000, signal });
      await checkpoint({ ...reading, calls: calls + 1 });
      logger.info({ event: 'read', number: reading.number, call: calls, attempt }, 'called');
    }
    logger.info({ event: 'read_all', number: reading.number, attempt }, 'called often enough');
  };
}
