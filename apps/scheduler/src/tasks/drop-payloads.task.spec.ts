import { jest } from '@jest/globals';
import { ClockWatch } from '@app/observability';
import { createLogBook } from '../../../../test/support/log-lines.js';
import { PayloadRetention } from './drop-payloads.task.js';

/** A whole minute. */
const T = Date.UTC(2025, 11, 17, 12);

describe('the retention of payloads', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: T });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  function aRetention({ days = 30, left = 0, clockOffsetMs = 0 } = {}) {
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
    };
    const clock = new ClockWatch(async () => Date.now() + clockOffsetMs);
    const retention = new PayloadRetention(payloads as never, clock, log.logger, days);
    return { retention, clock, asked, log };
  }

  it.each([
    [30, '2025-11-17'],
    [1, '2025-12-16'],
    [0, '2025-12-17'],
  ])('drops with %i days what last came before %s', async (days, beforeDay) => {
    const { retention, clock, asked } = aRetention({ days });
    await clock.measure();
    await retention.drop();
    expect(asked).toEqual([{ beforeDay, limit: 500 }]);
  });

  it('goes on in small batches until nothing is left', async () => {
    const { retention, clock, asked, log } = aRetention({ left: 1_200 });
    await clock.measure();
    await retention.drop();
    expect(asked).toHaveLength(3);
    expect(log.of('payloads_dropped')).toMatchObject([{ dropped: 1_200 }]);
  });

  it('leaves the rest of a long past for the next minute', async () => {
    const { retention, clock, asked } = aRetention({ left: 1_000_000 });
    await clock.measure();
    await retention.drop();
    expect(asked).toHaveLength(20);
  });

  it('drops nothing while its clock is wrong', async () => {
    const { retention, clock, asked } = aRetention({ clockOffsetMs: 60_000 });
    await clock.measure();
    await retention.drop();
    expect(asked).toEqual([]);
  });

  it('looks once a minute, and goes on after a failure', async () => {
    const { retention, clock, asked, log } = aRetention({ left: -1 });
    await clock.measure();
    retention.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(120_000);
    await retention.beforeApplicationShutdown();
    await jest.advanceTimersByTimeAsync(120_000);
    expect(asked).toHaveLength(2);
    expect(log.of('clockwork_failed')).toMatchObject([{ doing: 'dropping payloads' }, {}]);
  });
});
