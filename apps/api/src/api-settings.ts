import type { Mode } from '@app/storage';
import type { Logger } from '@app/observability';

/** What the parts of the API need to know of how it was started. */
export interface ApiSettings {
  /** Address of the database, as a role that may only read. */
  readonly databaseUrl: string;
  readonly mode: Mode;
  readonly logger: Logger;
  /** Called when waiting cannot help: the database is of the other mode, or this process could write to it. */
  readonly onFatal: (error: Error) => void;
  /** A client that takes nothing of a stream for this long is dropped, in milliseconds. */
  readonly streamIdleMs: number;
}
