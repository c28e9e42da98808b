import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { RedisProcess, redisServerName } from '../../../test/support/redis-process.js';
import { sourceQueueName } from './jobs.js';
import { migrateQueueStore } from './migrate-queue-store.js';
import { queueStoreOf } from './queue-address.js';
import { producerOptions, useQueueStore } from './queue-store.js';
import { itCarriesTheQueue } from './queues.contract.js';
import { createStoreCheck } from './store-check.js';

if (redisServerName() === undefined) {
  process.stderr.write('There is no redis-server on the PATH: the queue on a Redis cluster is NOT tested.\n');
  test.skip('the queue on a Redis cluster: not run, because there is no redis-server', () => undefined);
} else {
  describe('the queue on a Redis cluster of one shard', () => {
    itCarriesTheQueue(async () => {
      const redis = await RedisProcess.startCluster();
      return { store: queueStoreOf(redis.url), leave: () => redis.stop() };
    });
  });

  describe('the keys of the queues', () => {
    let redis: RedisProcess;
    let client: Redis;

    beforeEach(async () => {
      redis = await RedisProcess.start();
      useQueueStore(queueStoreOf(redis.url));
      client = new Redis(redis.url);
    });
    afterEach(async () => {
      client.disconnect();
      await redis.stop();
    });

    async function fill(queue: Queue): Promise<void> {
      queue.on('error', () => undefined);
      await queue.add('any', {});
      await queue.close();
    }

    test('all carry one hash tag', async () => {
      const store = queueStoreOf(redis.url);
      await fill(new Queue(sourceQueueName('deribit'), producerOptions(store)));
      const check = createStoreCheck(store);
      await check.ask();
      await check.close();
      const keys = await client.keys('*');
      expect(keys.length).toBeGreaterThan(2);
      expect(keys.filter((key) => !key.startsWith('{tidemark}:'))).toEqual([]);
    });

    test('of builds without the tag are left alone by migrate: such a build may still run', async () => {
      const { connection } = producerOptions(queueStoreOf(redis.url));
      await fill(new Queue(sourceQueueName('deribit'), { connection }));
      const before = await client.keys('*');
      await migrateQueueStore(queueStoreOf(redis.url));
      expect((await client.keys('*')).sort()).toEqual(before.sort());
    });
  });
}
