import { maxAttemptsOf, type ChosenPrice, type RefusalReason, type SampleRevision } from '@app/domain';
import type pg from 'pg';
import { addToCandlesSql } from '../derived/candles.js';
import { moveLatestSql } from '../derived/latest.js';
import type { StoredSlot, StoredSource } from './slot-sources.js';

/** A price that was decided by a store. */
export interface DecidedPrice {
  readonly tickerId: number;
  readonly slot: number;
  readonly price: string;
  /** 0 for a median. */
  readonly sourceId: number;
}

/** Whose it is. */
export type OfTicker = Pick<StoredSlot, 'tickerId'>;

/** A standby source to be called. */
export type StandbyCall = Pick<StoredSlot, 'deadline' | 'intervalSeconds'> & Pick<StoredSource, 'sourceId' | 'batch'>;

/** Changes samples that do not stand as they were given. */
export async function reviseSamples(
  client: pg.ClientBase,
  slot: number,
  revisions: readonly (SampleRevision & OfTicker)[],
): Promise<void> {
  if (revisions.length === 0) return;
  await client.query({
    name: 'revise-samples',
    text: `UPDATE samples s SET outcome = given.outcome, reason = given.reason, detail = given.detail, price = given.price,
             rate = given.rate, rate_uncertainty = given.rate_uncertainty, flags = given.flags, stored_at = clock_timestamp()
           FROM unnest($2::int[], $3::smallint[], $4::text[], $5::text[], $6::text[], $7::numeric[], $8::numeric[],
                       $9::numeric[], $10::smallint[])
             AS given(ticker_id, source_id, outcome, reason, detail, price, rate, rate_uncertainty, flags)
           WHERE s.slot = $1 AND s.ticker_id = given.ticker_id AND s.source_id = given.source_id`,
    values: [
      slot,
      revisions.map(({ tickerId }) => tickerId),
      revisions.map(({ sourceId }) => sourceId),
      revisions.map(({ outcome }) => outcome),
      revisions.map(({ reason }) => reason),
      revisions.map(({ detail }) => detail),
      revisions.map(({ price }) => price),
      revisions.map(({ rate }) => rate?.price),
      revisions.map(({ rate }) => rate?.uncertainty),
      revisions.map(({ flags }) => flags),
    ],
  });
}

/** Plans the calls of standby sources; the planner hands them to the queue. In the order of their keys: two stores never deadlock. */
export async function callStandbys(
  client: pg.ClientBase,
  slot: number,
  standbys: readonly StandbyCall[],
): Promise<void> {
  if (standbys.length === 0) return;
  await client.query({
    name: 'call-standbys',
    text: `INSERT INTO fetches (source_id, batch, slot, deadline, max_attempts, planned_at)
           SELECT source_id, batch, $1, min(deadline), min(max_attempts), clock_timestamp()
           FROM unnest($2::smallint[], $3::text[], $4::bigint[], $5::smallint[]) AS called(source_id, batch, deadline, max_attempts)
           GROUP BY source_id, batch ORDER BY source_id, batch
           ON CONFLICT DO NOTHING`,
    values: [
      slot,
      standbys.map(({ sourceId }) => sourceId),
      standbys.map(({ batch }) => batch),
      standbys.map(({ deadline }) => deadline),
      standbys.map(({ intervalSeconds }) => maxAttemptsOf(intervalSeconds)),
    ],
  });
}

/**
 * Records slots without a price. A range ends a second after its last slot and not where the next one begins: by then another version,
 * with other slots, may hold. One that continues the range before it makes that one longer.
 */
export async function recordRefusals(
  client: pg.ClientBase,
  slot: number,
  refused: readonly (StoredSlot & { readonly refusal: RefusalReason })[],
): Promise<void> {
  if (refused.length === 0) return;
  await client.query({
    name: 'record-refusals',
    text: `WITH refused AS (
             SELECT * FROM unnest($2::int[], $3::text[], $4::int[], $5::bigint[]) AS refused(ticker_id, reason, interval_seconds, from_slot)
           ), extended AS (
             UPDATE gaps g SET to_slot = $1::bigint + 1, recorded_at = clock_timestamp()
             FROM refused r
             WHERE g.ticker_id = r.ticker_id AND g.reason = r.reason AND g.to_slot = $1::bigint - r.interval_seconds + 1
               AND g.from_slot >= r.from_slot
               AND g.from_slot = (SELECT max(last.from_slot) FROM gaps last WHERE last.ticker_id = r.ticker_id AND last.from_slot <= $1)
             RETURNING g.ticker_id
           )
           INSERT INTO gaps (ticker_id, from_slot, to_slot, reason, recorded_at)
           SELECT ticker_id, $1, $1::bigint + 1, reason, clock_timestamp() FROM refused
           WHERE ticker_id NOT IN (SELECT ticker_id FROM extended)
           ORDER BY ticker_id
           ON CONFLICT DO NOTHING`,
    values: [
      slot,
      refused.map(({ tickerId }) => tickerId),
      refused.map(({ refusal }) => refusal),
      refused.map(({ intervalSeconds }) => intervalSeconds),
      refused.map(({ scheduleFromSlot }) => scheduleFromSlot),
    ],
  });
}

/** Inserts prices, and moves latest and candles with them. @returns those that are really new. */
export async function insertPrices(
  client: pg.ClientBase,
  slot: number,
  chosen: readonly (ChosenPrice & OfTicker)[],
): Promise<DecidedPrice[]> {
  if (chosen.length === 0) return [];
  const decided = await client.query<DecidedPrice>({
    name: 'insert-prices',
    text: INSERT_PRICES_SQL,
    values: [
      slot,
      chosen.map(({ tickerId }) => tickerId),
      chosen.map(({ sourceId }) => sourceId),
      chosen.map(({ price }) => price),
      chosen.map(({ observedAt }) => observedAt),
      chosen.map(({ flags }) => flags),
      chosen.map(({ consensus }) => (consensus === undefined ? null : JSON.stringify(consensus))),
      chosen.map(({ uncertainty }) => uncertainty),
    ],
  });
  return decided.rows;
}

/** Inserts the chosen prices of slot $1, and moves latest and candle with those that are really new. */
const INSERT_PRICES_SQL = `
  WITH chosen AS (
    SELECT * FROM unnest($2::int[], $3::smallint[], $4::numeric[], $5::timestamptz[], $6::smallint[], $7::jsonb[],
                         $8::numeric[])
      AS chosen(ticker_id, source_id, price, observed_at, flags, consensus, uncertainty)
  ), inserted AS (
    INSERT INTO prices (ticker_id, slot, price, source_id, observed_at, flags, consensus, uncertainty)
    SELECT ticker_id, $1::bigint, price, source_id, observed_at, flags, consensus, uncertainty FROM chosen
    ORDER BY ticker_id
    ON CONFLICT DO NOTHING
    RETURNING ticker_id, slot, price, source_id, observed_at, flags, consensus
  ), moved AS (${moveLatestSql('inserted')}
  ), candled AS (${addToCandlesSql('inserted')}
  )
  SELECT ticker_id AS "tickerId", slot, price::text AS price, source_id AS "sourceId" FROM inserted`;
