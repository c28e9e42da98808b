import { createTestDatabase } from '../../../test/support/test-database.js';
import { queueStoreOf } from './queue-address.js';
import { itCarriesTheQueue } from './queues.contract.js';

describe('the queue on Postgres', () => {
  itCarriesTheQueue(async () => {
    const database = await createTestDatabase();
    return { store: queueStoreOf(database.url), leave: () => database.drop() };
  });
});
