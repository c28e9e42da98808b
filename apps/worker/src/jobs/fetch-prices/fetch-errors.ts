import { PostponedJobError, type DelayedRetry } from '@app/queue';

/** Thrown when the fetch shall be tried again in the same window; the queue does so after its backoff. */
export class RetryFetchError extends Error implements DelayedRetry {
  override readonly name = 'RetryFetchError';

  /** @param afterMs how long the next attempt has to wait. */
  constructor(
    message: string,
    readonly afterMs: number,
    options: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Thrown when no call may be made yet and there will be time for it in the same window; that counts as no attempt. */
export class PostponeFetchError extends PostponedJobError {
  override readonly name = 'PostponeFetchError';
}
