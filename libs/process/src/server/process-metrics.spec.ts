import { readFile } from 'node:fs/promises';
import { Registry } from '@prometheus-io/client';
import { collectProcessMetrics } from './process-metrics.js';

it('serves the metrics of a process under the names that dashboards know, and no more', async () => {
  const registry = new Registry();
  collectProcessMetrics(registry);
  const names = [...(await registry.metrics()).matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name]) => name);
  expect(names.filter((name) => !/^process_(virtual_memory|heap|open_fds|max_fds)/.test(name ?? ''))).toEqual([
    'tidemark_build_info',
    'process_cpu_user_seconds_total',
    'process_cpu_system_seconds_total',
    'process_cpu_seconds_total',
    'process_start_time_seconds',
    'process_resident_memory_bytes',
    'nodejs_eventloop_lag_seconds',
    ...['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map((kind) => `nodejs_eventloop_lag_${kind}_seconds`),
    'nodejs_active_resources',
    'nodejs_active_resources_total',
    'nodejs_active_handles',
    'nodejs_active_handles_total',
    'nodejs_active_requests',
    'nodejs_active_requests_total',
    'nodejs_heap_size_total_bytes',
    'nodejs_heap_size_used_bytes',
    'nodejs_external_memory_bytes',
    'nodejs_heap_space_size_total_bytes',
    'nodejs_heap_space_size_used_bytes',
    'nodejs_heap_space_size_available_bytes',
    'nodejs_version_info',
    'nodejs_gc_duration_seconds',
  ]);
});

it('names the version of the product, once per registry', async () => {
  const registry = new Registry();
  collectProcessMetrics(registry);
  collectProcessMetrics(registry);
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  expect(await registry.metrics()).toContain(`tidemark_build_info{version="${version}"} 1\n`);
});
