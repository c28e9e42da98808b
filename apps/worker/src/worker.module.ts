import { Module, type DynamicModule } from '@nestjs/common';
import type { JudgeOptions } from '@app/domain';
import { OperationsModule, type ReadinessAnswer } from '@app/process/server';
import type { Logger } from '@app/observability';
import { ClockWatch } from '@app/process';
import { SOURCE_JOBS, type HandlersOf, type QueueStore } from '@app/queue';
import { parserVersionOf, SOURCES, SourceClient, type Source } from '@app/sources';
import {
  AttemptRepository,
  DriftRepository,
  FetchRepository,
  PayloadRepository,
  SampleRepository,
  SourceStateRepository,
  type Pool,
} from '@app/storage';
import { FetchPricesJob, type FetchPricesOptions } from './jobs/fetch-prices/fetch-prices.job.js';
import { Provenance, type ProvenanceLimits } from './jobs/fetch-prices/provenance.js';
import { jobWorkersFor, RunJobs, type RunJobsOptions, type SourceJobs } from './run-jobs.js';
import { publishedBudget } from './source-budget.js';
import { FINISH_WITHIN_MS, JOB_WORKERS, LOGGER } from './tokens.js';

/** What a worker is made of; opened before Nest starts, so that Nest only wires. */
export interface WorkerModuleOptions {
  readonly logger: Logger;
  readonly pool: Pool;
  readonly clock: ClockWatch;
  /** Answers why this process is not ready. */
  readonly readiness: ReadinessAnswer;
  readonly client: SourceClient;
  readonly queueStore: QueueStore;
  readonly running: RunJobsOptions;
  /** How answers are judged. */
  readonly judging: JudgeOptions;
  /** How much of what the sources answered is kept. */
  readonly provenance: ProvenanceLimits;
  /** How long jobs in hand may take to finish at the end before they are given back. */
  readonly finishWithinMs: number;
  readonly now: () => number;
}

/** The data plane: runs the jobs of every source. */
@Module({})
export class WorkerModule {
  /** @param jobs default: every type of job that the catalogue has for sources. */
  static forRoot(options: WorkerModuleOptions, jobs?: SourceJobs): DynamicModule {
    const { logger, clock, client, queueStore, running } = options;
    const provenance = provenanceOf(options);
    const fetchPrices = new FetchPricesJob(fetchPricesOptions(options, provenance));
    const handlersFor = (source: Source) =>
      ({ 'fetch-prices': (key, context) => fetchPrices.run(source, key, context) }) satisfies HandlersOf<
        typeof SOURCE_JOBS
      >;
    const workers = jobWorkersFor(SOURCES, jobs ?? { types: SOURCE_JOBS, handlersFor }, {
      ...running,
      ...{ store: queueStore, logger },
    });
    return {
      module: WorkerModule,
      imports: [OperationsModule.forRoot(options)],
      providers: [
        { provide: LOGGER, useValue: logger },
        { provide: FINISH_WITHIN_MS, useValue: options.finishWithinMs },
        { provide: ClockWatch, useValue: clock },
        { provide: SourceClient, useValue: client },
        { provide: JOB_WORKERS, useValue: workers },
        { provide: Provenance, useValue: provenance },
        RunJobs,
      ],
    };
  }
}

function fetchPricesOptions(options: WorkerModuleOptions, provenance: Provenance): FetchPricesOptions {
  const { logger, pool, client, now, running, judging } = options;
  return {
    fetches: new FetchRepository(pool),
    samples: new SampleRepository(pool),
    states: new SourceStateRepository(pool),
    budget: running.limited ? publishedBudget(pool, running.access) : undefined,
    ...{ client, provenance, judging, logger, now },
  };
}

function provenanceOf({ pool, logger, now, provenance: limits, running }: WorkerModuleOptions): Provenance {
  const keys = Object.values(running.access).map((access) => access?.apiKey);
  return new Provenance({
    payloads: new PayloadRepository(pool),
    attempts: new AttemptRepository(pool),
    drifts: new DriftRepository(pool),
    logger,
    now,
    limits,
    secrets: keys.filter((key) => key !== undefined),
    parserVersionOf,
  });
}
