export type { Pool } from 'pg';
export { AttemptRepository, type AnsweredCall, type FailedAttempt } from './attempt.repository.js';
export * from './catalogue.repository.js';
export * from './close.repository.js';
export * from './connection-fault.js';
export * from './data-source.js';
export * from './database-clock.js';
export * from './drift.repository.js';
export * from './extra-fetch.repository.js';
export * from './fetch.repository.js';
export * from './history.repository.js';
export * from './invariants/index.js';
export * from './migrate.js';
export * from './partitions.js';
export * from './payload.repository.js';
export * from './plan.repository.js';
export * from './pool.js';
export * from './pooler.js';
export {
  SampleRepository,
  type DecidedPrice,
  type FetchResult,
  type RefusedPrice,
  type RevisedSample,
  type Sample,
  type Settled,
  type StandingSample,
  type StoreOutcome,
} from './sample.repository.js';
export * from './read/index.js';
export * from './replay.repository.js';
export { RevisionRepository, type Corrected, type Correction, type CorrectionOptions } from './revision.repository.js';
export * from './schema-check.js';
export * from './settings.repository.js';
export * from './source-credit.repository.js';
export * from './source-state.repository.js';
export * from './source-weight.js';
export * from './status.repository.js';
export * from './transient-error.js';
export * from './fitness.js';
