import { openList, type Wait } from '@app/ingestion';
import { LISTS_JOBS, SOURCE_JOBS, type HandlersOf, type JobTypes } from '@app/queue';
import type { Source } from '@app/sources';
import {
  AssetLinkRepository,
  DriftRepository,
  FetchRepository,
  IngestionRepository,
  RefusedSymbolRepository,
  SampleRepository,
  SourceStateRepository,
} from '@app/storage';
import { sourceCalls } from './fetch-prices/call-metrics.js';
import { FetchPricesJob } from './fetch-prices/fetch-prices.job.js';
import { IngestAssetsJob } from './ingest-assets/ingest-assets.job.js';
import type { JobOptions } from './job-options.js';

/** The jobs that a worker runs: their types, and who handles those of a source. */
export interface SourceJobs<Types extends JobTypes = JobTypes> {
  readonly types: Types;
  readonly handlersFor: (source: Source) => HandlersOf<Types>;
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
    symbols: new RefusedSymbolRepository(pool),
  });
  return {
    types: SOURCE_JOBS,
    handlersFor: (source) => ({
      'fetch-prices': (key, context) => fetchPrices.run(source, key, context),
    }),
  };
}

/** Every type of job of the queue of lists with its handler. */
export function listsJobs(options: JobOptions): HandlersOf<typeof LISTS_JOBS> {
  const ingestAssets = ingestAssetsJob(options);
  return { 'ingest-assets': (key, context) => ingestAssets.run(key, context) };
}

function ingestAssetsJob({ pool, logger, client, budget, ingestion, now }: JobOptions): IngestAssetsJob {
  const takeCall = budget === undefined ? undefined : budget.take.bind(budget);
  const states = new SourceStateRepository(pool);
  const onCall = (source: string, outcome: string): void => sourceCalls.inc({ source, outcome });
  const onWait = ({ source, afterMs, why }: Wait): void =>
    logger.info({ event: 'ingestion_waits', source, seconds: Math.ceil(afterMs / 1000) }, `waiting ${why}`);
  return new IngestAssetsJob({
    ...{ logger, ...ingestion },
    runs: new IngestionRepository(pool),
    drifts: new DriftRepository(pool),
    links: new AssetLinkRepository(pool),
    listOf: (source) => openList(source, { ...ingestion, client, states, takeCall, onCall, onWait, now }),
  });
}
