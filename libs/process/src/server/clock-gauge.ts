import { Gauge, type Registry } from '@prometheus-io/client';
import type { ClockWatch } from '../clock-watch.js';

const NAME = 'tidemark_clock_offset_seconds';

/** Exports how far this process's clock is from the database's, as it was last measured. A second call replaces the first. */
export function exportClockOffset(registry: Registry, clock: ClockWatch): void {
  registry.removeSingleMetric(NAME);
  new Gauge({
    name: NAME,
    help: "This process's clock minus the database's.",
    registers: [registry],
    collect() {
      const offset = clock.offset();
      this.set(offset === undefined ? NaN : offset.offsetMs / 1000);
    },
  });
}
