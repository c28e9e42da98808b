import type { IngestOutcome } from '@app/ingestion';
import { Counter, Gauge, Histogram } from '@prometheus-io/client';

const listRecords = new Counter({
  name: 'tidemark_list_records_total',
  help: 'Records of lists of assets and CSV files that were processed, by what became of them: written, unchanged, quarantined.',
  labelNames: ['source', 'outcome'],
});
const listRuns = new Counter({
  name: 'tidemark_list_runs_total',
  help: 'Runs over lists of assets and CSV files by how they ended: completed, failed.',
  labelNames: ['source', 'outcome'],
});
const runSeconds = new Histogram({
  name: 'tidemark_list_run_duration_seconds',
  help: 'How long runs over lists of assets and CSV files took, failed ones too, with what they waited for.',
  labelNames: ['source'],
  buckets: [0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300],
});
const lastSuccess = new Gauge({
  name: 'tidemark_list_last_success_timestamp_seconds',
  help: 'When this process last came to the end of a list, in UNIX seconds.',
  labelNames: ['source'],
});

/** Counts a run that has ended. @param seconds how long it took. */
export function countRun(
  source: string,
  { written, unchanged, quarantined }: IngestOutcome,
  { status, seconds }: { readonly status: 'completed' | 'failed'; readonly seconds: number },
): void {
  for (const [outcome, count] of Object.entries({ written, unchanged, quarantined }))
    listRecords.inc({ source, outcome }, count);
  listRuns.inc({ source, outcome: status });
  runSeconds.observe({ source }, seconds);
  if (status === 'completed') lastSuccess.setToCurrentTime({ source });
}
