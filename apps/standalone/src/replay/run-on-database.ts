import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { environmentWith } from '@app/config';
import { findDatabase, type FoundDatabase } from '../verify/find-database.js';
import { loadVerifySettings } from '../verify/verify-settings.js';

/** Exit status of a program that could not be run. */
const NOT_RUN = 2;

/**
 * Runs a program of another app on the database that the environment names, else on the embedded one, which is started for it when it
 * does not run. It has this process's own streams.
 * @param complain writes why it could not be run.
 * @param environment default: that of this process.
 * @returns its exit status.
 */
export async function runOnDatabase(
  entry: string,
  words: readonly string[],
  complain: (text: string) => void,
  environment?: NodeJS.ProcessEnv,
): Promise<number> {
  let database: FoundDatabase | undefined;
  // Ctrl-C reaches the program too: the database must outlive it.
  const wait = (): void => undefined;
  process.on('SIGINT', wait);
  try {
    database = await findDatabase(loadVerifySettings(environment), 'to replay from');
    const values = { DATABASE_URL: database.url };
    const child = spawn(process.execPath, [entry, ...words], {
      stdio: 'inherit',
      env: environment === undefined ? environmentWith(values) : { ...environment, ...values },
    });
    const [status] = (await once(child, 'exit')) as [number | null];
    return status ?? NOT_RUN;
  } catch (error) {
    complain(`Nothing was run: ${error instanceof Error ? error.message : String(error)}`);
    return NOT_RUN;
  } finally {
    await database?.release();
    process.off('SIGINT', wait);
  }
}
