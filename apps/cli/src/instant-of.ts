import { UsageError } from './usage-error.js';

const UNIX_SECONDS = /^\d{1,10}$/;
const ISO_TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/;

/** An instant of a command line in UNIX seconds. @param name of what it was given for. @throws UsageError naming the forms. */
export function instantOf(name: string, text: string): number {
  if (UNIX_SECONDS.test(text)) return Number(text);
  const milliseconds = ISO_TIME.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(milliseconds) || milliseconds < 0) {
    throw new UsageError(
      `${name} ${text.slice(0, 40)} is no instant: give UNIX seconds, or ISO 8601 in UTC such as 2025-12-17T19:33:20Z.`,
    );
  }
  return milliseconds / 1000;
}
