import { describeFault } from '@app/observability';
import { leaveProcess } from './leave-process.js';
import { readableColumns, wrapLines } from './wrap-lines.js';

/** A process ended because of something that no new start mends: whoever started it must not do so again. */
export const LASTING_FAULT = 2 as const;

/** What the file system says of a file or folder that somebody has to change: its place, its kind, or who may use it. */
const LASTING_CODES: readonly unknown[] = ['ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR', 'EROFS', 'EPERM', 'EEXIST'];

/**
 * The status that an error asks for by its field `exitStatus`: 2 when no new try mends it, since the environment, a file or a right
 * has to be changed first, and 1 when one may. It is 1 all the same where the `cause` is one of the file system that passes, such as a
 * full disk. Its message names what is wrong and the cure, and is all that a person needs.
 * Undefined for any other error: nobody has foreseen it, so that its stack matters.
 */
export function foreseenStatus(error: unknown): 1 | 2 | undefined {
  if (typeof error !== 'object' || error === null || !('exitStatus' in error)) return undefined;
  if (error.exitStatus !== LASTING_FAULT) return 1;
  return 'cause' in error && isPassing(error.cause) ? 1 : LASTING_FAULT;
}

/** Whether the file system says something that may be over at the next try. An error of the network has an address. */
function isPassing(cause: unknown): boolean {
  if (cause instanceof AggregateError) return cause.errors.length > 0 && cause.errors.every(isPassing);
  if (typeof cause !== 'object' || cause === null || !('code' in cause && 'syscall' in cause)) return false;
  return !('address' in cause || 'hostname' in cause) && !LASTING_CODES.includes(cause.code);
}

/** Whether no new try mends a fault. */
export function isLasting(error: unknown): boolean {
  return foreseenStatus(error) === LASTING_FAULT;
}

/** Says on standard error what keeps a process from running. To a terminal it is broken between words, to anybody else it is not. */
export function sayFault(text: string): void {
  const { stderr } = process;
  stderr.write(`${stderr.isTTY ? wrapLines(text, readableColumns(stderr)) : text}\n`);
}

/**
 * What a process does before it has a logger: reads its environment and what that names.
 * A fault is said in full, and ends the process: with status 2 when no new start mends it, else with 1.
 */
export async function prepareOrExit<T>(prepare: () => Promise<T> | T): Promise<T> {
  try {
    return await prepare();
  } catch (error) {
    const status = foreseenStatus(error);
    sayFault(status === undefined ? stackOf(error) : describeFault(error));
    return leaveProcess(status ?? 1);
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
