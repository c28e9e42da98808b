import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { RedisProcess, redisServerName } from '../../../test/support/redis-process.js';
import { fetchQueueName } from './fetch-jobs.js';
import { migrateQueueStore } from './migrate-queue-store.js';
import { queueStoreOf } from './queue-address.js';
import { producerOptions, useQueueStore } from './queue-store.js';
import { itCarriesTheQueue } from './queues.contract.js';
import { createStoreCheck } from './store-check.js';
import { ensureWakeUps, PLANNER_QUEUE } from './wake-jobs.js';

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
      await fill(new Queue(fetchQueueName('deribit'), producerOptions(store)));
      const check = createStoreCheck(store);
      await check.ask();
      await check.close();
      const keys = await client.keys('*');
      expect(keys.length).toBeGreaterThan(2);
      expect(keys.filter((key) => !key.startsWith('{tidemark}:'))).toEqual([]);
    });

    test('of builds without the tag are removed by migrate, and nobody else loses one', async () => {
      const { connection } = producerOptions(queueStoreOf(redis.url));
      const planner = new Queue(PLANNER_QUEUE, { connection });
      await ensureWakeUps(planner);
      await planner.close();
      await fill(new Queue(fetchQueueName('deribit'), { connection }));
      await fill(new Queue(fetchQueueName('ccxt:okx'), { connection }));
      await fill(new Queue('prices-of-somebody-else', { connection }));
      await fill(new Queue(fetchQueueName('kraken'), producerOptions(queueStoreOf(redis.url))));
      await client.set('unrelated', '1');
      await migrateQueueStore(queueStoreOf(redis.url), ['deribit', 'ccxt:okx', 'kraken']);
      const left = (await client.keys('*')).map((key) => key.split(':').slice(0, 2).join(':'));
      expect([...new Set(left)].sort()).toEqual([
        'bull:prices-of-somebody-else',
        'unrelated',
        '{tidemark}:prices-kraken',
      ]);
    });

    test("of somebody else's planner stay", async () => {
      const { connection } = producerOptions(queueStoreOf(redis.url));
      await fill(new Queue(PLANNER_QUEUE, { connection }));
      const before = await client.keys('bull:*');
      await migrateQueueStore(queueStoreOf(redis.url), ['deribit']);
      expect((await client.keys('bull:*')).sort()).toEqual(before.sort());
    });

    test('in a store that is away are no reason for migrate to fail', async () => {
      await migrateQueueStore(queueStoreOf('redis://127.0.0.1:1'), ['deribit']);
    });
  });
}
