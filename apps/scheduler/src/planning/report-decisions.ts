import type { Logger } from '@app/observability';
import { SampleCounters } from '@app/storage/metrics';
import type { Decisions } from '@app/storage';
import { register } from '@prometheus-io/client';

const counters = new SampleCounters(register);

/** Logs and counts what the closer made of slots that no worker decided: samples that were believed or converted late, prices that a rule refused. */
export function reportDecisions(logger: Logger, { decided, refused, revised }: Decisions): void {
  for (const { tickerId, ticker, slot, sourceId, source, outcome, reason, price, was } of revised) {
    const served = decided.some((one) => one.tickerId === tickerId && one.slot === slot && one.sourceId === sourceId);
    const line = { ticker, slot, source, outcome, reason, price, served, revised: true };
    counters.countRevised({ source, outcome, reason }, was);
    logger.info({ event: 'sample_stored', ...line }, 'sample revised');
  }
  for (const { ticker, slot, reason } of refused) {
    logger.warn({ event: 'gap_recorded', ticker, from_slot: slot, to_slot: slot + 1, reason }, 'no price by the rule');
  }
}
