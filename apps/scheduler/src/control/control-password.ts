import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** The one user of control API and queue board. */
export const CONTROL_USER = 'tidemark';

/** Where the password came from, so that it can be told to who needs it. */
export interface ControlPassword {
  readonly password: string;
  /** File that keeps a password that was made; undefined when it was given. */
  readonly file: string | undefined;
}

/** The given password, or one that is made once and kept in a file that only its owner may read. */
export async function controlPassword(given: string | undefined, home: string): Promise<ControlPassword> {
  if (given !== undefined) return { password: given, file: undefined };
  const file = path.resolve(home, 'control-password');
  const made = randomBytes(12).toString('base64url');
  try {
    await mkdir(home, { recursive: true });
    await writeFile(file, `${made}\n`, { mode: 0o600, flag: 'wx' });
    return { password: made, file };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      return { password: (await readFile(file, 'utf8')).trim(), file };
    }
    throw new Error(
      `A password for the queue board cannot be kept in ${home}: set CONTROL_PASSWORD, or TIDEMARK_HOME to a folder that can be written.`,
      {
        cause: error,
      },
    );
  }
}
