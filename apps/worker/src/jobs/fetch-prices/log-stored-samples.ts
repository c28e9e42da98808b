import type { Logger } from '@app/observability';
import type { FetchJob } from '@app/queue';
import type { FetchMember, Sample, StoreOutcome } from '@app/storage';

/** A store that has been committed. */
export interface CommittedStore {
  readonly key: FetchJob;
  readonly members: readonly FetchMember[];
  readonly samples: readonly Sample[];
  readonly outcome: StoreOutcome;
  /** From the slot to now. */
  readonly delayMs: number;
}

/**
 * One line per sample, after the commit, as it stands in the table: what is acknowledged is there. A sample that waits for its rate
 * gets its line when it is converted, by whoever brings the rate.
 */
export function logStoredSamples(
  logger: Logger,
  { key, members, samples, outcome: stored, delayMs }: CommittedStore,
): void {
  const job = { job: `${key.batch}-${key.slot}`, source: key.source, slot: key.slot };
  const served = new Set(stored.decided.map(({ tickerId, ...slot }) => keyOf(tickerId, slot)));
  const waiting = new Set(stored.waiting);
  for (const [index, given] of samples.entries()) {
    const { tickerId } = given;
    const { outcome, reason, price } = stored.standing.get(tickerId) ?? given;
    const line = { ...job, ticker: members[index]?.ticker, outcome, reason, price, delay_ms: delayMs };
    if (!stored.kept.has(tickerId)) {
      // Somebody who took the fetch over, or the closer, was first: theirs stands.
      logger.warn({ event: 'sample_superseded', ...line }, 'another sample stands in its place');
    } else if (waiting.has(tickerId)) {
      logger.debug({ event: 'sample_waiting', ...line }, 'waits for its conversion rate');
    } else {
      logger.info({ event: 'sample_stored', ...line, served: served.has(keyOf(tickerId, key)) }, 'sample stored');
    }
  }
  for (const sample of revisedOfOthers({ key, samples, outcome: stored })) {
    const { tickerId, ticker, slot, source, outcome, reason, price } = sample;
    const line = { ticker, slot, source, outcome, reason, price, served: served.has(keyOf(tickerId, sample)) };
    logger.info({ event: 'sample_stored', ...line, revised: true }, 'sample revised');
  }
  for (const { ticker, slot, reason } of stored.refused) {
    logger.warn({ event: 'gap_recorded', ticker, from_slot: slot, to_slot: slot + 1, reason }, 'no price by the rule');
  }
}

/** Samples of other fetches that were revised by a store; its own are said as they stand. */
export function revisedOfOthers({
  key,
  samples,
  outcome,
}: Pick<CommittedStore, 'key' | 'samples' | 'outcome'>): StoreOutcome['revised'] {
  const own = new Set(samples.map(({ tickerId }) => keyOf(tickerId, key)));
  return outcome.revised.filter(({ tickerId, ...sample }) => !own.has(keyOf(tickerId, sample)));
}

function keyOf(tickerId: number, { slot, sourceId }: { readonly slot: number; readonly sourceId: number }): string {
  return `${tickerId} ${slot} ${sourceId}`;
}
