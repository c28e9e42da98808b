import type { Readable } from 'node:stream';

/** A line longer than this is cut, in characters: memory stays bounded whatever a child writes. */
const MAX_LINE_LENGTH = 64 * 1024;

/** Hands over every line of a stream without its line end; the last one also when no line end follows. */
export function splitLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = (lines.pop() ?? '').slice(0, MAX_LINE_LENGTH);
    for (const line of lines) if (line !== '') onLine(line.slice(0, MAX_LINE_LENGTH));
  });
  stream.once('end', () => {
    if (rest !== '') onLine(rest);
  });
}
