import type { JudgeOptions } from '@app/domain';
import type { Logger } from '@app/observability';
import type { SourceClient } from '@app/sources';
import type { Pool } from '@app/storage';
import type { SourceBudget } from '../source-budget.js';
import type { Provenance } from './fetch-prices/provenance.js';

/** What the handlers of a worker's jobs are made from; each takes what it needs. */
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
