import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SettingsError } from './load-settings.js';
import { makeFolder } from './make-folder.js';

/** 18 bytes are 24 characters of letters, digits, - and _, which stand in a URL as they are. */
const RANDOM_BYTES = 18;

/**
 * A random password that stays the same: made at first use, with its folder, and kept in a file that its owner alone can read. Of many
 * processes that start at once all get the same one.
 * @throws SettingsError when the file is empty; what the file system says when it can be neither read nor made.
 */
export function keptPassword(file: string): string {
  if (!existsSync(file)) make(file);
  if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
  const password = readFileSync(file, 'utf8').trim();
  if (password === '') throw new SettingsError([`${file} holds no password: delete it, and the next start makes one`]);
  return password;
}

function make(file: string): void {
  makeFolder(path.dirname(file));
  // Written whole under another name first: of several that start at once all read the one that was first, and never half of it.
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(draft, `${randomBytes(RANDOM_BYTES).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
    linkSync(draft, file);
  } catch (error) {
    if (!existsSync(file)) throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}
