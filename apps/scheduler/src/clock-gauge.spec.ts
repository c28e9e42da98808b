import { ClockWatch } from '@app/process';
import { register } from '@prometheus-io/client';
import { exportClockOffset } from './clock-gauge.js';

const T = 1_766_000_000_000;

describe('the gauge of the clock', () => {
  it('has the last measurement at each scrape', async () => {
    let databaseMs = T - 120;
    const clock = new ClockWatch(
      async () => databaseMs,
      () => T,
    );
    exportClockOffset(clock);
    await clock.measure();
    expect(await offset()).toBeCloseTo(0.12, 2);
    databaseMs = T + 2_000;
    await clock.measure();
    expect(await offset()).toBeCloseTo(-2, 2);
  });
});

async function offset(): Promise<number> {
  return Number(/^tidemark_clock_offset_seconds (.+)$/m.exec(await register.metrics())?.[1]);
}
