import { Module, type DynamicModule } from '@nestjs/common';
import type { JudgeOptions } from '@app/domain';
import type { Logger } from '@app/observability';
import { ClockWatch } from '@app/process';
import { OperationsModule, type ReadinessAnswer } from '@app/process/server';
import type { QueueStore } from '@app/queue';
import { parserVersionOf, SOURCES, SourceClient } from '@app/sources';
import { AttemptRepository, DriftRepository, PayloadRepository, type Pool } from '@app/storage';
import { Provenance, type ProvenanceLimits } from './jobs/fetch-prices/provenance.js';
import type { IngestionOptions, JobOptions } from './jobs/job-options.js';
import { listsJobs, sourceJobs, type JobsOf } from './jobs/source-jobs.js';
import { listsWorkerFor, jobWorkersFor, RunJobs, type RunJobsOptions } from './run-jobs.js';
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
  /** How lists of assets are read. */
  readonly ingestion: IngestionOptions;
  /** How much of what the sources answered is kept. */
  readonly provenance: ProvenanceLimits;
  /** How long jobs in hand may take to finish at the end before they are given back. */
  readonly finishWithinMs: number;
  readonly now: () => number;
}

/** The data plane: runs the jobs of every source. */
@Module({})
export class WorkerModule {
  /** @param jobsOf makes the jobs; default: every type that the catalogue has for sources. */
  static forRoot(options: WorkerModuleOptions, jobsOf: JobsOf = sourceJobs): DynamicModule {
    const { logger, clock, client, queueStore, running } = options;
    const provenance = provenanceOf(options);
    const parts = jobParts(options, provenance);
    const how = { ...running, store: queueStore, logger };
    const workers = [...jobWorkersFor(SOURCES, jobsOf(parts), how), listsWorkerFor(listsJobs(parts), how)];
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

function jobParts({ running, ...options }: WorkerModuleOptions, provenance: Provenance): JobOptions {
  const { logger, pool, client, ingestion, judging, now } = options;
  const budget = running.limited ? publishedBudget(pool, running.access) : undefined;
  return { logger, pool, client, budget, provenance, ingestion, judging, now };
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
