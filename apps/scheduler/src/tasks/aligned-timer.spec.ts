import { jest } from '@jest/globals';
import { AlignedTimer } from './aligned-timer.js';

/** A whole second of UNIX time, in milliseconds. */
const T = 1_766_000_000_000;

describe('a timer aligned to the clock', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: T + 450 });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('runs the work at every second plus the offset, however long it takes', async () => {
    const runs: number[] = [];
    const timer = aTimer({
      offsetMs: 300,
      work: async () => {
        runs.push(Date.now() - T);
        // The second pass is as long as a second and a half: the one that it overlaps is left out, not made up for.
        await new Promise((resolve) => setTimeout(resolve, runs.length === 2 ? 1_500 : 10));
      },
    });
    timer.start();
    await jest.advanceTimersByTimeAsync(5_900);
    expect(runs).toEqual([1_300, 2_300, 4_300, 5_300, 6_300]);
    await stopped(timer);
  });

  it('aligns a longer period to the clock too, and not to its own start', async () => {
    const runs: number[] = [];
    const timer = aTimer({ everySeconds: 60, offsetMs: 30_000, work: async () => void runs.push(Date.now()) });
    timer.start();
    await jest.advanceTimersByTimeAsync(180_000);
    expect(runs.map((run) => run % 60_000)).toEqual([30_000, 30_000, 30_000]);
    await stopped(timer);
  });

  it('runs once a period when the system wakes it a moment too early', async () => {
    let earlyMs = 0;
    let runs = 0;
    const timer = aTimer({ offsetMs: 300, now: () => Date.now() - earlyMs, work: async () => void (runs += 1) });
    timer.start();
    earlyMs = 1;
    await jest.advanceTimersByTimeAsync(3_000);
    expect(runs).toBe(3);
    await stopped(timer);
  });

  it('stops only when the work in hand has ended, and never starts it again', async () => {
    let runs = 0;
    let finish: () => void = () => undefined;
    const timer = aTimer({
      offsetMs: 0,
      work: () => {
        runs += 1;
        return new Promise<void>((resolve) => (finish = resolve));
      },
    });
    timer.start();
    await jest.advanceTimersByTimeAsync(1_000);
    let hasStopped = false;
    const stopping = timer.stop().then(() => (hasStopped = true));
    await jest.advanceTimersByTimeAsync(2_000);
    expect(hasStopped).toBe(false);
    finish();
    await stopping;
    await jest.advanceTimersByTimeAsync(5_000);
    expect(runs).toBe(1);
  });

  it('does nothing when it is stopped before its first run', async () => {
    let runs = 0;
    const timer = aTimer({ offsetMs: 0, work: async () => void (runs += 1) });
    timer.start();
    await timer.stop();
    await jest.advanceTimersByTimeAsync(5_000);
    expect(runs).toBe(0);
  });
});

async function stopped(timer: AlignedTimer): Promise<void> {
  const stopping = timer.stop();
  await jest.advanceTimersByTimeAsync(2_000);
  await stopping;
}

function aTimer(options: Partial<ConstructorParameters<typeof AlignedTimer>[0]>): AlignedTimer {
  return new AlignedTimer({
    everySeconds: 1,
    offsetMs: 0,
    now: Date.now,
    work: async () => undefined,
    ...options,
  });
}
