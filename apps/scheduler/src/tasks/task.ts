import type { Logger } from '@app/observability';
import type { ClockWatch } from '@app/process';
import type { JobTypes } from '@app/queue';
import type { SourceAccesses } from '@app/sources';
import type {
  CloseRepository,
  IngestionRepository,
  IngestionRetentionDays,
  ListIntervalRepository,
  PayloadRepository,
  Pool,
  SnapshotRepository,
} from '@app/storage';
import type { FetchQueues } from '../planning/fetch-queues.js';
import type { PlannerService } from '../planning/planner.service.js';
import type { WakeUps } from '../planning/wake-ups.js';

/** Periodic work of a scheduler. With several schedulers each of them runs it: two at once must do no harm. */
export interface Task {
  /** A verb and a noun, like the name of its file: `close-slots`. It is the label in metrics, log and `/status`. */
  readonly name: string;
  /** Seconds from one run to the next, counted by the clock and not from the start of the process. */
  readonly everySeconds: number;
  /** When in its period it runs, in milliseconds after the period's beginning. */
  readonly offsetMs: number;
  /**
   * Runs once. It is never called while an earlier call is in hand.
   * @param signal aborted when the process ends: whoever takes long stops where nothing is left half done.
   * @throws whatever went wrong, also when it could not do its work; it is counted, logged, and tried again after a period.
   */
  run(signal: AbortSignal): Promise<void>;
}

/** Which lists of assets are read, how often, and for how long what they brought is kept. */
export interface IngestionPart {
  /** 0: never. */
  readonly intervalSeconds: number;
  /** Folder with CSV files and their layouts; undefined: none. */
  readonly csvFolder: string | undefined;
  /** How many pages of a list are read, by source; default: what the list says. */
  readonly pages?: Readonly<Record<string, number>>;
  /** For how long what they brought is kept. */
  readonly retentionDays: IngestionRetentionDays;
}

/** What the tasks are made from; each takes what it needs. */
export interface TaskOptions {
  readonly logger: Logger;
  readonly pool: Pool;
  /** Must be right for whatever decides by the time that something is over. */
  readonly clock: ClockWatch;
  readonly queues: FetchQueues;
  /** The types of the jobs that stand in the queues. */
  readonly jobTypes: JobTypes;
  readonly planner: PlannerService;
  readonly wakeUps: WakeUps;
  readonly closer: CloseRepository;
  readonly payloads: PayloadRepository;
  /** How many days the bodies of answers are kept. */
  readonly payloadRetentionDays: number;
  readonly snapshots: SnapshotRepository;
  /** Where snapshots are written; undefined when none are. */
  readonly snapshotFolder: string | undefined;
  /** Which lists of assets are read. */
  readonly ingestion: IngestionPart;
  readonly lists: ListIntervalRepository;
  readonly runs: IngestionRepository;
  readonly access: SourceAccesses;
  /** Whether months are counted. */
  readonly limited: boolean;
  /** This process's clock, milliseconds since 1970. */
  readonly now: () => number;
}

/** Makes the tasks of a scheduler. */
export type TasksOf = (options: TaskOptions) => readonly Task[];

/** @throws Error saying how far this process's clock is off, when it is not to be trusted. */
export function requireTrueClock(clock: ClockWatch): void {
  const why = clock.whyUntrue();
  if (why !== undefined) throw new Error(why);
}
