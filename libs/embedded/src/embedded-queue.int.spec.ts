import { mkdtempSync, rmSync, statSync, writeFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findQueueServer, isNewEnough, startEmbeddedQueue, type EmbeddedQueue } from './embedded-queue.js';
import { sendSignal } from './process-identity.js';

const searchPath = process.env['PATH'] ?? '';
const server = findQueueServer(searchPath);
const dataFolder = mkdtempSync(join(tmpdir(), 'tidemark-queue-'));
const running: EmbeddedQueue[] = [];

async function start(): Promise<EmbeddedQueue> {
  if (server === undefined) throw new Error('no server');
  const queue = await startEmbeddedQueue({ dataFolder, server, searchPath });
  running.push(queue);
  return queue;
}

async function ask<T>(url: string, question: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    enableReadyCheck: false,
  });
  let fault: Error | undefined;
  redis.on('error', (error) => (fault = error));
  try {
    await redis.connect();
    return await question(redis);
  } catch (error) {
    // "Connection is closed" says less than what closed it.
    throw fault ?? error;
  } finally {
    redis.disconnect();
  }
}

afterEach(async () => {
  for (const queue of running.splice(0)) await queue.stop();
});
afterAll(() => rmSync(dataFolder, { recursive: true }));

describe('the choice of a queue server', () => {
  it('takes none where there is none', () => {
    expect(findQueueServer('/no/such/folder')).toBeUndefined();
  });

  it('takes none that BullMQ does not want', () => {
    expect(['5.0.7', '6.0.16', '6.2.0', '7.0.15', '8.1.1', '10.0'].map(isNewEnough)).toEqual([
      false,
      false,
      true,
      true,
      true,
      true,
    ]);
  });
});

if (server === undefined)
  console.warn('NOT RUN: the private queue server, for there is no redis-server or valkey-server');

(server === undefined ? describe.skip : describe)('the private queue server', () => {
  it('keeps its data over a restart on the same port, and asks for a password', async () => {
    const first = await start();
    expect(await ask(first.url, (redis) => redis.config('GET', 'appendfsync'))).toEqual(['appendfsync', 'everysec']);
    expect(await ask(first.url, (redis) => redis.config('GET', 'save'))).toEqual(['save', '']);
    expect(await ask(first.url, (redis) => redis.config('GET', 'bind'))).toEqual(['bind', '127.0.0.1']);
    await ask(first.url, (redis) => redis.set('kept', 'yes'));
    await expect(ask(`redis://127.0.0.1:${first.port}`, (redis) => redis.ping())).rejects.toThrow(/^NOAUTH /);
    expect(statSync(join(dataFolder, 'server.conf')).mode & 0o777).toBe(0o600);
    await first.stop();
    const second = await start();
    expect(second.url).toBe(first.url);
    expect(await ask(second.url, (redis) => redis.get('kept'))).toBe('yes');
  });

  it('comes back on the same port after kill -9', async () => {
    const queue = await start();
    sendSignal(queue.child.pid, 'SIGKILL');
    await queue.child.ended;
    const child = await queue.part.launch();
    await queue.part.untilReady?.(child);
    expect(await ask(queue.url, (redis) => redis.ping())).toBe('PONG');
    await child.stop(5_000);
  });

  it('begins anew when its log cannot be read', async () => {
    await (await start()).stop();
    const log = join(dataFolder, 'appendonlydir');
    for (const file of readdirSync(log)) writeFileSync(join(log, file), 'this is no log\n');
    const queue = await start();
    expect(await ask(queue.url, (redis) => redis.dbsize())).toBe(0);
  });
});
