import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { environmentWith } from '@app/config';
import { findDatabase, type FoundDatabase } from '../verify/find-database.js';
import { loadVerifySettings } from '../verify/verify-settings.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Exit status of a program that could not be run. */
const NOT_RUN = 2;

/** A Ctrl-C often arrives twice, from the terminal and from npm: what comes so soon after the first is no second one, in milliseconds. */
const SAME_SIGNAL_MS = 500;

/**
 * Runs a program of another app on the database that the environment names, else on the embedded one, which is started for it when it
 * does not run. It has this process's own streams, and the signals that this process gets are handed on to it.
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
  let child: ChildProcess | undefined;
  let signalledAtMs = -Infinity;
  const handOn = (signal: NodeJS.Signals): void => {
    if (performance.now() - signalledAtMs < SAME_SIGNAL_MS) return;
    signalledAtMs = performance.now();
    child?.kill(signal);
  };
  // The database must outlive the program.
  for (const signal of SIGNALS) process.on(signal, handOn);
  try {
    database = await findDatabase(loadVerifySettings(environment), 'to replay from');
    if (signalledAtMs > 0) throw new Error('it was interrupted before it began');
    const values = { DATABASE_URL: database.url };
    child = spawn(process.execPath, [entry, ...words], {
      stdio: 'inherit',
      // In a group of its own, so that Ctrl-C reaches it through this process alone, and once.
      detached: true,
      env: environment === undefined ? environmentWith(values) : { ...environment, ...values },
    });
    const [status] = (await once(child, 'exit')) as [number | null];
    return status ?? NOT_RUN;
  } catch (error) {
    complain(`Nothing was run: ${error instanceof Error ? error.message : String(error)}`);
    return NOT_RUN;
  } finally {
    await database?.release();
    for (const signal of SIGNALS) process.off(signal, handOn);
  }
}
