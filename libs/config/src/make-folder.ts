import { existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';

/**
 * Makes a folder, with those above it that are missing. Step by step: Node's own way tries for ever below a folder such as /proc, which
 * takes none.
 * @throws what the file system says when it cannot be made.
 */
export function makeFolder(folder: string): void {
  const whole = path.resolve(folder);
  if (statSync(whole, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const above = path.dirname(whole);
  if (!existsSync(above)) makeFolder(above);
  try {
    mkdirSync(whole);
  } catch (error) {
    // Another process was first.
    if (statSync(whole, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}
