import { jest } from '@jest/globals';
import { ClockWatch } from '@app/process';
import { aRunner, lived } from '../../../../test/support/lived-tasks.js';
import { createLogBook } from '../../../../test/support/log-lines.js';
import { dropPayloads } from './drop-payloads.task.js';

/** A whole minute. */
const T = Date.UTC(2025, 11, 17, 12);

/** The signal of a process that does not end. */
const NEVER = new AbortController().signal;

describe('dropping payloads', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: T });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  async function aTask({ days = 30, left = 0, clockOffsetMs = 0 } = {}) {
    const log = createLogBook();
    const asked: { beforeDay: string; limit: number }[] = [];
    let rest = left;
    const payloads = {
      drop: async (beforeDay: string, limit: number) => {
        asked.push({ beforeDay, limit });
        if (rest < 0) throw new Error('connection refused');
        const dropped = Math.min(rest, limit);
        rest -= dropped;
        return { payloads: dropped, attempts: 0 };
      },
    } as never;
    const clock = new ClockWatch(async () => Date.now() + clockOffsetMs);
    await clock.measure();
    const task = dropPayloads({ payloads, payloadRetentionDays: days, clock, logger: log.logger, now: Date.now });
    return { task, asked, log };
  }

  it.each([
    [30, '2025-11-17'],
    [1, '2025-12-16'],
    [0, '2025-12-17'],
  ])('drops with %i days what last came before %s', async (days, beforeDay) => {
    const { task, asked } = await aTask({ days });
    await task.run(NEVER);
    expect(asked).toEqual([{ beforeDay, limit: 500 }]);
  });

  it('goes on in small batches until nothing is left', async () => {
    const { task, asked, log } = await aTask({ left: 1_200 });
    await task.run(NEVER);
    expect(asked).toHaveLength(3);
    expect(log.of('payloads_dropped')).toMatchObject([{ dropped: 1_200 }]);
  });

  it('leaves the rest of a long past for the next minute', async () => {
    const { task, asked } = await aTask({ left: 1_000_000 });
    await task.run(NEVER);
    expect(asked).toHaveLength(20);
  });

  it('drops nothing while its clock is wrong', async () => {
    const { task, asked } = await aTask({ clockOffsetMs: 60_000 });
    await expect(task.run(NEVER)).rejects.toThrow('60000 ms off');
    expect(asked).toEqual([]);
  });

  it('drops no further batch when the process ends', async () => {
    const { task, asked } = await aTask({ left: 1_000_000 });
    await task.run(AbortSignal.abort());
    expect(asked).toEqual([]);
  });

  it('looks once a minute, and goes on after a failure', async () => {
    const { task, asked, log } = await aTask({ left: -1 });
    await lived(aRunner([task], log), 120_000);
    await jest.advanceTimersByTimeAsync(120_000);
    expect(asked).toHaveLength(2);
    expect(log.of('task_failed')).toMatchObject([{ task: 'drop-payloads' }, {}]);
  });
});
