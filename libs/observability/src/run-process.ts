import type { Logger } from 'pino';

/** Something that can be closed in an orderly way, such as a Nest application. */
export interface Closable {
  close(): Promise<unknown>;
}

/** How long an orderly end may take before the process gives up, in milliseconds: below the 10 s that containers grant. */
const SHUTDOWN_LIMIT_MS = 8_000;

/**
 * Runs a process from start to end: closes it on SIGTERM and SIGINT, and ends with status 1 and one clear line when it
 * cannot start, or when something fails that nobody handled.
 * @param endLimitMs how long the orderly end may take, in milliseconds.
 */
export function runProcess(logger: Logger, start: () => Promise<Closable>, endLimitMs = SHUTDOWN_LIMIT_MS): void {
  let app: Closable | undefined;
  let ending = false;
  const end = (status: number): void => {
    if (ending) return;
    ending = true;
    // Should the end hang with nothing left that keeps the process, Node ends it by itself: that is no success.
    process.exitCode = 1;
    setTimeout(() => process.exit(status === 0 ? 1 : status), endLimitMs).unref();
    Promise.resolve(app?.close()).then(
      () => process.exit(status),
      (error: unknown) => {
        logger.error({ err: error }, 'could not end in an orderly way');
        process.exit(1);
      },
    );
  };
  const fail = (error: unknown): void => {
    logger.fatal({ err: error }, error instanceof Error ? error.message : String(error));
    end(1);
  };
  // Not "once": a Ctrl-C often arrives twice, from the terminal and from npm, and the second must not cut the end short.
  process.on('SIGTERM', () => end(0));
  process.on('SIGINT', () => end(0));
  // Whoever started it over a channel is dead: nobody would end it any more.
  if (process.connected) process.once('disconnect', () => end(0));
  process.once('uncaughtException', fail);
  process.once('unhandledRejection', fail);
  start().then((started) => {
    app = started;
  }, fail);
}

/** Runs a task to its end and ends the process: status 0, or 1 after one clear line. */
export function runToCompletion(name: string, task: () => Promise<void>): void {
  task().then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exit(1);
    },
  );
}

/** Turns "address already in use" into a sentence that names the variable to change. */
export function explainListenError(error: unknown, variable: string, port: number): Error {
  if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'EADDRINUSE') {
    return new Error(
      `${variable} ${port} is in use: end the process that listens there, or set ${variable} to another port.`,
      {
        cause: error,
      },
    );
  }
  return error instanceof Error ? error : new Error(String(error));
}
