import { collectDefaultMetrics, Gauge, type Registry } from '@prometheus-io/client';
import tidemark from '../../../../package.json' with { type: 'json' };

/** Version of the product, that of package.json. */
export const VERSION: string = tidemark.version;

/** Measured ten times a second and served as 30 lines by every process; the lag of the event loop says the same. */
const LEFT_OUT = ['nodejs_eventloop_utilization_summary', 'nodejs_eventloop_utilization_histogram'];

/** What a timer can wait at most. */
const NEVER_MS = 2 ** 31 - 1;

const BUILD_INFO = 'tidemark_build_info';

/**
 * Adds what is said of every process: its build, and what Prometheus knows of every Node process (CPU, memory, event loop, garbage
 * collection). A second call for the same registry adds nothing.
 */
export function collectProcessMetrics(registry: Registry): void {
  if (registry.getSingleMetric(BUILD_INFO) !== undefined) return;
  new Gauge({
    name: BUILD_INFO,
    help: 'Always 1; the label is the version of the product.',
    labelNames: ['version'] as const,
    registers: [registry],
  }).set({ version: VERSION }, 1);
  collectDefaultMetrics({ register: registry, eventLoopUtilizationTimeout: NEVER_MS });
  for (const name of LEFT_OUT) registry.removeSingleMetric(name);
}
