import { Redis } from 'ioredis';
import { eventually } from '../../../test/support/processes.js';
import { RedisProcess, redisServerName } from '../../../test/support/redis-process.js';
import { startTcpProxy } from '../../../test/support/tcp-proxy.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.js';
import { queueStoreOf } from './queue-address.js';
import { createStoreCheck, type StoreCheck } from './store-check.js';

const LIMIT_MS = 5_000;

describe('the check of a queue in Postgres', () => {
  let database: TestDatabase;
  let check: StoreCheck | undefined;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => check?.close());
  afterAll(() => database.drop());

  it('finds nothing wrong with one that is there', async () => {
    check = createStoreCheck(queueStoreOf(database.url));
    expect(await check.ask()).toBeUndefined();
    expect(await check.ask()).toBeUndefined();
  });

  it('tells of one that takes no writes, and names the variable', async () => {
    check = createStoreCheck(queueStoreOf(`${database.url}?options=-c%20default_transaction_read_only%3Don`));
    expect(await check.ask()).toMatch(/standby, or set to read only: name the primary in QUEUE_URL/);
  });

  it('tells soon of one that is silent, and of its return', async () => {
    const proxy = await startTcpProxy(database.url);
    check = createStoreCheck(queueStoreOf(proxy.url));
    expect(await check.ask()).toBeUndefined();
    proxy.freeze();
    for (let round = 0; round < 2; round += 1) {
      const begun = Date.now();
      expect(await check.ask()).toMatch(/^the queue store cannot be reached: .+/);
      expect(Date.now() - begun).toBeLessThan(LIMIT_MS);
    }
    proxy.mend();
    expect(await check.ask()).toBeUndefined();
    await proxy.close();
  });
});

if (redisServerName() === undefined) {
  process.stderr.write('There is no redis-server on the PATH: the check of a queue on Redis is NOT tested.\n');
  test.skip('the check of a queue on Redis: not run, because there is no redis-server', () => undefined);
} else {
  describe('the check of a queue on Redis', () => {
    let redis: RedisProcess;
    let admin: Redis;
    let check: StoreCheck;

    beforeEach(async () => {
      redis = await RedisProcess.start();
      admin = new Redis(redis.url);
      admin.on('error', () => undefined);
      check = createStoreCheck(queueStoreOf(redis.url));
      expect(await check.ask()).toBeUndefined();
    });
    afterEach(async () => {
      await check.close();
      admin.disconnect();
      await redis.stop();
    });

    it('tells of one that is gone and of one that is back', async () => {
      await redis.kill();
      await check.ask();
      expect(await check.ask()).toMatch(/^the queue store cannot be reached: .*connect ECONNREFUSED/);
      await redis.start();
      expect(await check.ask()).toBeUndefined();
    });

    it('tells soon of one that is silent, and of its return', async () => {
      redis.suspend();
      for (let round = 0; round < 2; round += 1) {
        const begun = Date.now();
        expect(await check.ask()).toMatch(/^the queue store cannot be reached: .+/);
        expect(Date.now() - begun).toBeLessThan(LIMIT_MS);
      }
      redis.resume();
      await eventually('its return', LIMIT_MS, async () => ((await check.ask()) === undefined ? true : undefined));
    });

    it('tells of one that is full, with the cure', async () => {
      await admin.config('SET', 'maxmemory', '1');
      expect(await check.ask()).toMatch(/^the queue store is full: raise its maxmemory/);
      await admin.config('SET', 'maxmemory', '0');
      expect(await check.ask()).toBeUndefined();
    });

    it('tells of a replica, with the cure', async () => {
      await admin.replicaof('127.0.0.1', 1);
      expect(await check.ask()).toMatch(/^the queue store is a replica .*: name the primary in QUEUE_URL/);
      await admin.replicaof('NO', 'ONE');
      expect(await check.ask()).toBeUndefined();
    });

    it('tells of a password that it lacks', async () => {
      await admin.config('SET', 'requirepass', 'secret');
      await check.close();
      check = createStoreCheck(queueStoreOf(redis.url));
      expect(await check.ask()).toMatch(/^the queue store asks for a password: name it in QUEUE_URL/);
      await check.close();
      check = createStoreCheck(queueStoreOf(redis.url.replace('//', '//:wrong@')));
      expect(await check.ask()).toMatch(/^the queue store (refuses|asks)/);
    });

    it('leaves nothing behind for good', async () => {
      for (const key of await admin.keys('*')) expect(await admin.pttl(key)).toBeGreaterThan(0);
    });
  });
}
