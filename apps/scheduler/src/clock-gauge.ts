import type { ClockWatch } from '@app/process';
import { Gauge, register } from '@prometheus-io/client';

const NAME = 'tidemark_clock_offset_seconds';

/** Exports how far this process's clock is from the database's, as it was last measured. A second call replaces the first. */
export function exportClockOffset(clock: ClockWatch): void {
  register.removeSingleMetric(NAME);
  new Gauge({
    name: NAME,
    help: "This process's clock minus the database's.",
    collect() {
      const offset = clock.offset();
      if (offset !== undefined) this.set(offset.offsetMs / 1000);
    },
  });
}
