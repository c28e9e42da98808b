export type { Pool } from 'pg';
export * from './database/connection-fault.js';
export * from './database/database-clock.js';
export * from './database/database-findings.js';
export * from './database/pool.js';
export * from './database/pooler.js';
export * from './database/process-database.js';
export * from './database/transient-error.js';
export * from './schema/data-source.js';
export * from './schema/fitness.js';
export * from './schema/migrate.js';
export * from './schema/partitions.js';
export { MissingRightsError } from './schema/rights.js';
export * from './schema/schema-check.js';
export * from './schema/settings.repository.js';
export * from './catalogue/catalogue.repository.js';
export { AttemptRepository, type AnsweredCall, type EarlierCall } from './fetches/attempt.repository.js';
export * from './fetches/extra-fetch.repository.js';
export * from './fetches/fetch.repository.js';
export * from './fetches/plan.repository.js';
export * from './slots/close.repository.js';
export * from './slots/history.repository.js';
export {
  SampleRepository,
  type DecidedPrice,
  type FetchResult,
  type RefusedPrice,
  type RevisedSample,
  type Sample,
  type Decisions,
  type StandingSample,
  type StoreOutcome,
} from './slots/sample.repository.js';
export * from './sources/call-budget.js';
export * from './sources/drift.repository.js';
export * from './sources/drift-tally.js';
export {
  RefusedSymbolRepository,
  type LearnedSymbols,
  type Refusal,
  type RefusedSymbolRow,
  type SymbolNews,
} from './sources/refused-symbol.repository.js';
export * from './sources/source-credit.repository.js';
export * from './sources/source-state.repository.js';
export * from './ingestion/asset-link.reader.js';
export * from './ingestion/asset-link.repository.js';
export { storableText } from './database/storable-text.js';
export * from './ingestion/asset.reader.js';
export * from './ingestion/ingestion-retention.js';
export * from './ingestion/ingestion.reader.js';
export * from './ingestion/ingestion.repository.js';
export { RunLock, RunLockLostError, type RunLockOptions } from './ingestion/run-lock.js';
export * from './ingestion/reprocess.repository.js';
export * from './ingestion/list-interval.repository.js';
export * from './payloads/payload.repository.js';
export * from './revisions/replay.repository.js';
export {
  RevisionRepository,
  type Corrected,
  type Correction,
  type CorrectionOptions,
} from './revisions/revision.repository.js';
export type { SnapshotSample } from './snapshots/snapshot-samples.sql.js';
export * from './snapshots/snapshot.repository.js';
export * from './read/index.js';
export * from './read/recent-samples.js';
export * from './read/status.repository.js';
export * from './verify/index.js';
