// Where the stores of the tests live: a Postgres makes and drops hundreds of files for each test file's database, which in memory
// takes a tenth of the time. What is on disk there is thrown away after the run anyway.
import { accessSync, constants, existsSync, readdirSync, rmSync, statfsSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** The file system in memory that Linux mounts; a container often has too small a one. */
const IN_MEMORY = '/dev/shm';
/** What a run of all tests leaves there at most, with a lot left over. */
const ROOM_BYTES = 2 * 1024 ** 3;

/** @returns the folder in memory where there is one with room, or else the system's folder for temporary files. */
export function scratchFolder() {
  try {
    accessSync(IN_MEMORY, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = statfsSync(IN_MEMORY);
    return bavail * bsize >= ROOM_BYTES ? IN_MEMORY : os.tmpdir();
  } catch {
    return os.tmpdir();
  }
}

/** A run that is starting has no postmaster yet, for a few seconds. */
const STARTING_FOR_MS = 600_000;

/** Removes what runs left there that were killed: their Postgres has ended by itself, and in memory nothing else would ever go. */
export function removeLeftovers(prefix) {
  for (const name of readdirSync(scratchFolder()).filter((one) => one.startsWith(prefix))) {
    const folder = path.join(scratchFolder(), name);
    const isOld = Date.now() - statSync(folder).mtimeMs > STARTING_FOR_MS;
    if (isOld && !existsSync(path.join(folder, 'cluster/postmaster.pid')))
      rmSync(folder, { recursive: true, force: true });
  }
}
