import { MAX_WINDOW_SECONDS, type Outcome } from '@app/domain';
import type pg from 'pg';
import { inTransaction } from '../database/pool.js';

/** Which extra fetches are asked for; what is left out is all of them. */
export interface ExtraFetchSelection {
  readonly tickers?: readonly string[] | undefined;
  readonly sourceIds?: readonly number[] | undefined;
}

/**
 * What an extra fetch of one ticker from one source came to.
 * - `fetching`: it has been planned, or planned again after a failure.
 * - `under_way`: the slot's own fetch is not done yet.
 * - `sampled`: the slot already has its sample, and a slot has one from each source; also when the source answered without the ticker.
 * - `decided`: the source failed, and the slot has its price from another one (or none, for a reason that is recorded): a further sample
 *   would change nothing.
 * - `source_unavailable`: the source has asked to be left alone, or its circuit is open.
 * - `attempts_spent`: it has been tried as often as a fetch may be.
 * - `window_over`: the slot's window has ended; an observation that comes later would not be a price of that slot.
 * - `not_due`: the schedule has not begun.
 */
export type ExtraFetchState =
  | 'fetching'
  | 'under_way'
  | 'sampled'
  | 'decided'
  | 'source_unavailable'
  | 'attempts_spent'
  | 'window_over'
  | 'not_due';

/** The outcome of one extra fetch. */
export interface ExtraFetch {
  readonly ticker: string;
  readonly sourceId: number;
  /** The slot that it is filed under. */
  readonly slot: number;
  /** The first slot after it. */
  readonly nextSlot: number;
  readonly state: ExtraFetchState;
  /** Of the slot's sample, when there is one. */
  readonly outcome: Outcome | undefined;
  readonly reason: string | undefined;
}

interface PairRow {
  readonly ticker: string;
  readonly sourceId: number;
  readonly batch: string;
  readonly slot: number;
  readonly nextSlot: number;
  readonly deadline: number;
  readonly fromSlot: number;
  readonly status: string | null;
  readonly attempts: number | null;
  readonly isDecided: boolean;
  readonly isUnavailable: boolean;
  readonly outcome: Outcome | null;
  readonly reason: string | null;
}

/** Most attempts of one fetch, so that asking again and again cannot go on for ever. */
const MOST_ATTEMPTS = 10;

/** Plans fetches that somebody asks for, under the slot that runs. */
export class ExtraFetchRepository {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * Plans what is not there yet. Asking twice does nothing twice: the fetch row is the claim, as for every call.
   * @returns every ticker and source of the selection, in order of ticker and preference; empty when the catalogue has none of them.
   */
  async plan(selection: ExtraFetchSelection, nowMs: number, maxAttempts: number): Promise<ExtraFetch[]> {
    const nowSeconds = Math.floor(nowMs / 1000);
    return inTransaction(this.pool, async (client) => {
      const pairs = await client.query<PairRow>(PAIRS_SQL, [
        nowSeconds,
        selection.tickers ?? null,
        selection.sourceIds ?? null,
      ]);
      const wanted = pairs.rows.filter((pair) => isWanted(pair, nowMs));
      const planned = await planFetches(client, wanted, maxAttempts);
      return pairs.rows.map((pair) => ({
        ticker: pair.ticker,
        sourceId: pair.sourceId,
        slot: pair.slot,
        nextSlot: pair.nextSlot,
        state: stateOf(pair, nowMs, planned.has(keyOf(pair))),
        outcome: pair.outcome ?? undefined,
        reason: pair.reason ?? undefined,
      }));
    });
  }
}

/** Whether a fetch may still bring a sample that is better than what the slot has. */
function isWanted(pair: PairRow, nowMs: number): boolean {
  return stateOf(pair, nowMs, true) === 'fetching';
}

function stateOf(pair: PairRow, nowMs: number, isPlanned: boolean): ExtraFetchState {
  if (pair.slot < pair.fromSlot) return 'not_due';
  if (pair.outcome === 'accepted' || pair.outcome === 'rejected' || pair.status === 'answered') return 'sampled';
  if (pair.status !== null && UNFINISHED.has(pair.status)) return 'under_way';
  if (nowMs >= pair.deadline * 1000) return 'window_over';
  if (pair.isDecided) return 'decided';
  if (pair.isUnavailable) return 'source_unavailable';
  if ((pair.attempts ?? 0) >= MOST_ATTEMPTS) return 'attempts_spent';
  return isPlanned ? 'fetching' : 'under_way';
}

const UNFINISHED: ReadonlySet<string> = new Set(['planned', 'queued', 'running', 'retry']);

/** Inserts the fetches, or opens those that failed for one more attempt. @returns the keys of what waits to be called now. */
async function planFetches(
  client: pg.ClientBase,
  pairs: readonly PairRow[],
  maxAttempts: number,
): Promise<ReadonlySet<string>> {
  if (pairs.length === 0) return new Set();
  const fetches = [...new Map(pairs.map((pair) => [keyOf(pair), pair])).values()];
  const planned = await client.query<{ sourceId: number; batch: string; slot: number }>(
    `INSERT INTO fetches (source_id, batch, slot, deadline, max_attempts, planned_at)
     SELECT source_id, batch, slot, deadline, $5, clock_timestamp()
     FROM unnest($1::smallint[], $2::text[], $3::bigint[], $4::bigint[]) AS asked(source_id, batch, slot, deadline)
     ORDER BY source_id, batch, slot
     ON CONFLICT (source_id, batch, slot) DO UPDATE
       SET status = 'planned', max_attempts = greatest(fetches.max_attempts, fetches.attempts + 1), enqueued_at = NULL
       WHERE fetches.status IN ('failed', 'closed') AND fetches.attempts < ${MOST_ATTEMPTS}
     RETURNING source_id AS "sourceId", batch, slot`,
    [
      fetches.map((fetch) => fetch.sourceId),
      fetches.map((fetch) => fetch.batch),
      fetches.map((fetch) => fetch.slot),
      fetches.map((fetch) => fetch.deadline),
      maxAttempts,
    ],
  );
  return new Set(planned.rows.map(keyOf));
}

function keyOf(fetch: { readonly sourceId: number; readonly batch: string; readonly slot: number }): string {
  return `${fetch.sourceId} ${fetch.batch} ${fetch.slot}`;
}

/**
 * Every ticker and source of the selection ($2 tickers, $3 sources), with the slot that runs at second $1 and what it has. A standby
 * source only when it is named: it is there to be called when others fail, and its calls may be counted.
 */
const PAIRS_SQL = `
  SELECT t.ticker, ts.source_id AS "sourceId", ts.batch, running.slot, running.slot + ts.interval_seconds AS "nextSlot",
         running.slot + least(s.interval_seconds, ${MAX_WINDOW_SECONDS}) AS deadline, s.from_slot AS "fromSlot",
         f.status, f.attempts, given.outcome, given.reason,
         EXISTS (SELECT 1 FROM prices p WHERE p.ticker_id = t.id AND p.slot = running.slot)
           OR EXISTS (SELECT 1 FROM gaps g WHERE g.ticker_id = t.id AND g.from_slot <= running.slot AND g.to_slot > running.slot) AS "isDecided",
         coalesce(greatest(st.paused_until, st.circuit_open_until) > to_timestamp($1), false) AS "isUnavailable"
  FROM schedules s
  JOIN tickers t ON t.id = s.ticker_id
  JOIN ticker_sources ts ON ts.schedule_id = s.id
  CROSS JOIN LATERAL (SELECT $1::bigint - $1::bigint % ts.interval_seconds AS slot) running
  LEFT JOIN fetches f ON f.source_id = ts.source_id AND f.batch = ts.batch AND f.slot = running.slot
  LEFT JOIN samples given ON given.ticker_id = t.id AND given.slot = running.slot AND given.source_id = ts.source_id
  LEFT JOIN source_states st ON st.source_id = ts.source_id
  WHERE s.to_slot IS NULL AND (NOT ts.standby OR $3::smallint[] IS NOT NULL)
    AND ($2::text[] IS NULL OR t.ticker = ANY($2)) AND ($3::smallint[] IS NULL OR ts.source_id = ANY($3))
  ORDER BY t.ticker, ts.position`;
