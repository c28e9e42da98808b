import { PRETTY } from './logger.js';

/**
 * How a process writes the lines that its children log, so that all lines have one form: on a terminal readable like its own, with the name of the
 * child in front; as they came everywhere else. A line that is no JSON stays as it is.
 * @param isTerminal whether standard output is one.
 */
export async function lineFormat(isTerminal: boolean): Promise<(line: string) => string> {
  if (!isTerminal) return (line) => line;
  // Loaded for a terminal alone, as for the logger.
  const { prettyFactory } = await import('pino-pretty');
  const format = prettyFactory({ ...PRETTY, colorize: true, messageFormat: '{process}: {msg}' });
  return (line) => format(line).replace(/\n$/, '');
}
