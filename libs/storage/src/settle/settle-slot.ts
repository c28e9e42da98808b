import type { Outcome, RefusalReason, SampleReason, SourceHistory } from '@app/domain';
import type pg from 'pg';
import { settleTicker, type Settlement } from './settle-ticker.js';
import { readTurns, type TurnRow } from './slot-turns.js';
import { readHistories } from './source-histories.js';
import { callStandbys, insertPrices, recordRefusals, reviseSamples, type DecidedPrice } from './store-settlement.js';

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

/** What settling a slot came to. */
export interface SettledSlot {
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

/** What settling needs to know beside the slot. */
export interface SettleOptions {
  readonly nowSeconds: number;
  /** The source that stores, and the tickers whose sample it has stored just now. */
  readonly fresh?: { readonly sourceId: number; readonly tickerIds: ReadonlySet<number> } | undefined;
}

/**
 * Settles a slot of some tickers under its lock, which the caller holds: converts what waited for a rate, judges jumps anew, calls
 * a standby source, and decides the price or refuses it. A fresh statement after the samples were inserted: in one statement two
 * workers each miss the other's sample, and nobody decides.
 */
export async function settleSlot(
  client: pg.ClientBase,
  slot: number,
  tickerIds: readonly number[],
  { nowSeconds, fresh }: SettleOptions,
): Promise<SettledSlot> {
  const turns = Map.groupBy(await readTurns(client, slot, tickerIds), (turn) => turn.tickerId);
  const isFresh = (turn: TurnRow): boolean =>
    turn.sourceId === fresh?.sourceId && fresh.tickerIds.has(turn.tickerId) === true;
  const settle = (tickerId: number, histories?: ReadonlyMap<number, SourceHistory>): Settlement =>
    settleTicker(turns.get(tickerId) ?? [], { slot, nowSeconds, isFresh, histories });

  const settlements = new Map([...turns.keys()].map((tickerId) => [tickerId, settle(tickerId)]));
  const alone = [...settlements].flatMap(([tickerId, { needsHistories }]) => (needsHistories ? [tickerId] : []));
  if (alone.length > 0) {
    const keys = alone.flatMap((tickerId) =>
      (turns.get(tickerId) ?? []).map(({ sourceId }) => ({ tickerId, sourceId })),
    );
    const histories = await readHistories(client, slot, keys);
    for (const tickerId of alone) settlements.set(tickerId, settle(tickerId, histories.get(tickerId)));
  }
  const settled = await apply(client, slot, turns, settlements);
  return { ...settled, standing: standingOf(fresh?.sourceId, turns, settled.revised) };
}

function standingOf(
  sourceId: number | undefined,
  turns: ReadonlyMap<number, readonly TurnRow[]>,
  revised: readonly RevisedSample[],
): Map<number, StandingSample> {
  const standing = new Map<number, StandingSample>();
  for (const turn of [...turns.values()].flat()) {
    if (turn.sourceId !== sourceId || turn.outcome === null) continue;
    const { outcome, reason, price } = turn;
    standing.set(turn.tickerId, { outcome, reason: reason ?? undefined, price: price ?? undefined });
  }
  for (const sample of revised) if (sample.sourceId === sourceId) standing.set(sample.tickerId, sample);
  return standing;
}

async function apply(
  client: pg.ClientBase,
  slot: number,
  turns: ReadonlyMap<number, readonly TurnRow[]>,
  settlements: ReadonlyMap<number, Settlement>,
): Promise<Omit<SettledSlot, 'standing'>> {
  const all = [...settlements.values()];
  const revisions = all.flatMap((settlement) => settlement.revisions);
  await reviseSamples(client, slot, revisions);
  await callStandbys(
    client,
    slot,
    all.flatMap(({ standby }) => (standby === undefined ? [] : [standby])),
  );
  const refused = [...settlements].flatMap(([tickerId, { refusal }]) => {
    const ticker = turns.get(tickerId)?.[0];
    return refusal === undefined || ticker === undefined ? [] : [{ ...ticker, refusal }];
  });
  await recordRefusals(client, slot, refused);
  const decided = await insertPrices(
    client,
    slot,
    all.flatMap(({ price }) => (price === undefined ? [] : [price])),
  );
  return {
    decided,
    refused: refused.map(({ tickerId, ticker, refusal }) => ({ tickerId, ticker, slot, reason: refusal })),
    revised: revisions.map(({ tickerId, ticker, sourceId, source, outcome, reason, price }) => {
      return { tickerId, ticker, slot, sourceId, source, outcome, reason, price };
    }),
    rates: decided.flatMap(({ tickerId }) => {
      const ticker = turns.get(tickerId)?.[0];
      return ticker?.isRate === true
        ? [{ ticker: ticker.ticker, fromSlot: slot, toSlot: slot + ticker.intervalSeconds }]
        : [];
    }),
    waiting: [...settlements].flatMap(([tickerId, { isWaiting }]) => (isWaiting ? [tickerId] : [])),
  };
}
