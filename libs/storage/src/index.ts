export type { Pool } from 'pg';
export * from './catalogue.repository.js';
export * from './close.repository.js';
export * from './data-source.js';
export * from './database-clock.js';
export * from './fetch.repository.js';
export * from './history.repository.js';
export * from './invariants/index.js';
export * from './migrate.js';
export * from './partitions.js';
export * from './plan.repository.js';
export * from './pool.js';
export {
  SampleRepository,
  type DecidedPrice,
  type FetchResult,
  type Sample,
  type StoreOutcome,
} from './sample.repository.js';
export * from './read/index.js';
export * from './schema-check.js';
export * from './settings.repository.js';
export * from './transient-error.js';
export * from './fitness.js';
