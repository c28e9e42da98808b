import type { Logger } from '@app/observability';
import type { Mode } from '@app/storage';

/** What the parts of the API need to know of how it was started. */
export interface ApiSettings {
  readonly mode: Mode;
  readonly logger: Logger;
  /** A client that takes nothing of a stream for this long is dropped, in milliseconds. */
  readonly streamIdleMs: number;
}
