import { flagNames, type PriceFlag } from '@app/domain';
import type { Explanation, ExplainedSlotSource } from '@app/storage';

/** Says in a sentence or two why a slot has the price that it has, or none. */
export function summaryOf(ticker: string, explanation: Explanation): string {
  const { state, slot, schedule, gap, slotSources } = explanation;
  switch (state) {
    case 'not_expected':
      return `Nothing was expected: no schedule of ${ticker} held at this time.`;
    case 'waiting':
      return `The slot ${slot} has not begun, or its outcomes may still come.`;
    case 'gap':
      return slotSources.some(({ outcome }) => outcome !== null)
        ? `The rule ${schedule?.rule} refused to name a price (${gap?.reason}). ${listed(slotSources)}`.trim()
        : `Nobody planned this slot (${gap?.reason}).`;
    case 'missing':
      return slotSources.some(({ outcome }) => outcome !== null)
        ? `No source gave a price that could be believed. ${listed(slotSources)}`
        : 'There is neither a price nor a recorded reason; there should be.';
    case 'stored':
      return priceSummary(explanation);
  }
}

function priceSummary({ price, slotSources, schedule, revisions }: Explanation): string {
  const consensus = consensusOf(price?.consensus);
  const corrected =
    revisions.length === 0 ? '' : ` Corrected ${revisions.length} time${revisions.length > 1 ? 's' : ''}.`;
  const doubts = flagNames(price?.flags ?? 0).map((flag) => DOUBTS[flag] ?? '');
  const after = [...doubts, corrected].join('');
  if (schedule?.rule === 'median' && consensus !== undefined) {
    const leftOut = consensus.left_out.map(({ source, reason }) => `${source} (${reason})`).join(', ');
    return `The median of ${consensus.sources} sources that lie ${consensus.spread} of the price apart${leftOut === '' ? '' : `; left out: ${leftOut}`}.${after}`;
  }
  const before = slotSources.slice(
    0,
    Math.max(
      0,
      slotSources.findIndex(({ source }) => source === price?.source),
    ),
  );
  const passed = before.length === 0 ? '' : ` Before it: ${before.map(described).join(', ')}.`;
  return `${price?.source} is the first source in order that was accepted.${passed}${after}`;
}

/** What flags say against a price; the others say how it came about. */
const DOUBTS: Partial<Record<PriceFlag, string>> = {
  unconfirmed: ' Unconfirmed: far from the last confirmed price for ten minutes, and nothing has confirmed it.',
  frozen: ' Frozen: its source has reported the same digits for long, and no other source reported meanwhile.',
};

function listed(slotSources: readonly ExplainedSlotSource[]): string {
  return `${slotSources.map(described).join(', ')}.`;
}

function described({ source, outcome, reason }: ExplainedSlotSource): string {
  if (outcome === null) return `${source} was not asked`;
  return reason === null ? `${source} ${outcome}` : `${source} ${outcome} (${reason})`;
}

interface ReportedConsensus {
  readonly sources: number;
  readonly spread: string;
  readonly left_out: readonly { readonly source: string; readonly reason: string }[];
}

/** A consensus as it is stored; undefined for a price without one. */
function consensusOf(stored: unknown): ReportedConsensus | undefined {
  return stored === null || typeof stored !== 'object' ? undefined : (stored as ReportedConsensus);
}
