import { Registry } from '@prometheus-io/client';
import { ClockWatch } from '../clock-watch.js';
import { exportClockOffset } from './clock-gauge.js';

const T = 1_766_000_000_000;

const registry = new Registry();

describe('the gauge of the clock', () => {
  it('has the last measurement at each scrape', async () => {
    let databaseMs = T - 120;
    const clock = new ClockWatch(
      async () => databaseMs,
      () => T,
    );
    exportClockOffset(registry, clock);
    expect(await offset()).toBeNaN();
    await clock.measure();
    expect(await offset()).toBeCloseTo(0.12, 2);
    databaseMs = T + 2_000;
    await clock.measure();
    expect(await offset()).toBeCloseTo(-2, 2);
  });
});

async function offset(): Promise<number> {
  return Number(/^tidemark_clock_offset_seconds (.+)$/m.exec(await registry.metrics())?.[1]);
}
