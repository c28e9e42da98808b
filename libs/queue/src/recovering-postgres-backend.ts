import { createPostgresBackend } from 'bullmq';
import pg from 'pg';

/** What remembers its first connection, and with it a failure of that connection. */
interface Readiness {
  readyPromise?: Promise<void> | undefined;
  waitUntilReady(): Promise<void>;
}

/**
 * BullMQ's Postgres backend, made to try again: BullMQ 6.7 keeps the outcome of its first connection for good, so a queue
 * or worker that was made while Postgres was restarting would fail until its process is restarted.
 */
export const createRecoveringPostgresBackend: typeof createPostgresBackend = (...options) => {
  const backend = createPostgresBackend(...options);
  const { connection } = backend as unknown as { connection: Readiness };
  forgetFailure(connection);
  forgetFailure(backend as unknown as Readiness);
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

/** A client whose connection may break while nobody queries it: without a listener that would end the process. */
export class GuardedClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super(config);
    // Whoever queries next is told by the query.
    this.on('error', () => undefined);
  }
}
