import {
  decideSlot,
  observationOf,
  persistenceSeconds,
  PRICE_FLAGS,
  type EarlierPrice,
  type LastPrice,
  type SlotDecision,
  type SlotSource,
  type SlotToDecide,
  type SourceHistory,
} from '@app/domain';
import { accepted, slotOf } from './slots-to-decide.js';

/** What a source reports in a slot. */
export interface PlayedReport {
  readonly raw: string;
  readonly sourceTime?: Date | undefined;
}

/** A price that was served. */
export interface PlayedPrice {
  readonly slot: number;
  readonly price: string;
  readonly isUnconfirmed: boolean;
}

/** A ticker that lives through its slots one after the other, decided by the rules alone, with what storage would read of the past. */
export class PlayedTicker {
  readonly prices: PlayedPrice[] = [];
  /** Slots in which a source was rejected as a jump. */
  readonly jumps: { readonly slot: number; readonly sourceId: number }[] = [];
  private readonly past: { readonly slot: number; readonly sources: readonly SlotSource[] }[] = [];
  private last: LastPrice | undefined;

  constructor(
    /** Of its sources. */
    private readonly intervalSeconds: number,
    private readonly more: Partial<SlotToDecide> = {},
  ) {}

  /** A slot passes in which sources 1, 2, 3... report; undefined reports nothing. */
  pass(slot: number, ...reports: readonly (PlayedReport | string | undefined)[]): void {
    const drafts = reports.map((report) => {
      const { intervalSeconds } = this;
      if (report === undefined) return { intervalSeconds };
      const { raw, sourceTime } = typeof report === 'string' ? { raw: report } : report;
      return { ...accepted(raw, { sourceTime, isFresh: true }), intervalSeconds };
    });
    const given = slotOf(drafts, { ...this.more, slot, deadline: slot + 1, last: this.last });
    const first = decideSlot(given, { nowSeconds: slot + 1 });
    const decision = first.needsHistories
      ? decideSlot(given, { nowSeconds: slot + 1, histories: this.histories(given) })
      : first;
    this.write(given, decision);
  }

  private write({ slot, sources }: SlotToDecide, { revisions, price }: SlotDecision): void {
    const byId = new Map(revisions.map((revision) => [revision.sourceId, revision]));
    const standing = sources.map((source) => {
      const revision = byId.get(source.sourceId);
      if (source.sample === undefined || revision === undefined) return source;
      const { outcome, reason, flags } = revision;
      if (reason === 'jump') this.jumps.push({ slot, sourceId: source.sourceId });
      return { ...source, sample: { ...source.sample, outcome, reason, flags, price: revision.price } };
    });
    this.past.unshift({ slot, sources: standing });
    if (price === undefined) return;
    const reported = standing.flatMap(({ sample }) => sample?.raw ?? []);
    this.last = { slot, price: price.price, flags: price.flags, reported };
    this.prices.push({ slot, price: price.price, isUnconfirmed: (price.flags & PRICE_FLAGS.unconfirmed) !== 0 });
  }

  /** As storage reads them: of slots that follow one another with the same observation the first one stands for all. */
  private histories({ slot, last, sources }: SlotToDecide): Map<number, SourceHistory> {
    const isUnconfirmed = ((last?.flags ?? 0) & PRICE_FLAGS.unconfirmed) !== 0;
    const since = Math.max(
      slot - persistenceSeconds(this.intervalSeconds),
      last === undefined || isUnconfirmed ? 0 : last.slot + 1,
    );
    return new Map(
      sources.map(({ sourceId }) => {
        const trusted = this.past.find(
          (one) => one.slot <= (last?.slot ?? 0) && sampleOf(one.sources, sourceId)?.outcome === 'accepted',
        );
        const earlier: EarlierPrice[] = [];
        for (const one of this.past) {
          if (one.slot < since || earlier.length > MAX_OBSERVATIONS) break;
          const found = earlierOf(one.slot, one.sources, sourceId);
          if (found === undefined) continue;
          const newer = earlier.at(-1);
          if (newer?.observation === found.observation && newer.isJump === found.isJump) earlier.pop();
          earlier.push(found);
        }
        return [sourceId, { earlier, lastAcceptedSlot: trusted?.slot }];
      }),
    );
  }
}

const MAX_OBSERVATIONS = 60;

function earlierOf(slot: number, sources: readonly SlotSource[], sourceId: number): EarlierPrice | undefined {
  const sample = sampleOf(sources, sourceId);
  if (sample?.raw === undefined) return undefined;
  const others = sources.filter((other) => other.sourceId !== sourceId);
  return {
    ...{ slot, price: sample.raw, observation: observationOf(sample), isJump: sample.reason === 'jump' },
    othersAccepted: others.flatMap(({ sample: other }) => other?.price ?? []),
  };
}

function sampleOf(sources: readonly SlotSource[], sourceId: number): SlotSource['sample'] {
  return sources.find((source) => source.sourceId === sourceId)?.sample;
}
