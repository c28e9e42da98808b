import { runMigrations } from 'bullmq';
import pg from 'pg';
import type { QueueStore } from './queue-address.js';
import { postgresAddress } from './queue-store.js';
import { removeUntaggedQueues } from './untagged-queues.js';

/**
 * Brings the queue's own tables up to date. Redis needs none; there it removes what earlier builds left.
 * @param sources names of the sources that this build knows.
 */
export async function migrateQueueStore(store: QueueStore, sources: readonly string[]): Promise<void> {
  if (store.kind === 'redis') {
    await removeUntaggedQueues(store, sources);
    return;
  }
  const client = new pg.Client({ ...postgresAddress(store.url), application_name: 'tidemark-migrate-queue' });
  await client.connect();
  try {
    await runMigrations(client);
  } finally {
    await client.end();
  }
}
