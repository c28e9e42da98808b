import { PostgresProcess } from '../support/postgres-process.js';
import { RedisProcess, redisServerName } from '../support/redis-process.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { TestSystem } from '../support/test-system.js';
import type { FaultKind } from './fault-log.js';
import { describeFaults, type FaultyWorld } from './fault-suite.js';

/** How long each cut lasts, in milliseconds. */
const CUT_FOR_MS = 8_000;

// `overload`: the slot before is still in the hands of the worker that was cut off.
const WORKER_REASONS = ['database_unavailable', 'late', 'lost', 'not_taken', 'timeout', 'overload'];

const hasRedis = redisServerName() !== undefined;
if (!hasRedis)
  process.stderr.write('No redis-server on the PATH: the worker is not cut from Redis, the queue is on Postgres.\n');

describe('cut off and stopped in turn, with two schedulers and one worker at 1-s sampling', () => {
  describeFaults(async (): Promise<FaultyWorld> => {
    const postgres = await PostgresProcess.start();
    const redis = hasRedis ? await RedisProcess.start() : undefined;
    const system = await TestSystem.prepare({
      databaseUrl: postgres.url,
      queueUrl: redis?.url,
      intervalSeconds: 1,
      seed: `partitions ${Date.now()}`,
    });
    const toPostgres = await startTcpProxy(postgres.url);
    const toRedis = redis === undefined ? undefined : await startTcpProxy(redis.url);
    await system.start('scheduler', 'scheduler-1');
    await system.start('scheduler', 'scheduler-2');
    await system.start('worker', 'worker', 0, {
      DATABASE_URL: toPostgres.url,
      ...(toRedis === undefined ? {} : { QUEUE_URL: toRedis.url }),
    });
    const kinds: FaultKind[] = [
      cutting('worker cut from Postgres', toPostgres),
      ...(toRedis === undefined ? [] : [cutting('worker cut from Redis', toRedis)]),
      {
        name: 'worker stopped and continued',
        reasons: WORKER_REASONS,
        lastsMs: CUT_FOR_MS,
        slotsToRecover: 2,
        begin: async () => system.signal('worker', 'SIGSTOP'),
        end: async () => system.signal('worker', 'SIGCONT'),
      },
      {
        name: 'one of two schedulers killed',
        reasons: ['not_planned', 'not_enqueued', 'late'],
        // The other goes on: there is nothing to wait for.
        lastsMs: 0,
        slotsToRecover: 1,
        begin: () => system.end('scheduler-1', 'SIGKILL'),
        end: () => Promise.resolve(),
      },
    ];
    const stop = async (): Promise<void> => {
      await system.stop();
      await toPostgres.close();
      await toRedis?.close();
      await redis?.stop();
      await postgres.stop();
    };
    return { system, kinds, stop };
  });
});

function cutting(name: string, proxy: TcpProxy): FaultKind {
  return {
    name,
    reasons: WORKER_REASONS,
    lastsMs: CUT_FOR_MS,
    slotsToRecover: 2,
    begin: async () => proxy.freeze(),
    end: async () => proxy.mend(),
  };
}
