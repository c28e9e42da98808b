import path from 'node:path';
import { keptPassword, SettingsError } from '@app/config';

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
  try {
    return { password: keptPassword(file), file };
  } catch (error) {
    // What the file system says has a code; that the file is empty has none, and says the cure itself.
    if (!(error instanceof Error && 'code' in error)) throw error;
    throw new SettingsError(
      [
        `TIDEMARK_HOME: a password for the queue board cannot be kept in ${home} (${String(error.code)}): set CONTROL_PASSWORD, or TIDEMARK_HOME to a folder that can be written`,
      ],
      { cause: error },
    );
  }
}
