import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** The one user of control API and queue board. */
export const CONTROL_USER = 'tidemark';

/** Where the password came from, so that whoever needs it can be shown. */
export interface ControlPassword {
  readonly password: string;
  /** File that keeps a password that was made; undefined when it was given. */
  readonly file: string | undefined;
}

/** The given password, or one that is made once and kept in a file that only its owner may read. */
export async function controlPassword(given: string | undefined, home: string): Promise<ControlPassword> {
  if (given !== undefined) return { password: given, file: undefined };
  const file = path.resolve(home, 'control-password');
  const password = await keptPassword(file).catch((error: unknown) => {
    throw new Error(
      `A password for the queue board cannot be kept in ${home}: set CONTROL_PASSWORD, or TIDEMARK_HOME to a folder that can be written.`,
      { cause: error },
    );
  });
  if (password === '') throw new Error(`${file} holds no password: delete it, and the next start makes one.`);
  return { password, file };
}

async function keptPassword(file: string): Promise<string> {
  try {
    return await readPassword(file);
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
  await mkdir(path.dirname(file), { recursive: true });
  // Written whole under another name first: of several that start at once all read the one that was first, and never half of it.
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(draft, `${randomBytes(12).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
    await link(draft, file);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return readPassword(file);
}

async function readPassword(file: string): Promise<string> {
  if (((await stat(file)).mode & 0o077) !== 0) await chmod(file, 0o600);
  return (await readFile(file, 'utf8')).trim();
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
