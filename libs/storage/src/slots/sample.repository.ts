import type { Outcome, SampleReason } from '@app/domain';
import type pg from 'pg';
import { storableHeaders, type AnsweredCall } from '../fetches/attempt.repository.js';
import type { FetchKey } from '../fetches/fetch.repository.js';
import { BEGIN_BY_KEY, inTransaction } from '../database/pool.js';
import { lockSlot } from './lock-slot.js';
import { decideTickers, type DecidedSlot, type StandingSample } from './decide-tickers.js';
import type { DecidedPrice } from './store-decisions.js';
import { followUp, decideAlone, type Decisions } from './waiting-samples.js';
import { storableText } from '../database/storable-text.js';

export type { RefusedPrice, RevisedSample, StandingSample } from './decide-tickers.js';
export type { DecidedPrice } from './store-decisions.js';
export type { Decisions } from './waiting-samples.js';

/** What one source gave for one ticker in one slot. */
export interface Sample {
  readonly tickerId: number;
  readonly outcome: Outcome;
  /** Undefined exactly when accepted. */
  readonly reason?: SampleReason | undefined;
  /** The plain decimal; defined exactly when accepted. */
  readonly price?: string | undefined;
  /** The price's text on the wire, when there was one. */
  readonly raw?: string | undefined;
  readonly sourceTime?: Date | undefined;
  /** A sentence on why it was rejected. */
  readonly detail?: string | undefined;
  /** The text on the wire is units of the base for one unit of the quote. */
  readonly isInverted?: boolean | undefined;
  /** What the text on the wire was converted at. */
  readonly rate?: string | undefined;
  /**
   * The ticker whose price is the rate. A sample that is rejected as `no_conversion_rate` with it waits for that price: it is
   * converted when the price of the slot is decided, before it or after it.
   */
  readonly rateTicker?: string | undefined;
  /** Bits of `PRICE_FLAGS`; default 0. */
  readonly flags?: number | undefined;
  /** In the quote currency of the source. */
  readonly marketCap?: string | undefined;
  readonly volume24h?: string | undefined;
  /** The call that it comes from, where that is not the one that the fetch ends with; without times: no call asked for it. */
  readonly call?: { readonly requestedAt?: Date | undefined; readonly receivedAt?: Date | undefined } | undefined;
}

/** How a fetch ended. */
export interface FetchResult {
  readonly status: 'answered' | 'failed' | 'closed';
  readonly requestedAt?: Date | undefined;
  readonly receivedAt?: Date | undefined;
  readonly httpStatus?: number | undefined;
  readonly latencyMs?: number | undefined;
  readonly errorKind?: string | undefined;
  readonly errorMessage?: string | undefined;
  /** What was asked and answered; undefined when no answer came. */
  readonly call?: AnsweredCall | undefined;
}

/** What a store came to. */
export interface StoreOutcome extends Decisions {
  /** Tickers whose given sample stands in the table now, revised or not; another's stands there for the rest. */
  readonly kept: ReadonlySet<number>;
  /** What stood in the place of those of them that replaced a sample: its reason. */
  readonly replaced: ReadonlyMap<number, string>;
  /** How the given samples stand in the table, by ticker, where they could be judged. */
  readonly standing: ReadonlyMap<number, StandingSample>;
  /** Tickers whose sample waits for its rate. */
  readonly waiting: readonly number[];
}

/** Stores samples and, with them, the price of the slot. Idempotent: storing the same twice changes nothing. */
export class SampleRepository {
  constructor(private readonly pool: pg.Pool) {}

  /** Stores what one fetch gave and decides the prices of its slot, in one transaction; what waits for them follows. */
  async store(
    key: FetchKey,
    samples: readonly Sample[],
    result: FetchResult,
    nowSeconds: number,
  ): Promise<StoreOutcome> {
    const { kept, replaced, decisions } = await inTransaction(
      this.pool,
      (client) => storeSamples(client, key, { samples, result, nowSeconds }),
      BEGIN_BY_KEY,
    );
    const followed = await followUp(this.pool, decisions, key.slot, nowSeconds);
    const later = followed.revised.filter(({ slot, sourceId }) => slot === key.slot && sourceId === key.sourceId);
    const standing = new Map([...decisions.standing, ...later.map((sample) => [sample.tickerId, sample] as const)]);
    const waiting = decisions.waiting.filter((tickerId) => standing.get(tickerId)?.reason === 'no_conversion_rate');
    return { ...followed, kept, replaced, standing, waiting };
  }

  /** Decides a slot again, when its window has ended or a rate has come, and what waits for it. */
  async decide(slot: number, tickerIds: readonly number[], nowSeconds: number): Promise<Decisions> {
    const decisions = await decideAlone(this.pool, { slot, tickerIds }, nowSeconds);
    return followUp(this.pool, decisions, slot, nowSeconds);
  }

  /** {@link SampleRepository.decide}, for those who ask for the prices alone. */
  async decidePrices(slot: number, tickerIds: readonly number[], nowSeconds: number): Promise<readonly DecidedPrice[]> {
    return (await this.decide(slot, tickerIds, nowSeconds)).decided;
  }
}

/** What a fetch ends with: the samples of its members, how its call ended, and when, in UNIX seconds. */
export interface FetchOutcome {
  readonly samples: readonly Sample[];
  readonly result: FetchResult;
  readonly nowSeconds: number;
}

/** The work of {@link SampleRepository.store} inside a transaction of the caller. */
export async function storeSamples(
  client: pg.ClientBase,
  key: FetchKey,
  { samples, result, nowSeconds }: FetchOutcome,
): Promise<Pick<StoreOutcome, 'kept' | 'replaced'> & { readonly decisions: DecidedSlot }> {
  const tickerIds = samples.map((sample) => sample.tickerId);
  await lockSlot(client, key.slot, tickerIds);
  const { kept, stored, replaced } = await insertSamples(client, key, samples, result);
  await client.query({
    name: 'finish-fetch',
    text: `UPDATE fetches SET status = $4, lease_until = NULL, requested_at = coalesce($5, requested_at), received_at = $6,
             http_status = $7, latency_ms = $8, error_kind = $9, error_message = $10, endpoint = $11, url = $12,
             headers = $13, parser_version = $14, payload_sha256 = $15
           WHERE source_id = $1 AND batch = $2 AND slot = $3 AND status <> 'answered'
             AND (status <> 'failed' OR $4 <> 'closed')`,
    values: [
      key.sourceId,
      key.batch,
      key.slot,
      result.status,
      result.requestedAt,
      result.receivedAt,
      result.httpStatus,
      result.latencyMs,
      result.errorKind,
      storableText(result.errorMessage),
      result.call?.endpoint,
      storableText(result.call?.url),
      storableHeaders(result.call),
      result.call?.parserVersion,
      result.call?.payloadSha256,
    ],
  });
  const fresh = { sourceId: key.sourceId, tickerIds: stored };
  return { kept, replaced, decisions: await decideTickers(client, key.slot, tickerIds, { nowSeconds, fresh }) };
}

/**
 * Inserts samples. One that was accepted in its window, or waits for its rate, takes the place of "missed" (it could only be stored
 * after the slot was closed) and, as long as nothing was decided, of "failed" (a worker that was taken over reported first): it is
 * the better knowledge. Nothing else is ever overwritten here.
 * @returns `stored`: the tickers whose given sample was written; `kept`: those and the ones that an earlier try had stored; `replaced`: the
 * reasons of the samples whose place was taken.
 */
async function insertSamples(
  client: pg.ClientBase,
  key: FetchKey,
  samples: readonly Sample[],
  result: FetchResult,
): Promise<Pick<StoreOutcome, 'kept' | 'replaced'> & { readonly stored: ReadonlySet<number> }> {
  const found = await client.query<{ ticker_id: number; is_stored: boolean; was: string | null }>({
    name: 'insert-samples',
    text: INSERT_SAMPLES_SQL,
    values: [
      key.slot,
      key.sourceId,
      samples.map(({ call = result }) => call.requestedAt),
      samples.map(({ call = result }) => call.receivedAt),
      key.batch,
      samples.map((sample) => sample.tickerId),
      samples.map((sample) => sample.outcome),
      samples.map((sample) => sample.reason),
      samples.map((sample) => sample.price),
      samples.map((sample) => storableText(sample.raw)),
      samples.map((sample) => sample.sourceTime),
      samples.map((sample) => storableText(sample.detail)),
      samples.map((sample) => sample.isInverted ?? false),
      samples.map((sample) => sample.rate),
      samples.map((sample) => sample.rateTicker),
      samples.map((sample) => sample.flags ?? 0),
      samples.map((sample) => sample.marketCap),
      samples.map((sample) => sample.volume24h),
    ],
  });
  return {
    kept: new Set(found.rows.map((row) => row.ticker_id)),
    stored: new Set(found.rows.filter((row) => row.is_stored).map((row) => row.ticker_id)),
    replaced: new Map(found.rows.flatMap(({ ticker_id, was }) => (was === null ? [] : [[ticker_id, was]]))),
  };
}

/**
 * The same answer, stored once more because nobody heard of the first commit, is known by its time and its text: its outcome may have
 * been revised since.
 */
const INSERT_SAMPLES_SQL = `
  WITH given AS (
    SELECT * FROM unnest($3::timestamptz[], $4::timestamptz[], $6::int[], $7::text[], $8::text[], $9::numeric[], $10::text[], $11::timestamptz[], $12::text[], $13::boolean[],
                         $14::numeric[], $15::text[], $16::smallint[], $17::numeric[], $18::numeric[])
      AS given(requested_at, observed_at, ticker_id, outcome, reason, price, raw, source_time, detail, inverted, rate, rate_ticker, flags, market_cap, volume_24h)
  ), before AS (
    SELECT given.ticker_id, coalesce(s.reason, s.outcome) AS was,
           s.observed_at IS NOT DISTINCT FROM given.observed_at::timestamptz(3) AND s.raw IS NOT DISTINCT FROM given.raw
             AND (given.raw IS NOT NULL OR (s.outcome = given.outcome AND s.reason IS NOT DISTINCT FROM given.reason)) AS is_same
    FROM given JOIN samples s ON s.ticker_id = given.ticker_id AND s.slot = $1 AND s.source_id = $2
  ), stored AS (
    INSERT INTO samples (ticker_id, slot, source_id, outcome, reason, price, raw, source_time, requested_at, observed_at, batch,
                         detail, inverted, rate, rate_ticker, flags, market_cap, volume_24h)
    SELECT ticker_id, $1, $2, outcome, reason, price, raw, source_time, requested_at, observed_at, $5,
           detail, inverted, rate, rate_ticker, flags, market_cap, volume_24h FROM given
    ON CONFLICT (ticker_id, slot, source_id) DO UPDATE
      SET outcome = EXCLUDED.outcome, reason = EXCLUDED.reason, price = EXCLUDED.price, raw = EXCLUDED.raw,
          source_time = EXCLUDED.source_time, requested_at = EXCLUDED.requested_at, observed_at = EXCLUDED.observed_at,
          detail = EXCLUDED.detail, inverted = EXCLUDED.inverted, rate = EXCLUDED.rate, rate_uncertainty = NULL, rate_ticker = EXCLUDED.rate_ticker,
          flags = EXCLUDED.flags, market_cap = EXCLUDED.market_cap, volume_24h = EXCLUDED.volume_24h, stored_at = clock_timestamp()
      WHERE (samples.outcome = 'missed' AND EXCLUDED.outcome <> 'missed')
        OR (samples.outcome = 'failed' AND (EXCLUDED.outcome = 'accepted' OR EXCLUDED.reason = 'no_conversion_rate') AND NOT EXISTS (
          SELECT 1 FROM prices p WHERE p.ticker_id = EXCLUDED.ticker_id AND p.slot = EXCLUDED.slot)
          AND NOT coalesce((SELECT g.to_slot > EXCLUDED.slot FROM gaps g WHERE g.ticker_id = EXCLUDED.ticker_id
            AND g.from_slot <= EXCLUDED.slot ORDER BY g.from_slot DESC LIMIT 1), false))
    RETURNING ticker_id
  )
  SELECT stored.ticker_id, true AS is_stored, before.was FROM stored LEFT JOIN before USING (ticker_id)
  UNION ALL
  SELECT ticker_id, false, NULL FROM before WHERE is_same AND ticker_id NOT IN (SELECT ticker_id FROM stored)`;
