import type { JudgeOptions, LinkRule } from '@app/domain';
import type { Logger } from '@app/observability';
import type { DriftPolicy, SourceClient } from '@app/sources';
import type { Pool } from '@app/storage';
import type { SourceBudget } from '../source-budget.js';
import type { Provenance } from './fetch-prices/provenance.js';

/** How lists of assets are read. */
export interface IngestionOptions {
  /** Folder with CSV files and their layouts; undefined: none. */
  readonly csvFolder: string | undefined;
  readonly driftPolicy: DriftPolicy;
  /** Pages of a list, by source. */
  readonly pages: Readonly<Record<string, number>>;
  /** Records stored in one transaction. */
  readonly batchSize: number;
  /** Ends a run as failed after so many records; undefined: never. */
  readonly failAfterRecords: number | undefined;
  /** By which assets of different sources are one. */
  readonly linkRules: readonly LinkRule[];
}

/** What the handlers of a worker's jobs are made from; each takes what it needs. */
export interface JobOptions {
  readonly logger: Logger;
  readonly pool: Pool;
  readonly client: SourceClient;
  /** What limits and months allow; undefined: anything. */
  readonly budget: SourceBudget | undefined;
  /** Remembers where the prices came from. */
  readonly provenance: Provenance;
  /** How lists of assets are read. */
  readonly ingestion: IngestionOptions;
  /** How answers are judged. */
  readonly judging: JudgeOptions;
  /** This process's clock, milliseconds since 1970. */
  readonly now: () => number;
}
