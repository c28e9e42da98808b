/**
 * Waits until one of the signals aborts or the time is over, and leaves no listener and no timer behind.
 * @param milliseconds undefined waits for the signals alone.
 */
export function wait(milliseconds: number | undefined, signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = milliseconds === undefined ? undefined : setTimeout(finish, milliseconds);
    for (const signal of signals) signal.addEventListener('abort', finish, { once: true });
    if (signals.some((signal) => signal.aborted)) finish();
  });
}
