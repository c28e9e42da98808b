/** Thrown when a command cannot be run as asked: one sentence that names the cure. Ends the process with status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
