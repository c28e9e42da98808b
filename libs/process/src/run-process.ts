import { describeFault } from '@app/observability';
import type { Logger } from 'pino';
import { foreseenStatus, isLasting, LASTING_FAULT, sayFault } from './fault-status.js';
import { leaveProcess } from './leave-process.js';

/** Something that can be closed in an orderly way, such as a Nest application. */
export interface Closable {
  /** Called first when the process was told to end: from here on it says that it is not ready. */
  end?(): void;
  close(): Promise<unknown>;
}

/** How long an orderly end may take before the process gives up, in milliseconds: below the 10 s that containers grant. */
const SHUTDOWN_LIMIT_MS = 8_000;

/** How a process ends. */
export interface EndOptions {
  /** How long it goes on serving after SIGTERM while it says that it is not ready, in milliseconds; default 0. */
  readonly drainMs?: number;
  /** How long the orderly end may take after that before the process gives up, in milliseconds; default 8,000. */
  readonly limitMs?: number;
}

/**
 * Runs a process from start to end: closes it on SIGTERM and SIGINT, and ends with status 1 and one clear line when it
 * cannot start, or when something fails that nobody handled, also while it ends. What no new start mends is said in plain words
 * on standard error, as a wrong environment is, and its status is 2.
 */
export function runProcess(logger: Logger, start: () => Promise<Closable>, options: EndOptions = {}): void {
  const { drainMs = 0, limitMs = SHUTDOWN_LIMIT_MS } = options;
  let app: Closable | undefined;
  let worst = 0;
  let ending = false;
  const drained = Promise.withResolvers<void>();
  const close = (): Promise<unknown> | undefined => app?.close();
  const end = (status: number): void => {
    worst = Math.max(worst, status);
    // What failed has nothing left to serve.
    const servesForMs = worst === 0 && app !== undefined ? drainMs : 0;
    if (servesForMs === 0) drained.resolve();
    if (ending) return;
    ending = true;
    // Should the end hang with nothing left that keeps the process, Node ends it by itself: that is no success.
    process.exitCode = 1;
    app?.end?.();
    setTimeout(() => leaveProcess(Math.max(worst, 1)), servesForMs + limitMs).unref();
    // Not in the same breath: a request that came while the process had no processor is taken first.
    setTimeout(() => setImmediate(drained.resolve), servesForMs);
    void drained.promise.then(close).then(
      () => leaveProcess(worst),
      (error: unknown) => {
        logger.error({ err: error }, 'could not end in an orderly way');
        leaveProcess(Math.max(worst, 1));
      },
    );
  };
  const fail = (error: unknown): void => {
    if (isLasting(error)) {
      sayFault(describeFault(error));
      return end(LASTING_FAULT);
    }
    // The stack of a fault that was foreseen tells nobody anything.
    logger.fatal(foreseenStatus(error) === undefined ? { err: error } : {}, describeFault(error));
    end(1);
  };
  // Not "once": a Ctrl-C often arrives twice, from the terminal and from npm, and the second must not cut the end short.
  process.on('SIGTERM', () => end(0));
  process.on('SIGINT', () => end(0));
  // Whoever started it over a channel is dead: nobody would end it any more.
  if (process.connected) process.once('disconnect', () => end(0));
  // Not "once" either: what fails during the end must not cut it short, and is in its status.
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  start().then((started) => {
    app = started;
  }, fail);
}

/** Runs a task to its end and ends the process: status 0, or 1 after its fault in plain words, or 2 when no new start mends it. */
export function runToCompletion(name: string, task: () => Promise<void>): void {
  task().then(
    () => leaveProcess(0),
    (error: unknown) => {
      sayFault(`${name}: ${describeFault(error)}`);
      leaveProcess(foreseenStatus(error) ?? 1);
    },
  );
}
