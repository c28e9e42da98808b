import type { Logger } from '@app/observability';
import { isTransientDatabaseError } from '@app/storage';
import pRetry from 'p-retry';

/** How long a worker keeps an observation in hand for a database that is away, in milliseconds. */
const KEEP_TRYING_MS = 10 * 60_000;

/** The longest pause between two tries, in milliseconds: below the shortest interval. */
const MAX_PAUSE_MS = 500;

/**
 * Runs a piece of work with the database until it succeeds. What is in hand is kept, not fetched again; memory stays
 * bounded because a worker takes no more jobs than its concurrency.
 * @returns the result, and whether the database had been away.
 * @throws what the work threw when waiting cannot mend it, when the signal is aborted, or after that time.
 */
export async function retryWhileDatabaseAway<T>(
  logger: Logger,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<{ readonly value: T; readonly troubled: boolean }> {
  let troubled = false;
  const value = await pRetry(work, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: 100,
    maxTimeout: MAX_PAUSE_MS,
    factor: 2,
    maxRetryTime: KEEP_TRYING_MS,
    signal,
    shouldRetry: ({ error }) => isTransientDatabaseError(error),
    onFailedAttempt: ({ error, attemptNumber }) => {
      if (!isTransientDatabaseError(error)) return;
      if (!troubled) logger.warn({ event: 'database_unavailable', attempt: attemptNumber }, error.message);
      troubled = true;
    },
  });
  return { value, troubled };
}
