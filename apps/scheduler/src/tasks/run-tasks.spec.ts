import { jest } from '@jest/globals';
import { register } from '@prometheus-io/client';
import { aRunner, lived } from '../../../../test/support/lived-tasks.js';
import { createLogBook } from '../../../../test/support/log-lines.js';
import type { Task } from './task.js';

/** A whole minute, in milliseconds. */
const T = Date.UTC(2025, 11, 17, 12);

describe('the runner of the periodic tasks', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: T + 450 });
    register.resetMetrics();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('runs each task by the clock, and not from its own start', async () => {
    const [often, seldom] = [aTask({ everySeconds: 1, offsetMs: 300 }), aTask({ everySeconds: 60, offsetMs: 30_000 })];
    await lived(aRunner([often, { ...seldom, name: 'seldom' }]), 120_000);
    expect(often.begunAtMs.slice(0, 3)).toEqual([T + 1_300, T + 2_300, T + 3_300]);
    expect(seldom.begunAtMs).toEqual([T + 30_000, T + 90_000]);
  });

  it('never runs a task twice at once: one that is slow leaves periods out, and makes up for none', async () => {
    const slow = aTask({ work: () => pause(2_600) });
    await lived(aRunner([slow]), 12_300);
    expect(slow.mostAtOnce()).toBe(1);
    expect(slow.begunAtMs.map((atMs) => atMs - T)).toEqual([1_000, 4_000, 7_000, 10_000]);
  });

  it('lets no task wait for another', async () => {
    const other = aTask({});
    const runner = aRunner([{ ...aTask({ work: () => new Promise(() => undefined) }), name: 'hanging' }, other]);
    runner.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(5_000);
    expect(other.begunAtMs).toHaveLength(5);
  });

  it('tries a task that failed again in its next period; counts, logs and remembers the failures', async () => {
    const log = createLogBook();
    const failing = aTask({
      work: async (run) => {
        await pause(40);
        if (run < 3) throw new Error(['refused', 'timed out'][run - 1]);
      },
    });
    const runner = aRunner([failing], log);
    runner.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(1_900);
    expect(runner.states()).toEqual([
      {
        name: 'a-task',
        everySeconds: 1,
        lastRunAtMs: T + 2_000,
        lastDurationMs: 40,
        failuresInARow: 2,
        lastError: 'timed out',
      },
    ]);
    expect(log.of('task_failed')).toMatchObject([
      { level: 40, task: 'a-task', failures_in_a_row: 1, err: { message: 'refused' } },
      { level: 40, task: 'a-task', failures_in_a_row: 2, err: { message: 'timed out' } },
    ]);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(runner.states()).toMatchObject([
      { lastRunAtMs: T + 3_000, lastSuccessAtMs: T + 3_040, failuresInARow: 0, lastError: 'timed out' },
    ]);
    expect(log.of('task_failed')).toHaveLength(2);
    await runner.beforeApplicationShutdown();
  });

  it('logs a failure that goes on once a minute with the count, and once that it is over', async () => {
    const log = createLogBook();
    const failing = aTask({
      work: async (run) => {
        // As that of a clock that is wrong: what it measures differs every time.
        if (run <= 150) throw new Error(`${run * 7} ms off`);
      },
    });
    const runner = aRunner([failing], log);
    await lived(runner, 200_000);
    expect(log.of('task_failed').map(({ failures_in_a_row }) => failures_in_a_row)).toEqual([1, 61, 121]);
    expect(log.of('task_failed')[1]).toMatchObject({ level: 40, task: 'a-task', err: { message: '427 ms off' } });
    expect(log.of('task_recovered')).toMatchObject([{ level: 30, task: 'a-task', failures_in_a_row: 150 }]);
    expect(await register.metrics()).toContain('tidemark_task_runs_total{task="a-task",outcome="failure"} 150');
    expect(runner.states()).toMatchObject([{ failuresInARow: 0, lastError: '1050 ms off' }]);
  });

  it('logs at once when a task fails for another reason, and when it fails again after a success', async () => {
    const log = createLogBook();
    const faults = ['refused', 'refused', 'timed out', 'timed out', undefined, 'timed out', undefined];
    const failing = aTask({
      work: async (run) => {
        const fault = faults[run - 1];
        if (fault !== undefined) throw new Error(fault);
      },
    });
    await lived(aRunner([failing], log), 10_000);
    expect(log.lines.map(({ event, failures_in_a_row }) => [event, failures_in_a_row])).toEqual([
      ['task_failed', 1],
      ['task_failed', 3],
      ['task_recovered', 4],
      ['task_failed', 1],
      ['task_recovered', 1],
    ]);
  });

  it('counts a task that throws before it returns a promise', async () => {
    const runner = aRunner([
      {
        ...aTask({}),
        run: () => {
          throw new Error('at once');
        },
      },
    ]);
    await lived(runner, 2_000);
    expect(runner.states()).toMatchObject([{ failuresInARow: 2, lastError: 'at once' }]);
  });

  it('exports runs by outcome, durations, and the last success', async () => {
    const failing = aTask({
      work: async (run) => {
        await pause(40);
        if (run === 3) throw new Error('broken');
      },
    });
    const runner = aRunner([failing]);
    runner.onApplicationBootstrap();
    expect(await register.metrics()).toContain('tidemark_task_runs_total{task="a-task",outcome="failure"} 0');
    await jest.advanceTimersByTimeAsync(2_900);
    const text = await register.metrics();
    expect(text).toContain('tidemark_task_runs_total{task="a-task",outcome="success"} 2');
    expect(text).toContain('tidemark_task_runs_total{task="a-task",outcome="failure"} 1');
    expect(text).toContain('tidemark_task_duration_seconds_bucket{le="0.02",task="a-task"} 0');
    expect(text).toContain('tidemark_task_duration_seconds_bucket{le="0.1",task="a-task"} 3');
    expect(text).toContain('tidemark_task_duration_seconds_count{task="a-task"} 3');
    expect(text).toContain(`tidemark_task_last_success_timestamp_seconds{task="a-task"} ${(T + 2_040) / 1000}`);
    await runner.beforeApplicationShutdown();
  });

  it('ends when what is in hand has ended, which hears of it by its signal, and begins nothing any more', async () => {
    const log = createLogBook();
    const long = aTask({
      work: async (_run, signal) => {
        while (!signal.aborted) await pause(10_000);
        signal.throwIfAborted();
      },
    });
    const runner = aRunner([long], log);
    runner.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(2_000);
    let hasEnded = false;
    const ended = runner.beforeApplicationShutdown().then(() => (hasEnded = true));
    await jest.advanceTimersByTimeAsync(1_000);
    expect(hasEnded).toBe(false);
    await jest.advanceTimersByTimeAsync(9_000);
    await ended;
    await jest.advanceTimersByTimeAsync(60_000);
    expect(long.begunAtMs).toHaveLength(1);
    // It did what it should: that is no failure.
    expect(log.of('task_failed')).toEqual([]);
    expect(runner.states()).toMatchObject([{ failuresInARow: 0 }]);
    expect(await register.metrics()).toContain('tidemark_task_runs_total{task="a-task",outcome="aborted"} 1');
  });

  it('refuses two tasks of one name', () => {
    expect(() => aRunner([aTask({}), aTask({})])).toThrow('2 tasks are named a-task');
  });
});

/** A task of every second that notes its runs; its work gets the number of the run, from 1. */
function aTask({
  everySeconds = 1,
  offsetMs = 0,
  work = async () => undefined,
}: {
  readonly everySeconds?: number;
  readonly offsetMs?: number;
  readonly work?: (run: number, signal: AbortSignal) => Promise<void>;
}): Task & { readonly begunAtMs: number[]; mostAtOnce(): number } {
  const begunAtMs: number[] = [];
  let inHand = 0;
  let mostAtOnce = 0;
  return {
    name: 'a-task',
    everySeconds,
    offsetMs,
    begunAtMs,
    mostAtOnce: () => mostAtOnce,
    run: async (signal) => {
      begunAtMs.push(Date.now());
      inHand += 1;
      mostAtOnce = Math.max(mostAtOnce, inHand);
      try {
        await work(begunAtMs.length, signal);
      } finally {
        inHand -= 1;
      }
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
