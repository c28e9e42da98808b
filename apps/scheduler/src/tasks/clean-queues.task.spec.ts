import { jest } from '@jest/globals';
import { JOBS } from '@app/queue';
import { aRunner, lived } from '../../../../test/support/lived-tasks.js';
import { createLogBook } from '../../../../test/support/log-lines.js';
import { cleanQueues } from './clean-queues.task.js';
import { makePartitions } from './make-partitions.task.js';

/** A whole minute. */
const T = Date.UTC(2025, 11, 17, 12);

describe('making partitions and cleaning queues', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: T });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('runs both every minute: partitions first, so that a queue that is away keeps none from being made', async () => {
    const { runner, housekeeping, log } = aHouse({ clean: () => Promise.reject(new Error('refused')) });
    await lived(runner, 120_000);
    expect(housekeeping).toEqual(['partitions', 'queue', 'partitions', 'queue']);
    expect(log.of('task_failed')).toMatchObject([{ task: 'clean-queues' }, { task: 'clean-queues' }]);
  });

  it('makes partitions minute by minute while the queue store hangs', async () => {
    const { runner, housekeeping } = aHouse({ clean: () => new Promise(() => undefined) });
    runner.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(180_000);
    expect(housekeeping.filter((what) => what === 'partitions')).toHaveLength(3);
  });

  it('ends soon although the queue store was never reached and a cleaning is under way', async () => {
    const { runner } = aHouse({ reached: () => new Promise(() => undefined) });
    runner.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(60_000);
    const ended = runner.beforeApplicationShutdown().then(() => 'ended');
    await jest.advanceTimersByTimeAsync(3_000);
    expect(await Promise.race([ended, Promise.resolve('hangs')])).toBe('ended');
  });

  it('cleans no further queue when the process ends', async () => {
    let cleaned: () => void = () => undefined;
    const { runner, housekeeping } = aHouse({
      clean: () => new Promise<void>((resolve) => (cleaned = resolve)),
      count: 3,
    });
    runner.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(40_000);
    const ended = runner.beforeApplicationShutdown();
    cleaned();
    await ended;
    expect(housekeeping.filter((what) => what === 'queue')).toHaveLength(1);
  });
});

interface House {
  readonly clean?: () => Promise<unknown>;
  /** Whether the queue store has been reached: resolves when it has. */
  readonly reached?: () => Promise<unknown>;
  /** How many queues there are; default 1. */
  readonly count?: number;
}

/** Both tasks, run; partitions and queues note when they were asked. */
function aHouse({ clean = async () => undefined, reached = async () => undefined, count = 1 }: House) {
  const log = createLogBook();
  const housekeeping: string[] = [];
  const queue = {
    // As BullMQ does: it waits for its first connection without an end.
    waitUntilReady: reached,
    clean: async () => {
      await reached();
      housekeeping.push('queue');
      await clean();
      return [];
    },
    getJobs: async () => [],
  };
  const queues = { all: () => Array.from({ length: count }, () => queue) } as never;
  // Every partition is there already; what is asked tells that they were looked for.
  const connection = { query: async () => ({ rowCount: 1, rows: [] }), release: () => housekeeping.push('partitions') };
  const pool = { connect: async () => connection } as never;
  const tasks = [makePartitions({ pool, logger: log.logger, now: Date.now }), cleanQueues({ queues, jobTypes: JOBS })];
  return { runner: aRunner(tasks, log), housekeeping, log };
}
