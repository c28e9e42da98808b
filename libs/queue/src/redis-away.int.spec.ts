import { Queue, Worker } from 'bullmq';
import { eventually } from '../../../test/support/processes.js';
import { RedisProcess, redisServerName } from '../../../test/support/redis-process.js';
import { addJobs } from './add-jobs.js';
import { LOCKS } from './job-worker.js';
import { fetchJob } from './jobs.js';
import { queueStoreOf } from './queue-address.js';
import { producerOptions, useQueueStore, workerOptions } from './queue-store.js';
import { ensureWakeUps } from './wake-jobs.js';

const LIMIT_MS = 15_000;

function jobAt(slot: number) {
  return fetchJob({ sourceId: 1, source: 'deribit', batch: 'btc_usd', slot }, 1);
}

if (redisServerName() === undefined) {
  process.stderr.write('There is no redis-server on the PATH: the tests named "a Redis that goes away" do NOT run.\n');
  test.skip('a Redis that goes away: not run, because there is no redis-server', () => undefined);
} else {
  describe('a Redis that goes away', () => {
    let redis: RedisProcess;
    let queue: Queue;
    let worker: Worker | undefined;

    beforeEach(async () => {
      redis = await RedisProcess.start();
      useQueueStore(queueStoreOf(redis.url));
    });
    afterEach(async () => {
      await worker?.close();
      worker = undefined;
      await queue.close();
      await redis.stop();
    });

    function open(): void {
      queue = new Queue('spec', producerOptions(queueStoreOf(redis.url)));
      queue.on('error', () => undefined);
    }

    async function failsSoon(work: Promise<unknown>): Promise<void> {
      const begun = Date.now();
      await expect(work).rejects.toThrow();
      // The limit is 2 s; without one it would wait until the store is back.
      expect(Date.now() - begun).toBeLessThan(6_000);
    }

    test('fails the producer soon, and serves it and the worker again when it is back', async () => {
      open();
      const ran: number[] = [];
      worker = new Worker('spec', async (job: { data: { slot: number } }) => ran.push(job.data.slot), {
        ...LOCKS,
        ...workerOptions(queueStoreOf(redis.url), 1),
      });
      worker.on('error', () => undefined);
      await addJobs(queue, [jobAt(60)]);
      await eventually('the first job', LIMIT_MS, () => ran[0]);
      await redis.kill();
      await failsSoon(addJobs(queue, [jobAt(120)]));
      await failsSoon(ensureWakeUps(queue));
      await redis.start();
      await eventually('the producer to add', LIMIT_MS, async () => {
        await addJobs(queue, [jobAt(180)]);
        return true;
      });
      await eventually('the worker to go on', LIMIT_MS, () => (ran.includes(180) ? true : undefined));
    });

    test('fails a producer soon that has never seen it, and serves it when it comes', async () => {
      await redis.kill();
      open();
      await Promise.all([failsSoon(addJobs(queue, [jobAt(60)])), failsSoon(ensureWakeUps(queue))]);
      await redis.start();
      await eventually('the producer to add', LIMIT_MS, async () => {
        await addJobs(queue, [jobAt(120)]);
        return true;
      });
      await ensureWakeUps(queue);
    });
  });
}
