import type { Queue } from 'bullmq';
import { COMMAND_TIMEOUT_MS } from './queue-store.js';

/**
 * Makes sure that the store has been reached since this process began. BullMQ waits for its first connection without an
 * end, whatever the connection's own limits; only one that was there before fails at once when it is gone.
 * @throws Error when the store is not there after {@link COMMAND_TIMEOUT_MS}.
 */
export async function reachStore(queue: Queue): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('the queue store has not been reached yet')), COMMAND_TIMEOUT_MS);
  });
  try {
    await Promise.race([queue.waitUntilReady(), tooLong]);
  } finally {
    clearTimeout(timer);
  }
}
