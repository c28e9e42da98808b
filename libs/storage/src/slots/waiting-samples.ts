import { GRACE_AFTER_WINDOW_SECONDS, MAX_WINDOW_SECONDS, RATE_GRACE_SECONDS } from '@app/domain';
import type pg from 'pg';
import { BEGIN_BY_KEY, inTransaction } from '../database/pool.js';
import { lockSlot } from './lock-slot.js';
import { decideTickers, type DecidedSlot } from './decide-tickers.js';

/** Tickers of a slot to be decided anew. */
export interface UndecidedSlot {
  readonly slot: number;
  readonly tickerIds: readonly number[];
}

/** What the decisions of several slots came to. */
export type Decisions = Pick<DecidedSlot, 'decided' | 'refused' | 'revised'>;

/**
 * Goes on where a decided slot left off, each slot in a transaction of its own: what waited for the prices that were decided is
 * converted, and so is what waits for a price that was decided by somebody else in this moment. A sample waits in Postgres and in
 * no job: nothing is lost with a worker, and no job that waits can stand in the way of the one that brings the rate.
 *
 * No sample is forgotten between two that commit at once: who stores the sample looks for the rate again after its commit, and who
 * decides the rate looks for samples after its own, so that the later of the two finds the other's. Chains end: no ticker is
 * converted by itself, and no price is decided twice.
 */
export async function followUp(
  pool: pg.Pool,
  first: DecidedSlot,
  slot: number,
  nowSeconds: number,
): Promise<Decisions> {
  const all: DecidedSlot[] = [first];
  const left: UndecidedSlot[] = first.waiting.length === 0 ? [] : [{ slot, tickerIds: first.waiting }];
  const look = async (decisions: DecidedSlot): Promise<void> => {
    if (decisions.rates.length > 0) left.push(...inParts(await readWaiting(pool, decisions.rates)));
  };
  await look(first);
  for (let next = left.shift(); next !== undefined; next = left.shift()) {
    const decisions = await decideAlone(pool, next, nowSeconds);
    all.push(decisions);
    await look(decisions);
  }
  return {
    decided: all.flatMap(({ decided }) => decided),
    refused: all.flatMap(({ refused }) => refused),
    revised: all.flatMap(({ revised }) => revised),
  };
}

/** Most tickers that are decided in one transaction: thousands may wait for one rate, and none is to wait for the last of them. */
const TICKERS_PER_PART = 500;

/** Cuts slots into parts that are decided one after the other. */
export function inParts(slots: readonly UndecidedSlot[]): UndecidedSlot[] {
  return slots.flatMap(({ slot, tickerIds }) =>
    Array.from({ length: Math.ceil(tickerIds.length / TICKERS_PER_PART) }, (_, index) => ({
      slot,
      tickerIds: tickerIds.slice(index * TICKERS_PER_PART, (index + 1) * TICKERS_PER_PART),
    })),
  );
}

/** Decides a slot in a transaction of its own. */
export async function decideAlone(
  pool: pg.Pool,
  { slot, tickerIds }: UndecidedSlot,
  nowSeconds: number,
): Promise<DecidedSlot> {
  return inTransaction(
    pool,
    async (client) => {
      await lockSlot(client, slot, tickerIds);
      return decideTickers(client, slot, tickerIds, { nowSeconds });
    },
    BEGIN_BY_KEY,
  );
}

async function readWaiting(pool: pg.Pool, rates: DecidedSlot['rates']): Promise<UndecidedSlot[]> {
  const result = await pool.query<UndecidedSlot>({
    name: 'waiting-for-rates',
    text: `SELECT s.slot, array_agg(DISTINCT s.ticker_id) AS "tickerIds"
           FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS rate(ticker, from_slot, to_slot)
           JOIN samples s ON s.slot >= rate.from_slot AND s.slot < rate.to_slot AND s.rate_ticker = rate.ticker
             AND s.reason = 'no_conversion_rate'
           WHERE s.slot >= (SELECT min(from_slot) FROM unnest($2::bigint[]) AS earliest(from_slot))
             AND s.slot < (SELECT max(to_slot) FROM unnest($3::bigint[]) AS latest(to_slot))
           GROUP BY s.slot ORDER BY s.slot`,
    values: [
      rates.map(({ ticker }) => ticker),
      rates.map(({ fromSlot }) => fromSlot),
      rates.map(({ toSlot }) => toSlot),
    ],
  });
  return result.rows;
}

/** How long the closer looks back for samples that wait, in seconds after their window; what is older was closed long ago. */
const LOOK_BACK_SECONDS = GRACE_AFTER_WINDOW_SECONDS + 60;

/** The same in seconds after the slot: an older sample that waits for a rate is left as it is. */
export const RATE_AWAITED_SECONDS = MAX_WINDOW_SECONDS + RATE_GRACE_SECONDS + LOOK_BACK_SECONDS;

/**
 * Slots without a price in which a sample waits for a rate: one that has come meanwhile, from a worker that ended before it could
 * look for what waits, or one that does not come any more while another source of the slot has a price.
 */
export async function readStrandedSlots(pool: pg.Pool, nowSeconds: number, limit: number): Promise<UndecidedSlot[]> {
  const result = await pool.query<UndecidedSlot>({
    name: 'stranded-slots',
    text: `WITH waiting AS (
             SELECT w.slot, w.ticker_id, w.rate_ticker,
                    w.slot + least(s.interval_seconds, ${MAX_WINDOW_SECONDS}) + ${RATE_GRACE_SECONDS} <= $1 AS is_over
             FROM samples w
             JOIN schedules s ON s.ticker_id = w.ticker_id AND s.from_slot <= w.slot AND (s.to_slot IS NULL OR s.to_slot > w.slot)
             WHERE w.reason = 'no_conversion_rate'
               AND w.slot >= $1::bigint - ${RATE_AWAITED_SECONDS} AND w.slot <= $1
               AND w.slot + least(s.interval_seconds, ${MAX_WINDOW_SECONDS}) <= $1
               AND NOT EXISTS (SELECT 1 FROM prices p WHERE p.ticker_id = w.ticker_id AND p.slot = w.slot)
               AND NOT EXISTS (SELECT 1 FROM gaps g WHERE g.ticker_id = w.ticker_id AND g.from_slot <= w.slot AND g.to_slot > w.slot)
           )
           SELECT w.slot, array_agg(DISTINCT w.ticker_id) AS "tickerIds"
           FROM waiting w
           WHERE (w.is_over AND EXISTS (
               SELECT 1 FROM samples o WHERE o.ticker_id = w.ticker_id AND o.slot = w.slot AND (o.outcome = 'accepted' OR o.reason = 'jump')))
             OR EXISTS (
               SELECT 1 FROM tickers rt
               JOIN schedules rs ON rs.ticker_id = rt.id AND rs.from_slot <= w.slot AND (rs.to_slot IS NULL OR rs.to_slot > w.slot)
               JOIN prices p ON p.ticker_id = rt.id AND p.slot = w.slot - w.slot % rs.interval_seconds
               WHERE rt.ticker = w.rate_ticker)
           GROUP BY w.slot ORDER BY w.slot LIMIT $2`,
    values: [nowSeconds, limit],
  });
  return result.rows;
}
