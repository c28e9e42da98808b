import { destination, pino, stdTimeFunctions, type Logger, type LoggerOptions as PinoOptions } from 'pino';
import { boundLine } from './bound-line.js';
import { describeError } from './describe-error.js';

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

/** A logger that writes JSON lines to standard output, or readable lines when that is a terminal; no line is longer than 1 KB. */
export function createLogger(options: LoggerOptions): Logger {
  // Synchronous: the last lines before an exit are the ones that matter, and the volume is a few lines a second.
  return pretty === undefined
    ? pino(pinoOptions(options), destination({ dest: 1, sync: true }))
    : pino(pinoOptions(options), pretty({ ...PRETTY, colorize: true, sync: true }));
}

/** What readable lines leave out. */
export const PRETTY = { ignore: 'pid,process' } as const;

/** How lines are made, wherever they are written to. */
export function pinoOptions({ name, level }: LoggerOptions): PinoOptions {
  return {
    level,
    base: { process: name, pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError },
    redact: { paths: REDACTED, censor: '[hidden]' },
    hooks: { streamWrite: boundLine },
  };
}
