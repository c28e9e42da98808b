import { setTimeout as sleep } from 'node:timers/promises';
import type { TestSystem } from '../support/test-system.js';

/** A fault that a test brought about, in the clock of the test. */
export interface Fault {
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** The first slot that had a price after the fault's end. */
  readonly firstSlotAfter: number;
  /** Reasons that fit this fault. */
  readonly reasons: readonly string[];
  readonly slotsToRecover: number;
}

/** One kind of fault: how it begins, how it ends, and what may be said of slots that it cost. */
export interface FaultKind {
  readonly name: string;
  begin(): Promise<void>;
  end(): Promise<void>;
  readonly reasons: readonly string[];
  /** How many slots after its end the first price may come at the latest. */
  readonly slotsToRecover: number;
  /** How long it lasts, in milliseconds. */
  readonly lastsMs: number;
}

/** A slot without a price, with the reasons recorded for it. */
export interface MissingSlot {
  readonly ticker: string;
  readonly slot: number;
  readonly reasons: readonly string[];
}

/** Brings a fault about while the system samples, ends it, and waits until prices come again. */
export async function bringAbout(system: TestSystem, kind: FaultKind): Promise<Fault> {
  // Three slots with prices first, so that each fault meets a healthy system.
  await system.priceFrom(Math.floor(Date.now() / 1000) + 3);
  const fromMs = Date.now();
  await kind.begin();
  // How long the fault lasts is what is being tested.
  await sleep(kind.lastsMs);
  await kind.end();
  const toMs = Date.now();
  const firstSlotAfter = await system.priceFrom(Math.ceil(toMs / 1000));
  const { name, reasons, slotsToRecover } = kind;
  return { name, reasons, slotsToRecover, fromMs, toMs, firstSlotAfter };
}

/** Every slot up to `toSlot` that was expected and has no price, with its reasons. */
export async function missingSlots(system: TestSystem, toSlot: number): Promise<MissingSlot[]> {
  const result = await system.pool.query<MissingSlot>(
    `WITH expected AS (
       SELECT s.ticker_id, t.ticker, slot
       FROM schedules s JOIN tickers t ON t.id = s.ticker_id,
            generate_series(s.from_slot, least(coalesce(s.to_slot, $1), $1) - 1, s.interval_seconds) AS slot
     )
     SELECT e.ticker, e.slot::float8 AS slot,
            ARRAY(SELECT coalesce(reason, outcome) FROM samples WHERE ticker_id = e.ticker_id AND slot = e.slot)
              || ARRAY(SELECT reason FROM gaps WHERE ticker_id = e.ticker_id AND from_slot <= e.slot AND to_slot > e.slot) AS reasons
     FROM expected e
     WHERE NOT EXISTS (SELECT 1 FROM prices p WHERE p.ticker_id = e.ticker_id AND p.slot = e.slot)
     ORDER BY e.slot, e.ticker`,
    [toSlot],
  );
  return result.rows;
}

/** The missing slots that a fault accounts for: from just before it to the first price after it. */
export function costOf(fault: Fault, missing: readonly MissingSlot[]): MissingSlot[] {
  const from = Math.floor(fault.fromMs / 1000) - 1;
  return missing.filter(({ slot }) => slot >= from && slot <= fault.firstSlotAfter);
}
