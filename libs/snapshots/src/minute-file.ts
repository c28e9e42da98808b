import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { makeFolder } from '@app/config';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { withFileLock } from './file-lock.js';
import { cellsOf, inOrder, isOfSlot, SNAPSHOT_COLUMNS, type SnapshotRow } from './snapshot-row.js';

/** Lines of one minute. */
export interface SnapshotMinute {
  /** The folder of all snapshots; made when it is missing. */
  readonly folder: string;
  /** The UNIX second at which the minute begins. */
  readonly minute: number;
  readonly rows: readonly SnapshotRow[];
}

/** Thrown when a file stands where a snapshot belongs and is none, or nobody lets go of it; the message names it and the cure. */
export class SnapshotFileError extends Error {
  override readonly name = 'SnapshotFileError';
}

/**
 * Writes every line of the slots of a minute: what the file had of slots is replaced, so that writing a minute again gives the same file;
 * lines of other times, which {@link addToMinute} added, stay.
 * @returns the path of the file; undefined when there are no lines, and then no file is made.
 * @throws SnapshotFileError, or what the file system says.
 */
export async function writeMinute(given: SnapshotMinute): Promise<string | undefined> {
  if (given.rows.length === 0) return undefined;
  return changeFile(given, ([timestampUtc = '']) => !isOfSlot(timestampUtc));
}

/**
 * Adds lines to the file of a minute, which is made when it is missing; nothing that stands in it is lost.
 * @returns the path of the file.
 * @throws as {@link writeMinute}
 */
export async function addToMinute(given: SnapshotMinute): Promise<string> {
  return changeFile(given, () => true);
}

/** Writes a file anew, with those of its lines that are kept: under a name of its own, flushed, and then renamed, so that no reader sees a part. */
async function changeFile(
  { folder, minute, rows }: SnapshotMinute,
  isKept: (line: readonly string[]) => boolean,
): Promise<string> {
  const time = new Date(minute * 1000).toISOString();
  const [day, clock] = [time.slice(0, 10).split('-'), time.slice(11, 16).replace(':', '')];
  const dayFolder = path.join(folder, ...day);
  const name = `prices-${clock}.csv`;
  const file = path.join(dayFolder, name);
  await makeDayFolder(dayFolder, day.length);
  await withFileLock(path.join(dayFolder, `.${name}.lock`), async () => {
    await removeLeftovers(dayFolder, name);
    const lines = inOrder([...(await readLines(file)).filter(isKept), ...rows.map(cellsOf)]);
    const temporary = path.join(dayFolder, `.${name}.${randomUUID()}`);
    try {
      await writeFlushed(temporary, [SNAPSHOT_COLUMNS, ...lines]);
      await rename(temporary, file);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await flushFolder(dayFolder);
  });
  return file;
}

/** A new folder is itself an entry in the one above it: each is flushed, so that no power cut takes a file that was reported as written. */
async function makeDayFolder(dayFolder: string, depth: number): Promise<void> {
  if (await isThere(dayFolder)) return;
  makeFolder(dayFolder);
  for (let above = dayFolder, left = depth; left >= 0; left -= 1, above = path.dirname(above)) await flushFolder(above);
}

async function isThere(file: string): Promise<boolean> {
  return access(file, constants.F_OK).then(
    () => true,
    () => false,
  );
}

/** What a process left that was killed while it wrote this file. */
async function removeLeftovers(folder: string, name: string): Promise<void> {
  const lock = `.${name}.lock`;
  const left = (await readdir(folder)).filter((entry) => entry.startsWith(`.${name}.`) && entry !== lock);
  for (const entry of left) await rm(path.join(folder, entry), { force: true });
}

/** The lines of a file without its header; none when it is not there. */
async function readLines(file: string): Promise<string[][]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
  const header = SNAPSHOT_COLUMNS.join(',');
  const first = text.split(/\r?\n/, 1)[0] ?? '';
  if (first !== header) {
    throw new SnapshotFileError(
      `${file} is there and begins with ${JSON.stringify(first.slice(0, 200))} instead of the header of a snapshot, ${header}: move it away, or name another folder.`,
    );
  }
  try {
    return parse(text).slice(1);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SnapshotFileError(
      `${file} is there and is no snapshot (${reason}): move it away, or name another folder.`,
      {
        cause: error,
      },
    );
  }
}

/** Lines made into text at once, so that a scheduler is not kept from planning by a minute of many. */
const LINES_AT_ONCE = 5_000;

async function writeFlushed(file: string, lines: readonly (readonly string[])[]): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    for (let from = 0; from < lines.length; from += LINES_AT_ONCE)
      await handle.appendFile(stringify(lines.slice(from, from + LINES_AT_ONCE)));
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What a rename has changed stands in the folder, which is flushed like a file. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
