import { eventually } from '../support/processes.js';
import { PostgresProcess } from '../support/postgres-process.js';
import { RedisProcess, redisServerName } from '../support/redis-process.js';
import { TestSystem } from '../support/test-system.js';
import type { FaultKind } from './fault-log.js';
import { describeFaults, type FaultyWorld } from './fault-suite.js';

/** How long each process stays dead, in milliseconds. */
const DEAD_FOR_MS = 10_000;

const stores = redisServerName() === undefined ? (['postgres'] as const) : (['redis', 'postgres'] as const);
if (stores.length === 1)
  process.stderr.write('No redis-server on the PATH: "killed in turn, with the queue on redis" does NOT run.\n');

describe.each(stores)('killed in turn for 10 s each at 1-s sampling, with the queue on %s', (store) => {
  describeFaults(async (): Promise<FaultyWorld> => {
    const postgres = await PostgresProcess.start();
    const redis = store === 'redis' ? await RedisProcess.start() : undefined;
    const system = await TestSystem.prepare({
      databaseUrl: postgres.url,
      queueUrl: redis?.url,
      intervalSeconds: 1,
      seed: `kills ${Date.now()}`,
    });
    await system.start('scheduler');
    await system.start('worker');
    const kinds = [
      killing(system, 'worker', ['not_taken', 'lost', 'late']),
      killing(system, 'scheduler', ['not_planned', 'not_enqueued']),
      killingPostgres(postgres),
      ...(redis === undefined ? [] : [killingRedis(redis), flushing(redis)]),
    ];
    const stop = async (): Promise<void> => {
      await system.stop();
      await redis?.stop();
      await postgres.stop();
    };
    return { system, kinds, stop };
  });
});

function killing(system: TestSystem, app: 'worker' | 'scheduler', reasons: string[]): FaultKind {
  return {
    name: `${app} killed`,
    reasons,
    lastsMs: DEAD_FOR_MS,
    slotsToRecover: 1,
    begin: () => system.end(app, 'SIGKILL'),
    // The fault ends when the process that replaces it is there.
    end: async () => {
      const before = system.started.length;
      await system.start(app);
      await eventually(`${app} to start`, 20_000, () =>
        system.started[before]?.process.lines.find((line) => line.event === 'started'),
      );
    },
  };
}

function killingPostgres(postgres: PostgresProcess): FaultKind {
  return {
    name: 'Postgres killed',
    reasons: ['database_unavailable', 'not_planned', 'lost', 'late', 'not_taken', 'not_enqueued'],
    lastsMs: DEAD_FOR_MS,
    slotsToRecover: 1,
    begin: async () => postgres.kill(),
    end: () => postgres.restart(),
  };
}

const QUEUE_REASONS = ['not_enqueued', 'not_taken', 'late', 'lost', 'not_planned'];

function killingRedis(redis: RedisProcess): FaultKind {
  return {
    name: 'Redis killed',
    reasons: QUEUE_REASONS,
    lastsMs: DEAD_FOR_MS,
    slotsToRecover: 1,
    begin: () => redis.kill(),
    end: () => redis.start(),
  };
}

function flushing(redis: RedisProcess): FaultKind {
  return {
    name: 'Redis flushed',
    reasons: QUEUE_REASONS,
    lastsMs: 0,
    slotsToRecover: 1,
    begin: () => redis.flush(),
    end: () => Promise.resolve(),
  };
}
