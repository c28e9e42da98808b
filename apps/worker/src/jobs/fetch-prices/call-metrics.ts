import { Counter, Histogram } from '@prometheus-io/client';

/** Calls by how they ended: `answered`, or the kind of the error. */
export const sourceCalls = new Counter({
  name: 'tidemark_source_calls_total',
  help: 'Calls to sources by how they ended: answered, or the kind of the error.',
  labelNames: ['source', 'outcome'],
});

/** How long the sources took, from the request to the last byte. */
export const sourceCallSeconds = new Histogram({
  name: 'tidemark_source_call_duration_seconds',
  help: 'How long the sources took to answer, from the request to the last byte; failures included.',
  labelNames: ['source'],
  // 4 s is the limit of a call.
  buckets: [0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 5],
});

/** Fields that had drifted, by where. */
export const driftTotal = new Counter({
  name: 'tidemark_drift_total',
  help: 'Fields of answers that were not what the contract of the source says.',
  labelNames: ['source', 'endpoint'],
});
