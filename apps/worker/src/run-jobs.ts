import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { Logger } from '@app/observability';
import { ClockWatch, type ClockOffset } from '@app/process';
import {
  JobWorker,
  LISTS_JOBS,
  LISTS_QUEUE,
  sourceQueueName,
  type HandlersOf,
  type JobTypes,
  type JobWorkerEvents,
  type JobWorkerOptions,
  type QueueStore,
} from '@app/queue';
import { ASSET_LISTS, SourceClient, type Source, type SourceAccesses } from '@app/sources';
import { RetryFetchError } from './jobs/fetch-prices/fetch-errors.js';
import type { SourceJobs } from './jobs/source-jobs.js';
import { limiterOf } from './queue-limiter.js';
import { JOB_WORKERS, FINISH_WITHIN_MS, LOGGER } from './tokens.js';

/** How jobs are run. */
export interface RunJobsOptions {
  /** From which the plan of each source, and so its limit, follows. */
  readonly access: SourceAccesses;
  /** Jobs of one source at a time. */
  readonly concurrency: number;
  /** Whether the limits that sources publish are kept; the simulator has none. */
  readonly limited: boolean;
}

/** A worker for the queue of every source; they take no job before they are run. */
export function jobWorkersFor(
  sources: readonly Source[],
  jobs: SourceJobs,
  { store, logger, ...options }: RunJobsOptions & { readonly store: QueueStore; readonly logger: Logger },
): RunnableWorker[] {
  return sources.map((source) => {
    const worker: JobWorkerOptions<JobTypes> = {
      queue: sourceQueueName(source.name),
      store,
      types: jobs.types,
      handlers: jobs.handlersFor(source),
      concurrency: options.concurrency,
      limiter: options.limited ? limiterOf(source, options.access) : undefined,
      events: eventsOf(source.name, logger),
    };
    return new JobWorker(worker);
  });
}

/** So many lists are read at a time: each of them, and the files. */
export const CONCURRENT_LISTS = ASSET_LISTS.length + 1;

/** A worker for the queue of lists, none of which waits for another. */
export function listsWorkerFor(
  handlers: HandlersOf<typeof LISTS_JOBS>,
  { store, logger }: { readonly store: QueueStore; readonly logger: Logger },
): RunnableWorker {
  const events = eventsOf(undefined, logger);
  return new JobWorker({
    queue: LISTS_QUEUE,
    store,
    types: LISTS_JOBS,
    handlers,
    concurrency: CONCURRENT_LISTS,
    events,
  });
}

/** What {@link RunJobs} asks of a worker. */
export type RunnableWorker = Pick<JobWorker<JobTypes>, 'run' | 'pause' | 'resume' | 'end'>;

/** @param source undefined: a job says it itself. */
function eventsOf(source: string | undefined, logger: Logger): JobWorkerEvents {
  return {
    failed: (job, error) => {
      const fields = { job: job?.id, type: job?.name, source };
      if (error instanceof RetryFetchError) logger.info({ event: 'fetch_retried', ...fields }, error.message);
      else logger.error({ event: 'job_failed', ...fields, err: error }, error.message);
    },
    error: (error) => logger.warn({ event: 'queue_error', source }, error.message),
    stalled: (jobId) => logger.warn({ event: 'job_stalled', job: jobId, source }, 'a worker went away with this job'),
  };
}

/** Runs the jobs of every source, of whatever type; takes none while the clock is wrong, and ends without losing what is in hand. */
@Injectable()
export class RunJobs implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private stopWatching: (() => void) | undefined;
  private isPaused = false;

  constructor(
    @Inject(JOB_WORKERS) private readonly workers: readonly RunnableWorker[],
    private readonly clock: ClockWatch,
    private readonly client: SourceClient,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(FINISH_WITHIN_MS) private readonly finishWithinMs: number,
  ) {}

  onApplicationBootstrap(): void {
    // Before the first job: its price would already come under the wrong slot.
    const offset = this.clock.offset();
    if (offset !== undefined) this.heed(this.clock.isTrue(), offset);
    this.stopWatching = this.clock.onMeasured((isTrue, measured) => this.heed(isTrue, measured));
    for (const worker of this.workers) worker.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopWatching?.();
    await Promise.all(this.workers.map((worker) => worker.end(this.finishWithinMs)));
    this.client.close();
  }

  /** Pauses while the clock is wrong; jobs in hand end by themselves. */
  private heed(isTrue: boolean, { offsetMs }: ClockOffset): void {
    if (isTrue === !this.isPaused) return;
    this.isPaused = !isTrue;
    this.logger[isTrue ? 'info' : 'error'](
      { event: isTrue ? 'clock_true' : 'clock_wrong', offset_ms: offsetMs },
      CLOCK_MESSAGE[`${isTrue}`],
    );
    for (const worker of this.workers) {
      if (isTrue) worker.resume();
      else worker.pause();
    }
  }
}

const CLOCK_MESSAGE = {
  true: 'the clock is right again: taking jobs',
  false: 'the clock is wrong, a price could come under the wrong slot: taking no jobs until it is set right',
};
