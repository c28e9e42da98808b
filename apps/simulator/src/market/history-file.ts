import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { parse } from 'csv-parse';

/** Real bars to replay. */
export interface History {
  readonly path: string;
  /** Of the file as it lies on the disk, in hexadecimal: tells whether two processes replay the same bars. */
  readonly sha256: string;
  /** The close of every bar in the order of the file, with exactly its digits. */
  readonly closes: readonly string[];
}

/** Thrown when the file of SIMULATOR_HISTORY cannot be used; the message names the row and the cure. */
export class HistoryFileError extends Error {
  override readonly name = 'HistoryFileError';
  /** No new start mends it. */
  readonly exitStatus = 2;
}

const COLUMNS = ['ms', 'open', 'close', 'high', 'low', 'volume'] as const;
const LAYOUT = `${COLUMNS.join(',')} without a header row`;

/** Ten years of minutes; some 200 MB of memory at most. */
const MOST_BARS = 5_500_000;

/** No row of numbers is longer; a file that is no CSV at all is given up here, in characters. */
const LONGEST_ROW = 1_000;

const JSON_NUMBER = /^(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const MILLISECONDS = /^\d{12,13}$/;

/**
 * Reads a file of bars laid out `ms,open,close,high,low,volume`, gzipped when its name ends in `.gz`.
 * Streams; only the closes stay in memory.
 * @throws HistoryFileError when the file is missing, empty, or laid out in another way.
 */
export async function readHistoryFile(path: string): Promise<History> {
  const entry = await stat(path).catch((cause: unknown) => {
    throw fault(path, 'cannot be read', 'give the path of an existing CSV file', cause);
  });
  if (!entry.isFile()) throw fault(path, 'is not a file', 'give the path of a CSV file');

  const closes: string[] = [];
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline([
    createReadStream(path),
    hashing,
    ...(path.endsWith('.gz') ? [createGunzip()] : []),
    closesInto(closes, path),
  ]).catch((error: unknown) => {
    if (error instanceof HistoryFileError) throw error;
    const detail = error instanceof Error ? error.message : String(error);
    throw fault(
      path,
      `cannot be read: ${detail}`,
      `the file must have the layout ${LAYOUT}, gzipped if and only if its name ends in .gz`,
      error,
    );
  });
  if (closes.length === 0) throw fault(path, 'holds no bars', `give a file with the layout ${LAYOUT}`);
  return { path, sha256: hash.digest('hex'), closes };
}

/** A CSV parser that checks every row, keeps its close, and hands nothing on. */
function closesInto(closes: string[], path: string): Writable {
  return parse({
    bom: true,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: LONGEST_ROW,
    on_record: (row: readonly string[], { lines }) => {
      const wrong = faultOfRow(row);
      if (wrong !== undefined) throw fault(path, `row ${lines}: ${wrong}`, `the file must have the layout ${LAYOUT}`);
      if (closes.length === MOST_BARS) throw fault(path, `has more than ${MOST_BARS} bars`, 'give a shorter file');
      closes.push(row[2] ?? '');
      return null;
    },
  }).resume();
}

/** What is wrong with a row, or undefined. A close outside low to high means that the columns stand in another order. */
function faultOfRow(row: readonly string[]): string | undefined {
  if (row.length !== COLUMNS.length) return `has ${row.length} columns instead of ${COLUMNS.length}`;
  if (!MILLISECONDS.test(row[0] ?? '')) return `column 1 (ms) must be milliseconds since 1970, not "${row[0]}"`;
  const strange = row.findIndex((text, index) => index > 0 && !JSON_NUMBER.test(text));
  if (strange !== -1)
    return `column ${strange + 1} (${COLUMNS[strange]}) must be a plain number, not "${row[strange]}"`;
  const [, open = 0, close = 0, high = 0, low = 0] = row.map(Number);
  if (close <= 0) return `column 3 (close) must be above 0, not "${row[2]}"`;
  if (high < Math.max(open, close) || low > Math.min(open, close)) {
    return 'open and close must lie between low and high; are the columns in another order?';
  }
  return undefined;
}

function fault(path: string, wrong: string, cure: string, cause?: unknown): HistoryFileError {
  return new HistoryFileError(`SIMULATOR_HISTORY ${path}: ${wrong}; ${cure}.`, { cause });
}
