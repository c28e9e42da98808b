import {
  decideSlot,
  type Outcome,
  type RefusalReason,
  type SampleReason,
  type SlotDecision,
  type SourceHistory,
} from '@app/domain';
import type pg from 'pg';
import { readSlots, type FreshSamples, type StoredSlot } from './slot-sources.js';
import { readStillSources } from './still-sources.js';
import { readHistories } from './source-histories.js';
import { callStandbys, insertPrices, recordRefusals, reviseSamples, type DecidedPrice } from './store-decisions.js';

/** A sample that does not stand in the table as it was given: believed after the fact, not believed, or converted. */
export interface RevisedSample {
  readonly tickerId: number;
  readonly ticker: string;
  readonly slot: number;
  readonly sourceId: number;
  /** Name of the source. */
  readonly source: string;
  readonly outcome: Outcome;
  readonly reason: SampleReason | undefined;
  readonly price: string | undefined;
  /** Its reason before, or `accepted`. */
  readonly was: string;
}

/** A slot for which a rule refused to name a price. */
export interface RefusedPrice {
  readonly tickerId: number;
  readonly ticker: string;
  readonly slot: number;
  readonly reason: RefusalReason;
}

/** How a sample stands in the table. */
export type StandingSample = Pick<RevisedSample, 'outcome' | 'reason' | 'price'>;

/** What deciding a slot came to. */
export interface DecidedSlot {
  readonly decided: readonly DecidedPrice[];
  readonly refused: readonly RefusedPrice[];
  readonly revised: readonly RevisedSample[];
  /** Decided prices that convert others: the slots from the first second up to the second (exclusive) are theirs. */
  readonly rates: readonly { readonly ticker: string; readonly fromSlot: number; readonly toSlot: number }[];
  /** Tickers with a sample that waits for its rate. */
  readonly waiting: readonly number[];
  /** How the samples of the source that stores stand now, by ticker. */
  readonly standing: ReadonlyMap<number, StandingSample>;
}

/** What deciding needs to know beside the slot. */
export interface DecideOptions {
  readonly nowSeconds: number;
  /** The source that stores, and the tickers whose sample it has stored just now. */
  readonly fresh?: FreshSamples | undefined;
}

/** A slot of one ticker, and what becomes of it. */
interface Decided {
  readonly slot: StoredSlot;
  readonly decision: SlotDecision;
}

/**
 * Decides a slot of some tickers under its lock, which the caller holds: reads what is stored, asks the rules ({@link decideSlot}),
 * again with histories where they need them, and writes what they say. A fresh statement after the samples were inserted: in one
 * statement two workers each miss the other's sample, and nobody decides.
 */
export async function decideTickers(
  client: pg.ClientBase,
  slot: number,
  tickerIds: readonly number[],
  { nowSeconds, fresh }: DecideOptions,
): Promise<DecidedSlot> {
  const slots = await withStillSources(client, slot, await readSlots(client, slot, tickerIds, fresh));
  const all = [...slots.values()].map((stored) => ({ slot: stored, decision: decideSlot(stored, { nowSeconds }) }));
  const histories = await readHistoriesOf(client, slot, all);
  const decided = all.map((one): Decided => {
    const ofTicker = histories.get(one.slot.tickerId);
    return ofTicker === undefined
      ? one
      : { slot: one.slot, decision: decideSlot(one.slot, { nowSeconds, histories: ofTicker }) };
  });
  const written = await write(client, slot, decided);
  return { ...written, standing: standingOf(fresh?.sourceId, [...slots.values()], written.revised) };
}

/** The slots with what is to be known of sources that may be frozen; most often there is none, and nothing is read. */
async function withStillSources(
  client: pg.ClientBase,
  slot: number,
  slots: ReadonlyMap<number, StoredSlot>,
): Promise<ReadonlyMap<number, StoredSlot>> {
  const still = await readStillSources(client, slot, [...slots.values()]);
  if (still.size === 0) return slots;
  return new Map(
    [...slots].map(([tickerId, stored]) => {
      const sources = stored.sources.map((source) => ({ ...source, still: still.get(tickerId)?.get(source.sourceId) }));
      return [tickerId, still.has(tickerId) ? { ...stored, sources } : stored];
    }),
  );
}

/** The histories of the tickers whose decision needs them, by ticker and source. */
async function readHistoriesOf(
  client: pg.ClientBase,
  slot: number,
  all: readonly Decided[],
): Promise<Map<number, ReadonlyMap<number, SourceHistory>>> {
  const inNeed = all.filter(({ decision }) => decision.needsHistories).map(({ slot: stored }) => stored);
  if (inNeed.length === 0) return new Map();
  const found = await readHistories(client, slot, inNeed);
  return new Map(inNeed.map(({ tickerId }) => [tickerId, found.get(tickerId) ?? new Map<number, SourceHistory>()]));
}

function standingOf(
  sourceId: number | undefined,
  slots: readonly StoredSlot[],
  revised: readonly RevisedSample[],
): Map<number, StandingSample> {
  const standing = new Map<number, StandingSample>();
  for (const { tickerId, sources } of slots) {
    const sample = sources.find((source) => source.sourceId === sourceId)?.sample;
    if (sample === undefined) continue;
    const { outcome, reason, price } = sample;
    standing.set(tickerId, { outcome, reason, price });
  }
  for (const sample of revised) if (sample.sourceId === sourceId) standing.set(sample.tickerId, sample);
  return standing;
}

async function write(
  client: pg.ClientBase,
  slot: number,
  all: readonly Decided[],
): Promise<Omit<DecidedSlot, 'standing'>> {
  const revised = all.flatMap(({ slot: { tickerId, ticker, sources }, decision }) =>
    decision.revisions.map((revision) => ({ tickerId, ticker, was: wasOf(sources, revision), ...revision })),
  );
  await reviseSamples(client, slot, revised);
  await callStandbys(
    client,
    slot,
    all.flatMap(({ slot: stored, decision }) => {
      const source = stored.sources.find(({ sourceId }) => sourceId === decision.standby);
      return source === undefined ? [] : [{ ...stored, ...source }];
    }),
  );
  const refused = all.flatMap(({ slot: stored, decision: { refusal } }) =>
    refusal === undefined ? [] : [{ ...stored, refusal }],
  );
  await recordRefusals(client, slot, refused);
  const decided = await insertPrices(
    client,
    slot,
    all.flatMap(({ slot: { tickerId }, decision: { price } }) => (price === undefined ? [] : [{ tickerId, ...price }])),
  );
  const decidedIds = new Set(decided.map(({ tickerId }) => tickerId));
  return {
    decided,
    refused: refused.map(({ tickerId, ticker, refusal }) => ({ tickerId, ticker, slot, reason: refusal })),
    revised: revised.map(({ tickerId, ticker, sourceId, source, outcome, reason, price, was }) => {
      return { tickerId, ticker, slot, sourceId, source, outcome, reason, price, was };
    }),
    rates: all
      .filter(({ slot: { tickerId, isRate } }) => isRate && decidedIds.has(tickerId))
      .map(({ slot: { ticker, intervalSeconds } }) => ({ ticker, fromSlot: slot, toSlot: slot + intervalSeconds })),
    waiting: all.filter(({ decision }) => decision.isWaiting).map(({ slot: { tickerId } }) => tickerId),
  };
}

function wasOf(sources: StoredSlot['sources'], { sourceId }: { readonly sourceId: number }): string {
  const sample = sources.find((source) => source.sourceId === sourceId)?.sample;
  return sample?.reason ?? sample?.outcome ?? '';
}
