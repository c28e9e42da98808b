import { createReadStream } from 'node:fs';
import type { SourceResponse } from '@app/sources';
import type { Terminal } from '../terminal.js';
import { UsageError } from '../usage-error.js';

/** A body as far as a client would have read it. */
export interface StoredBody {
  readonly text: string;
  /** There is more than a client reads, and so no whole answer. */
  readonly isTooLong: boolean;
}

/** Reads a body from a file, or from standard input for `-`, as a client would. @throws UsageError when it cannot be read. */
export async function readBody(file: string, maxBytes: number, terminal: Terminal): Promise<StoredBody> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of file === '-' ? terminal.input : createReadStream(file)) {
      const part = chunk as Uint8Array;
      chunks.push(part);
      bytes += part.byteLength;
      if (bytes > maxBytes) break;
    }
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${reasonOf(error)}.`, { cause: error });
  }
  const isTooLong = bytes > maxBytes;
  const whole = Buffer.concat(chunks).subarray(0, maxBytes);
  // As a client reads it: a byte order mark is dropped, and what is no UTF-8 replaced; neither can turn into a digit.
  return { text: new TextDecoder().decode(whole), isTooLong };
}

/** Reads a status such as `429`. @throws UsageError */
export function readStatus(text: string): number {
  if (!/^[1-9]\d\d$/.test(text)) throw new UsageError(`--status ${text}: give a status of three digits, such as 200.`);
  return Number(text);
}

/** Reads headers such as `retry-after: 119`; one that comes twice is joined, as a client does. @throws UsageError */
export function readHeaders(lines: readonly string[]): SourceResponse['headers'] {
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const line of lines) {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:[ \t]*(.*?)[ \t]*$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) {
      throw new UsageError(`--header ${JSON.stringify(line)}: write name and value as in --header 'retry-after: 119'.`);
    }
    const name = match[1].toLowerCase();
    headers[name] = headers[name] === undefined ? match[2] : `${headers[name]}, ${match[2]}`;
  }
  return headers;
}

/** Reads a time such as `2026-09-19T18:58:13Z`. @throws UsageError when it is none, or says no time zone. */
export function readTime(text: string): number {
  const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/.test(text)
    ? Date.parse(text)
    : NaN;
  // 31 February would be read as 3 March.
  const day = Date.parse(text.slice(0, 10));
  if (Number.isNaN(time) || Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== text.slice(0, 10)) {
    throw new UsageError(`--now ${text}: give a time with its zone, such as 2026-09-19T18:58:13Z.`);
  }
  return time;
}

function reasonOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    EISDIR: 'it is a folder',
    EACCES: 'this user may not read it',
  };
  return reasons[code] ?? (error instanceof Error ? error.message : String(error));
}
