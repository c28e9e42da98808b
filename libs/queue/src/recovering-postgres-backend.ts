import { createPostgresBackend } from 'bullmq';
import pg from 'pg';

/** What remembers its first connection, and with it a failure of that connection. */
interface Readiness {
  readyPromise?: Promise<void> | undefined;
  waitUntilReady(): Promise<void>;
}

/** What runs each command of BullMQ: one statement, in a transaction of its own. */
interface CommandRunner {
  query(text: string, params: readonly unknown[]): Promise<unknown>;
}

/** SQLSTATE of a statement that Postgres undid because it and another waited for each other. */
const DEADLOCK_DETECTED = '40P01';

/** How often a command is run at most when it ends in a deadlock. Each takes a second to be found (`deadlock_timeout`). */
const MAX_RUNS = 3;

/**
 * BullMQ's Postgres backend, made to try again where BullMQ 6.7 does not.
 * - It keeps the outcome of its first connection for good, so a queue or worker that was made while Postgres was restarting
 *   would fail until its process is restarted.
 * - Some of its commands lock several rows in different orders: a worker renews the locks of its jobs (`extend_locks`) while
 *   jobs that stalled are looked for (`move_stalled_jobs_to_wait`). Postgres ends one of the two, which is then run again.
 */
export const createRecoveringPostgresBackend: typeof createPostgresBackend = (...options) => {
  const backend = createPostgresBackend(...options);
  const { connection } = backend as unknown as { connection: Readiness };
  forgetFailure(connection);
  forgetFailure(backend as unknown as Readiness);
  repeatAfterDeadlock(backend as unknown as CommandRunner);
  return backend;
};

function forgetFailure(it: Readiness): void {
  const waitUntilReady = it.waitUntilReady.bind(it);
  it.waitUntilReady = async () => {
    const waiting = waitUntilReady();
    const attempt = it.readyPromise;
    try {
      await waiting;
    } catch (error) {
      // Only the failed attempt is forgotten: another caller may have begun the next one.
      if (it.readyPromise === attempt) it.readyPromise = undefined;
      throw error;
    }
  };
}

function repeatAfterDeadlock(it: CommandRunner): void {
  const query = it.query.bind(it);
  it.query = async (text, params) => {
    for (let run = 1; ; run += 1) {
      try {
        return await query(text, params);
      } catch (error) {
        if (run === MAX_RUNS || !isDeadlock(error)) throw error;
      }
    }
  };
}

function isDeadlock(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === DEADLOCK_DETECTED;
}

/** A client whose connection may break while nobody queries it: without a listener that would end the process. */
export class GuardedClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super(config);
    // The next query fails and says why.
    this.on('error', () => undefined);
  }
}
