import { runMigrations } from 'bullmq';
import pg from 'pg';
import type { QueueStore } from './queue-address.js';
import { postgresAddress } from './queue-store.js';

/** Brings the queue's own tables up to date. Redis has none, and is not even asked. */
export async function migrateQueueStore(store: QueueStore): Promise<void> {
  if (store.kind === 'redis') return;
  const client = new pg.Client({ ...postgresAddress(store.url), application_name: 'tidemark-migrate-queue' });
  await client.connect();
  try {
    await runMigrations(client);
  } finally {
    await client.end();
  }
}
