import { Writable } from 'node:stream';
import type { Logger } from '@app/observability';
import { pino } from 'pino';

/** A logger, and what was logged. */
export interface LogBook {
  readonly logger: Logger;
  /** Every line, oldest first, with its fields. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  /** The lines of one event. */
  of(event: string): Readonly<Record<string, unknown>>[];
  clear(): void;
}

/** A logger that a test can read: real lines, in memory. */
export function createLogBook(): LogBook {
  const lines: Record<string, unknown>[] = [];
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  return {
    logger: pino({ level: 'trace', base: null }, sink),
    lines,
    of: (event) => lines.filter((line) => line['event'] === event),
    clear: () => void lines.splice(0),
  };
}
