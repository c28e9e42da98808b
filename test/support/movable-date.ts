import { jest } from '@jest/globals';

/** Puts `Date` at an instant and leaves timers as they are, so that connections live on: the clock of a test that no timer drives. */
export function setDate(nowMs: number): void {
  jest.useFakeTimers({
    now: nowMs,
    doNotFake: [
      'hrtime',
      'nextTick',
      'performance',
      'queueMicrotask',
      'setImmediate',
      'clearImmediate',
      'setInterval',
      'clearInterval',
      'setTimeout',
      'clearTimeout',
    ],
  });
}

/** Gives `Date` back to the system. */
export function releaseDate(): void {
  jest.useRealTimers();
}
