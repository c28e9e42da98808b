import type { Logger } from '@app/observability';
import type { Decisions } from '@app/storage';

/** Logs what the closer made of slots that no worker decided: samples that were believed or converted late, prices that a rule refused. */
export function reportDecisions(logger: Logger, { decided, refused, revised }: Decisions): void {
  for (const { tickerId, ticker, slot, sourceId, source, outcome, reason, price } of revised) {
    const served = decided.some((one) => one.tickerId === tickerId && one.slot === slot && one.sourceId === sourceId);
    const line = { ticker, slot, source, outcome, reason, price, served, revised: true };
    logger.info({ event: 'sample_stored', ...line }, 'sample revised');
  }
  for (const { ticker, slot, reason } of refused) {
    logger.warn({ event: 'gap_recorded', ticker, from_slot: slot, to_slot: slot + 1, reason }, 'no price by the rule');
  }
}
