import { destination, pino, stdSerializers, stdTimeFunctions, type Logger } from 'pino';

export type { Logger } from 'pino';

/** What a logger needs to know. */
export interface LoggerOptions {
  /** Process that logs, e.g. `worker`. */
  readonly name: string;
  readonly level: string;
}

/** Fields that never reach a log, down to the third level. */
const REDACTED = ['password', 'authorization', 'cookie'].flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);

/** Loaded for a terminal alone: no process of a container needs it. */
const pretty = process.stdout.isTTY ? (await import('pino-pretty')).default : undefined;

/** A logger that writes JSON lines to standard output, or readable lines when that is a terminal. */
export function createLogger({ name, level }: LoggerOptions): Logger {
  const options = {
    level,
    base: { process: name, pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError },
    redact: { paths: REDACTED, censor: '[hidden]' },
  };
  // Synchronous: the last lines before an exit are the ones that matter, and the volume is a few lines a second.
  return pretty === undefined
    ? pino(options, destination({ dest: 1, sync: true }))
    : pino(options, pretty({ colorize: true, ignore: 'pid,process', sync: true }));
}

/**
 * What is logged of an error. Libraries hang on theirs whatever they had in hand, secrets too: the error of a Redis that
 * refuses a log-in carries the password among the arguments of the command.
 */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { type, message, stack } = stdSerializers.err(error);
  return { type, message, stack, code: 'code' in error ? error.code : undefined };
}
