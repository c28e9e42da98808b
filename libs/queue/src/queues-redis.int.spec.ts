import { queueStoreOf } from './queue-address.js';
import { itCarriesTheQueue } from './queues.contract.js';

const url = process.env['TEST_REDIS_URL'];

if (url === undefined) {
  process.stderr.write('TEST_REDIS_URL is not set: the tests named "the queue on Redis" do NOT run.\n');
  test.skip('the queue on Redis: not run, because TEST_REDIS_URL is not set', () => undefined);
} else {
  describe('the queue on Redis', () => {
    itCarriesTheQueue(async () => ({ store: queueStoreOf(url), leave: async () => undefined }));
  });
}
