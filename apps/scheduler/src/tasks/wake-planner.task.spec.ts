import { jest } from '@jest/globals';
import { aRunner, lived } from '../../../../test/support/lived-tasks.js';
import { createLogBook } from '../../../../test/support/log-lines.js';
import { WakeUps } from '../planning/wake-ups.js';
import { wakePlanner } from './wake-planner.task.js';

/** A whole second of UNIX time, in milliseconds. */
const T = 1_766_000_000_000;

describe('waking the planner', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: T });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('wakes it in every second in which the queue has not', async () => {
    const { runner, passes } = aScheduler();
    await lived(runner, 3_000);
    expect(passes).toEqual([T + 300, T + 1_300, T + 2_300]);
  });

  it('leaves it alone in a second in which the queue has woken it', async () => {
    const { runner, passes, planner } = aScheduler();
    runner.onApplicationBootstrap();
    planner.lastPassAtMs = T + 5;
    await jest.advanceTimersByTimeAsync(900);
    expect(passes).toEqual([]);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(passes).toEqual([T + 1_300]);
    await runner.beforeApplicationShutdown();
  });

  it('makes sure that the queue wakes it, at once and when it was forgotten, but not in every second', async () => {
    const { runner, wakeUps, restored } = aScheduler();
    wakeUps.onApplicationBootstrap();
    await lived(runner, 12_000);
    expect(restored).toEqual([T, T + 5_300, T + 10_300]);
  });

  it('goes on without the queue', async () => {
    const { runner, wakeUps, passes, log } = aScheduler(() => Promise.reject(new Error('refused')));
    wakeUps.onApplicationBootstrap();
    await lived(runner, 2_000);
    expect(passes).toHaveLength(2);
    expect(log.of('queue_unavailable')).toHaveLength(1);
    expect(log.of('task_failed')).toEqual([]);
  });

  it('starts and goes on while the queue store hangs', async () => {
    const { runner, wakeUps, passes } = aScheduler(() => new Promise(() => undefined));
    expect(wakeUps.onApplicationBootstrap()).toBeUndefined();
    await lived(runner, 12_000);
    expect(passes).toHaveLength(12);
  });
});

/** The task, run, with a planner that notes its passes, and a queue that answers like this when it is asked for wake-ups. */
function aScheduler(queueAnswers: () => Promise<unknown> = async () => undefined) {
  const log = createLogBook();
  const passes: number[] = [];
  const restored: number[] = [];
  const planner = {
    lastPassAtMs: 0,
    pass: async (nominalMs: number) => {
      passes.push(nominalMs);
      planner.lastPassAtMs = nominalMs;
    },
  };
  const plannerQueue = {
    waitUntilReady: async () => undefined,
    upsertJobScheduler: () => {
      restored.push(Date.now());
      return queueAnswers();
    },
  };
  const wakeUps = new WakeUps({ planner: plannerQueue } as never, log.logger);
  const runner = aRunner([wakePlanner({ planner: planner as never, wakeUps, now: Date.now })], log);
  return { runner, wakeUps, planner, passes, restored, log };
}
