import type { JudgeOptions } from '@app/domain';
import type { Logger } from '@app/observability';
import { SOURCE_JOBS, type HandlersOf, type JobTypes } from '@app/queue';
import type { Source, SourceClient } from '@app/sources';
import { FetchRepository, SampleRepository, SourceStateRepository, type Pool } from '@app/storage';
import type { SourceBudget } from '../source-budget.js';
import { FetchPricesJob } from './fetch-prices/fetch-prices.job.js';
import type { Provenance } from './fetch-prices/provenance.js';

/** The jobs that a worker runs: their types, and who handles those of a source. */
export interface SourceJobs<Types extends JobTypes = JobTypes> {
  readonly types: Types;
  readonly handlersFor: (source: Source) => HandlersOf<Types>;
}

/** What the handlers are made from; each takes what it needs. */
export interface JobOptions {
  readonly logger: Logger;
  readonly pool: Pool;
  readonly client: SourceClient;
  /** What limits and months allow; undefined: anything. */
  readonly budget: SourceBudget | undefined;
  /** Remembers where the prices came from. */
  readonly provenance: Provenance;
  /** How answers are judged. */
  readonly judging: JudgeOptions;
  /** This process's clock, milliseconds since 1970. */
  readonly now: () => number;
}

/** Makes the jobs of a worker. */
export type JobsOf = (options: JobOptions) => SourceJobs;

/** Every type of job of a source's queue with its handler. A new one is a folder of its own and a line here: without, this does not compile. */
export function sourceJobs(options: JobOptions): SourceJobs<typeof SOURCE_JOBS> {
  const { pool } = options;
  const fetchPrices = new FetchPricesJob({
    ...options,
    fetches: new FetchRepository(pool),
    samples: new SampleRepository(pool),
    states: new SourceStateRepository(pool),
  });
  return {
    types: SOURCE_JOBS,
    handlersFor: (source) => ({ 'fetch-prices': (key, context) => fetchPrices.run(source, key, context) }),
  };
}
