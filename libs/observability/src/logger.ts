import { destination, pino, stdTimeFunctions, type Logger } from 'pino';
import pretty from 'pino-pretty';

export type { Logger } from 'pino';

/** What a logger needs to know. */
export interface LoggerOptions {
  /** Process that logs, e.g. `worker`. */
  readonly name: string;
  readonly level: string;
}

/** Fields that never reach a log, wherever they stand. */
const REDACTED = [
  'password',
  '*.password',
  'authorization',
  '*.authorization',
  'req.headers.authorization',
  'req.headers.cookie',
];

/** A logger that writes JSON lines to standard output, or readable lines when that is a terminal. */
export function createLogger({ name, level }: LoggerOptions): Logger {
  const options = {
    level,
    base: { process: name, pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: REDACTED, censor: '[hidden]' },
  };
  // Synchronous: the last lines before an exit are the ones that matter, and the volume is a few lines a second.
  return process.stdout.isTTY
    ? pino(options, pretty({ colorize: true, ignore: 'pid,process', sync: true }))
    : pino(options, destination({ dest: 1, sync: true }));
}
