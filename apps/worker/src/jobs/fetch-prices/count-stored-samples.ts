import { SampleCounters } from '@app/storage/metrics';
import { register } from '@prometheus-io/client';
import { revisedOfOthers, type CommittedStore } from './log-stored-samples.js';

const counters = new SampleCounters(register);

/** Counts what a store left in the table, after the commit: its own samples as they stand, and those of others that it revised. */
export function countStoredSamples(committed: Pick<CommittedStore, 'key' | 'samples' | 'outcome'>): void {
  const { key, samples, outcome: stored } = committed;
  for (const given of samples) {
    // Another one stands in its place, and was counted by whoever stored it.
    if (!stored.kept.has(given.tickerId)) continue;
    const { outcome, reason } = stored.standing.get(given.tickerId) ?? given;
    const sample = { source: key.source, outcome, reason };
    const was = stored.replaced.get(given.tickerId);
    if (was === undefined) counters.countStored(sample);
    else counters.countRevised(sample, was);
  }
  for (const { source, outcome, reason, was } of revisedOfOthers(committed))
    counters.countRevised({ source, outcome, reason }, was);
}
