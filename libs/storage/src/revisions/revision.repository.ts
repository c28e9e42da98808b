import type pg from 'pg';
import { lockCandles, remakeCandles } from '../derived/candles.js';
import { remakeLatest } from '../derived/latest.js';
import { keepPrices, keepSamples, numberPrices, numberSamples } from './kept-revisions.js';
import { REFUSAL_REASONS_SQL } from '../slots/gap-reasons.sql.js';
import { inTransaction } from '../database/pool.js';
import type { Sample } from '../slots/sample.repository.js';
import { lockSlot } from '../slots/lock-slot.js';
import { decideTickers } from '../slots/decide-tickers.js';
import { storableText } from '../database/storable-text.js';

/** A sample that shall stand in the place of the stored one. */
export interface Correction {
  readonly sample: Sample;
  /** Of the stored sample that it was held against; were it another one by now, nothing is corrected. */
  readonly revision: number;
}

/** Which samples, why, and when. */
export interface CorrectionOptions {
  readonly sourceId: number;
  readonly slot: number;
  /** Kept with what is replaced: who corrected it. */
  readonly cause: string;
  readonly nowSeconds: number;
}

/** What a correction came to. */
export interface Corrected {
  /** Samples that have a new revision: those that were given, and others of the slot that were judged anew with them. */
  readonly samples: number;
  /** Prices that have a new revision, came to be, or are gone. */
  readonly prices: number;
  /** Samples that had changed meanwhile and were left alone. */
  readonly skipped: number;
}

/**
 * Corrects what was stored: a new revision takes the place of the old one, which is kept. The prices of the slot are decided again by
 * the rule that held, and latest and candles follow.
 */
export class RevisionRepository {
  constructor(private readonly pool: pg.Pool) {}

  /** Corrects samples of one slot, all of them or none. Correcting the same twice changes nothing. */
  async correct(corrections: readonly Correction[], options: CorrectionOptions): Promise<Corrected> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await inTransaction(this.pool, (client) => correct(client, corrections, options));
      } catch (error) {
        // A store of this moment that takes the same rows in another order: one of the two is told to begin anew.
        if (!isDeadlock(error) || attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }
}

const MAX_ATTEMPTS = 5;

function isDeadlock(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '40P01';
}

async function correct(
  client: pg.ClientBase,
  corrections: readonly Correction[],
  { sourceId, slot, cause, nowSeconds }: CorrectionOptions,
): Promise<Corrected> {
  const tickerIds = corrections.map(({ sample }) => sample.tickerId);
  await lockSlot(client, slot, tickerIds);
  await lockCandles(client, slot, tickerIds);
  const revisions = await readRevisions(client, slot, sourceId, tickerIds);
  const standing = corrections.filter(({ sample, revision }) => revisions.get(sample.tickerId) === revision);
  const skipped = corrections.length - standing.length;
  const corrected = standing.map(({ sample }) => sample.tickerId);
  if (corrected.length === 0) return { samples: 0, prices: 0, skipped };

  await keepSamples(client, slot, corrected, cause);
  const replaced = await keepPrices(client, slot, corrected, cause);
  await writeSamples(
    client,
    slot,
    sourceId,
    standing.map(({ sample }) => sample),
  );
  await openDecision(client, slot, corrected);
  await decideTickers(client, slot, corrected, { nowSeconds, fresh: { sourceId, tickerIds: new Set(corrected) } });
  const prices = await numberPrices(client, slot, corrected, replaced);
  const samples = await numberSamples(client, slot, corrected);
  await remakeCandles(client, slot, corrected);
  await remakeLatest(client, slot, corrected);
  return { samples, prices, skipped };
}

/** The revision of every sample of a source that is there, by ticker. */
async function readRevisions(
  client: pg.ClientBase,
  slot: number,
  sourceId: number,
  tickerIds: readonly number[],
): Promise<Map<number, number>> {
  const result = await client.query<{ ticker_id: number; revision: number }>({
    name: 'revisions-to-correct',
    text: `SELECT ticker_id, revision FROM samples WHERE ticker_id = ANY($1::int[]) AND slot = $2 AND source_id = $3`,
    values: [tickerIds, slot, sourceId],
  });
  return new Map(result.rows.map((row) => [row.ticker_id, row.revision]));
}

async function writeSamples(
  client: pg.ClientBase,
  slot: number,
  sourceId: number,
  samples: readonly Sample[],
): Promise<void> {
  await client.query({
    name: 'correct-samples',
    text: `UPDATE samples s SET outcome = given.outcome, reason = given.reason, detail = given.detail, price = given.price,
             raw = given.raw, source_time = given.source_time, inverted = given.inverted, rate = given.rate,
             rate_uncertainty = NULL, rate_ticker = given.rate_ticker, flags = given.flags, market_cap = given.market_cap, volume_24h = given.volume_24h
           FROM unnest($3::int[], $4::text[], $5::text[], $6::text[], $7::numeric[], $8::text[], $9::timestamptz[], $10::boolean[],
                       $11::numeric[], $12::text[], $13::smallint[], $14::numeric[], $15::numeric[])
             AS given(ticker_id, outcome, reason, detail, price, raw, source_time, inverted, rate, rate_ticker, flags, market_cap, volume_24h)
           WHERE s.ticker_id = given.ticker_id AND s.slot = $1 AND s.source_id = $2`,
    values: [
      slot,
      sourceId,
      samples.map(({ tickerId }) => tickerId),
      samples.map(({ outcome }) => outcome),
      samples.map(({ reason }) => reason),
      samples.map(({ detail }) => storableText(detail)),
      samples.map(({ price }) => price),
      samples.map(({ raw }) => storableText(raw)),
      samples.map(({ sourceTime }) => sourceTime),
      samples.map(({ isInverted }) => isInverted ?? false),
      samples.map(({ rate }) => rate),
      samples.map(({ rateTicker }) => rateTicker),
      samples.map(({ flags }) => flags ?? 0),
      samples.map(({ marketCap }) => marketCap),
      samples.map(({ volume24h }) => volume24h),
    ],
  });
}

/**
 * Takes the slot out of a range in which the rule refused a price, so that it is decided again. The slots of a range follow one another
 * at the interval of one version, and it ends a second after the last of them.
 */
async function openDecision(client: pg.ClientBase, slot: number, tickerIds: readonly number[]): Promise<void> {
  await client.query({
    name: 'open-decisions',
    text: `WITH covering AS (
             SELECT g.ticker_id, g.from_slot, g.to_slot, g.reason, g.recorded_at, s.interval_seconds
             FROM gaps g JOIN schedules s ON s.ticker_id = g.ticker_id AND s.from_slot <= $2 AND (s.to_slot IS NULL OR s.to_slot > $2)
             WHERE g.ticker_id = ANY($1::int[]) AND g.from_slot <= $2 AND g.to_slot > $2 AND g.reason IN (${REFUSAL_REASONS_SQL})
           ), shortened AS (
             UPDATE gaps g SET to_slot = $2::bigint - c.interval_seconds + 1 FROM covering c
             WHERE g.ticker_id = c.ticker_id AND g.from_slot = c.from_slot AND c.from_slot < $2
           ), removed AS (
             DELETE FROM gaps g USING covering c WHERE g.ticker_id = c.ticker_id AND g.from_slot = c.from_slot AND c.from_slot = $2
           )
           INSERT INTO gaps (ticker_id, from_slot, to_slot, reason, recorded_at)
           SELECT ticker_id, $2::bigint + interval_seconds, to_slot, reason, recorded_at FROM covering
           WHERE $2::bigint + interval_seconds < to_slot`,
    values: [tickerIds, slot],
  });
}
