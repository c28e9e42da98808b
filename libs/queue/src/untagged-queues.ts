import { Redis } from 'ioredis';
import { fetchQueueName } from './fetch-jobs.js';
import { redisAddress, type QueueStore } from './queue-address.js';
import { PLANNER_QUEUE } from './wake-jobs.js';

/** What BullMQ's keys begin with when nothing is said, as those of earlier builds did. */
const UNTAGGED_PREFIX = 'bull';

/** A connection or an answer that takes longer is given up, in milliseconds: nothing depends on it. */
const PATIENCE_MS = 2_000;

/** Keys looked through in one step. */
const SCAN_COUNT = 1_000;

/**
 * Removes the queues of builds whose keys had no hash tag: nobody takes their jobs any more, and what is due is offered
 * anew, since a job is only the word that a row in Postgres is due. A Redis that is away keeps them until the next time.
 */
export async function removeUntaggedQueues(store: QueueStore, sources: readonly string[]): Promise<void> {
  const client = new Redis({
    ...redisAddress(store),
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    connectTimeout: PATIENCE_MS,
    commandTimeout: PATIENCE_MS,
  });
  // The command that fails tells enough.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch {
    return;
  }
  try {
    // Another program that uses BullMQ here may have a queue called planner too; ours has this job in it.
    const planner = `${UNTAGGED_PREFIX}:${PLANNER_QUEUE}`;
    const isOurs = (await client.exists(`${planner}:repeat`, `${planner}:repeat:every-second`)) === 2;
    const queues = [...sources.map(fetchQueueName), ...(isOurs ? [PLANNER_QUEUE] : [])];
    for (const queue of queues) await removeKeys(client, `${UNTAGGED_PREFIX}:${queue}:*`);
  } finally {
    client.disconnect();
  }
}

async function removeKeys(client: Redis, pattern: string): Promise<void> {
  let cursor = '0';
  do {
    const [next, keys] = await client.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT);
    // One at a time: keys without a tag may be in different slots of a cluster.
    for (const key of keys) await client.unlink(key);
    cursor = next;
  } while (cursor !== '0');
}
