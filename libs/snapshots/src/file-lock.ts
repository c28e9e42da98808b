import { open, rm, stat, utimes } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** How often who waits for a lock looks, in milliseconds. */
const LOOK_EVERY_MS = 20;

/** How often who has a lock shows that he lives, in milliseconds. */
const TOUCH_EVERY_MS = 500;

/** A lock that was not touched for so long is that of a process that was killed, in milliseconds: ten times what a living one takes. */
const ABANDONED_AFTER_MS = 5_000;

/** After so long nobody waits any more, in milliseconds. */
const WAIT_LIMIT_MS = 30_000;

/**
 * Does something while this process, and no other on this folder, has a lock file. One that a killed process left is taken over after
 * {@link ABANDONED_AFTER_MS}: measured by who waits, so that no two clocks are compared.
 * @throws what the work throws, what the file system says when the lock cannot be made, and Error when another keeps it for half a minute.
 */
export async function withFileLock(lock: string, work: () => Promise<void>): Promise<void> {
  await take(lock);
  const touching = setInterval(() => {
    const now = new Date();
    // A touch that fails makes the lock look older, and no more: the write itself says what is wrong with the folder.
    utimes(lock, now, now).catch(() => undefined);
  }, TOUCH_EVERY_MS);
  try {
    await work();
  } finally {
    clearInterval(touching);
    await rm(lock, { force: true });
  }
}

async function take(lock: string): Promise<void> {
  const begunMs = performance.now();
  let seen: string | undefined;
  let sinceMs = 0;
  while (!(await isMade(lock))) {
    const state = await stateOf(lock);
    if (state === undefined || state !== seen) {
      seen = state;
      sinceMs = performance.now();
    } else if (performance.now() - sinceMs >= ABANDONED_AFTER_MS) {
      await rm(lock, { force: true });
      seen = undefined;
    }
    if (performance.now() - begunMs > WAIT_LIMIT_MS)
      throw new Error(`another process has kept ${lock} for ${WAIT_LIMIT_MS / 1000} s`);
    await sleep(LOOK_EVERY_MS);
  }
}

/** @returns false when it is there already. */
async function isMade(lock: string): Promise<boolean> {
  try {
    await (await open(lock, 'wx')).close();
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Changes when the lock is touched, or is another; undefined when it is gone. */
async function stateOf(lock: string): Promise<string | undefined> {
  try {
    const { ino, mtimeMs } = await stat(lock);
    return `${ino} ${mtimeMs}`;
  } catch {
    return undefined;
  }
}
