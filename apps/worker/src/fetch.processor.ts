import { OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject, Injectable, type Type } from '@nestjs/common';
import type { Logger } from '@app/observability';
import { endWorker, fetchJobSchema, fetchQueueName, fetchWorkerOptions } from '@app/queue';
import type { Source, SourceAccesses } from '@app/sources';
import { DelayedError, UnrecoverableError, type Job } from 'bullmq';
import { limiterOf } from './jobs/fetch-prices/call-allowance.js';
import { PostponeFetchError, RetryFetchError } from './jobs/fetch-prices/fetch-errors.js';
import { FetchPricesJob } from './jobs/fetch-prices/fetch-prices.job.js';
import { LOGGER, SHUTDOWN } from './tokens.js';

/** Takes jobs from one source's queue and hands them to {@link FetchPricesJob}. */
@Injectable()
export abstract class FetchProcessor extends WorkerHost {
  protected abstract readonly source: Source;

  @Inject(FetchPricesJob) private readonly fetchPrices: FetchPricesJob;
  @Inject(LOGGER) private readonly logger: Logger;
  @Inject(SHUTDOWN) private readonly shutdown: AbortController;

  private readonly inHand = new Set<Promise<void>>();

  override async process(job: Job, token?: string): Promise<void> {
    const run = this.run(job, token);
    this.inHand.add(run);
    try {
      await run;
    } finally {
      this.inHand.delete(run);
    }
  }

  /** Takes no more jobs. @returns when those in hand have ended and the worker is closed. */
  end(): Promise<void> {
    return endWorker(this.worker, this.idle());
  }

  private async idle(): Promise<void> {
    while (this.inHand.size > 0) await Promise.allSettled(this.inHand);
  }

  private async run(job: Job, token: string | undefined): Promise<void> {
    const key = fetchJobSchema.safeParse(job.data);
    if (!key.success) throw new UnrecoverableError(`a job of another version, with data ${JSON.stringify(job.data)}`);
    try {
      await this.fetchPrices.run(this.source, key.data, {
        takeOver: job.stalledCounter > 0,
        signal: this.shutdown.signal,
      });
    } catch (error) {
      if (!(error instanceof PostponeFetchError)) throw error;
      // Not an attempt: the job waits in the queue, and no worker has it in hand meanwhile.
      await job.moveToDelayed(Date.now() + Math.ceil(error.afterMs), token);
      throw new DelayedError(error.message);
    }
  }

  @OnWorkerEvent('failed')
  onFailed(job: Job | undefined, error: Error): void {
    if (error instanceof RetryFetchError) {
      this.logger.info({ event: 'fetch_retried', job: job?.id, source: this.source.name }, error.message);
      return;
    }
    this.logger.error({ event: 'job_failed', job: job?.id, source: this.source.name, err: error }, error.message);
  }

  /** Without a listener a lost connection would end the process; the worker goes on by itself when the store is back. */
  @OnWorkerEvent('error')
  onError(error: Error): void {
    this.logger.warn({ event: 'queue_error', source: this.source.name }, error.message);
  }

  @OnWorkerEvent('stalled')
  onStalled(jobId: string): void {
    this.logger.warn(
      { event: 'job_stalled', job: jobId, source: this.source.name },
      'a worker went away with this job',
    );
  }
}

/** How the processors of all sources run. */
export interface ProcessorOptions {
  /** From which the plan of each source, and so its limit, follows. */
  readonly access: SourceAccesses;
  readonly concurrency: number;
  /** Whether the limits that sources publish are kept; the simulator has none. */
  readonly limited: boolean;
}

/** The processor of one source: @nestjs/bullmq ties a processor class to one queue. */
export function fetchProcessorFor(source: Source, options: ProcessorOptions): Type<FetchProcessor> {
  @Processor(fetchQueueName(source.name), {
    ...fetchWorkerOptions,
    concurrency: options.concurrency,
    ...(options.limited ? { limiter: limiterOf(source, options.access) } : {}),
  })
  class SourceFetchProcessor extends FetchProcessor {
    protected override readonly source = source;
  }
  return SourceFetchProcessor;
}
