import { MAX_WINDOW_SECONDS, restOf, type RuleOptions, type SourceErrorKind } from '@app/domain';
import type pg from 'pg';
import { UNPLANNED_REASONS_SQL } from '../slots/gap-reasons.sql.js';
import { storableText } from '../database/storable-text.js';
import { REFUSAL_SQL, type Refusal } from '../sources/refused-symbol.repository.js';
import { beginProbe } from '../sources/source-state.repository.js';

/** What identifies one call. */
export interface FetchKey {
  readonly sourceId: number;
  readonly batch: string;
  readonly slot: number;
}

/** A ticker that a fetch asks for. */
export interface FetchMember {
  readonly tickerId: number;
  readonly ticker: string;
  readonly sourceSymbol: string;
  /** UNIX second at which this ticker's own window ends; that of the fetch may be longer. */
  readonly deadline: number;
  /** The currency that the ticker is priced in. */
  readonly quote: string;
  /** The currency that the source quotes in, when that is another; null or undefined when it is the same. */
  readonly quotedIn?: string | null | undefined;
  /** Limits of the ticker's checks, where they are not the usual ones. */
  readonly ruleOptions?: RuleOptions | undefined;
  /** Why the source may not be asked for it together with others; null or undefined when it may. */
  readonly refusal?: Refusal | null | undefined;
}

/** What went wrong with an attempt after which another was due. */
export interface AttemptFailure {
  readonly kind: SourceErrorKind;
  readonly message: string;
}

/** What a worker finds when it takes a fetch in hand. */
export type Claim =
  /** The call may be made: `attempt` counts it already. */
  | {
      readonly kind: 'claimed';
      readonly attempt: number;
      readonly maxAttempts: number;
      /** UNIX second at which the window ends. */
      readonly deadline: number;
      /** The circuit of the source is half-open, and this is the one call that finds out whether it is there again. */
      readonly isProbe: boolean;
      /** What the attempt before failed with. */
      readonly failure?: AttemptFailure | undefined;
      readonly members: readonly FetchMember[];
    }
  /** The source asked to be left alone, or its circuit is open: no call may be made before `untilMs`. */
  | {
      readonly kind: 'source_unavailable';
      readonly reason: 'paused' | 'circuit_open';
      readonly untilMs: number;
      readonly deadline: number;
      /** What the attempt before failed with. */
      readonly failure?: AttemptFailure | undefined;
      readonly members: readonly FetchMember[];
    }
  /** The call of another slot for the same batch is still under way. */
  | {
      readonly kind: 'overload';
      readonly failure?: AttemptFailure | undefined;
      readonly members: readonly FetchMember[];
    }
  /** The window is over. `begun`: somebody called before; without a `failure` he never reported. */
  | {
      readonly kind: 'too_late';
      readonly begun: boolean;
      readonly failure?: AttemptFailure | undefined;
      readonly members: readonly FetchMember[];
    }
  /** Every attempt has been spent; without a `failure` by somebody who never reported. */
  | {
      readonly kind: 'spent';
      readonly failure?: AttemptFailure | undefined;
      readonly members: readonly FetchMember[];
    }
  /** Somebody else has it in hand. */
  | { readonly kind: 'busy' }
  /** It has its outcome, or was never planned here. */
  | { readonly kind: 'finished' };

/** How to claim. */
export interface ClaimOptions {
  readonly nowMs: number;
  /** How long this attempt may take at most, in milliseconds; until then nobody else begins another. */
  readonly leaseMs: number;
  /** The one who had it is known to be gone (its queue lock was lost), so its lease does not count. */
  readonly takeOver: boolean;
}

interface ClaimedRow {
  readonly attempts: number;
  readonly max_attempts: number;
  readonly deadline: number;
  readonly error_kind: SourceErrorKind | null;
  readonly error_message: string | null;
}

interface FetchRow {
  readonly status: string;
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly deadline: number;
  readonly leased: boolean;
  /** Of the last attempt; null once another has begun. */
  readonly failureKind: SourceErrorKind | null;
  readonly failureMessage: string | null;
  readonly overlaps: boolean;
  readonly pausedUntilMs: number | null;
  readonly circuitOpenUntilMs: number | null;
  readonly probingUntilMs: number | null;
}

const UNFINISHED = `('planned', 'queued', 'running', 'retry')`;

/** The life of a fetch between planning and its outcome. */
export class FetchRepository {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * Takes a fetch in hand for one attempt; raising `attempts` comes before the call, so that no call goes uncounted. The same
   * statement looks whether the source may be asked at all: it is not paused, its circuit is not open, and no call for the same batch is under way.
   */
  async claim(key: FetchKey, options: ClaimOptions): Promise<Claim> {
    return (await this.take(key, options, false)) ?? (await this.explainRefusal(key, options));
  }

  private async take(
    key: FetchKey,
    options: ClaimOptions,
    isProbe: boolean,
  ): Promise<(Claim & { readonly kind: 'claimed' }) | undefined> {
    const claimed = await this.pool.query<ClaimedRow>({
      name: 'claim-fetch',
      text: `UPDATE fetches SET status = 'running', attempts = attempts + 1,
               requested_at = to_timestamp($4::float8 / 1000), lease_until = to_timestamp(($4::float8 + $5) / 1000)
             WHERE source_id = $1 AND batch = $2 AND slot = $3 AND attempts < max_attempts AND deadline * 1000 > $4
               AND (status IN ('planned', 'queued', 'retry')
                 OR (status = 'running' AND ($6 OR lease_until < to_timestamp($4::float8 / 1000))))
               AND ($7 OR NOT EXISTS (SELECT 1 FROM source_states st WHERE st.source_id = $1
                 AND (st.paused_until > to_timestamp($4::float8 / 1000) OR st.circuit_open_until IS NOT NULL)))
               AND NOT ${OVERLAPS_SQL}
             RETURNING attempts, max_attempts, deadline, error_kind, error_message`,
      values: [key.sourceId, key.batch, key.slot, options.nowMs, options.leaseMs, options.takeOver, isProbe],
    });
    const row = claimed.rows[0];
    if (row === undefined) return undefined;
    const { attempts: attempt, max_attempts: maxAttempts, deadline } = row;
    const failure = row.error_kind === null ? undefined : { kind: row.error_kind, message: row.error_message ?? '' };
    return { kind: 'claimed', attempt, maxAttempts, deadline, isProbe, failure, members: await this.members(key) };
  }

  /**
   * Puts a fetch back for another attempt, with what went wrong; without a failure when the attempt was broken off.
   * @param attempt the one that ends: somebody who took the fetch over meanwhile keeps it.
   */
  async release(key: FetchKey, attempt: number, failure?: AttemptFailure): Promise<void> {
    await this.pool.query({
      name: 'release-fetch',
      text: `UPDATE fetches SET status = 'retry', lease_until = NULL, error_kind = $5, error_message = $6,
               enqueued_at = clock_timestamp()
             WHERE source_id = $1 AND batch = $2 AND slot = $3 AND status = 'running' AND attempts = $4`,
      values: [key.sourceId, key.batch, key.slot, attempt, failure?.kind, storableText(failure?.message)],
    });
  }

  /** Puts a fetch back whose call was not made after all, so that it does not count as an attempt; what an earlier one met stays. */
  async putBack(key: FetchKey, attempt: number): Promise<void> {
    await this.pool.query({
      name: 'put-back-fetch',
      text: `UPDATE fetches SET status = CASE WHEN error_kind IS NULL THEN 'queued' ELSE 'retry' END, attempts = attempts - 1,
               lease_until = NULL, requested_at = NULL,
               enqueued_at = clock_timestamp()
             WHERE source_id = $1 AND batch = $2 AND slot = $3 AND status = 'running' AND attempts = $4`,
      values: [key.sourceId, key.batch, key.slot, attempt],
    });
  }

  /** Keeps a fetch in hand for longer. @returns false when somebody has taken it over. */
  async keepInHand(key: FetchKey, attempt: number, leaseUntilMs: number): Promise<boolean> {
    const kept = await this.pool.query({
      name: 'keep-in-hand',
      text: `UPDATE fetches SET lease_until = to_timestamp($5::float8 / 1000)
             WHERE source_id = $1 AND batch = $2 AND slot = $3 AND status = 'running' AND attempts = $4`,
      values: [key.sourceId, key.batch, key.slot, attempt, leaseUntilMs],
    });
    return kept.rowCount !== 0;
  }

  /**
   * Counts one more call of a fetch in hand, which needs several because a symbol is to be isolated: it may have as many more.
   * @param attempt the call before it.
   * @returns false when somebody has taken the fetch over.
   */
  async countCall(key: FetchKey, attempt: number): Promise<boolean> {
    const counted = await this.pool.query({
      name: 'count-call',
      text: `UPDATE fetches SET attempts = attempts + 1, max_attempts = max_attempts + 1
             WHERE source_id = $1 AND batch = $2 AND slot = $3 AND status = 'running' AND attempts = $4`,
      values: [key.sourceId, key.batch, key.slot, attempt],
    });
    return counted.rowCount !== 0;
  }

  /** The tickers that a batch stands for in a slot, in the order of their ids. */
  async members(key: FetchKey): Promise<FetchMember[]> {
    const result = await this.pool.query<FetchMember>({
      name: 'fetch-members',
      text: MEMBERS_SQL,
      values: [key.sourceId, key.batch, key.slot],
    });
    return result.rows.map(({ refusal, ...member }) => (refusal === null ? member : { ...member, refusal }));
  }

  private async explainRefusal(key: FetchKey, options: ClaimOptions): Promise<Claim> {
    const result = await this.pool.query<FetchRow>({
      name: 'read-fetch',
      text: `SELECT status, attempts, max_attempts AS "maxAttempts", deadline,
                    coalesce(lease_until >= to_timestamp($4::float8 / 1000), false) AS leased,
                    CASE WHEN status = 'retry' THEN error_kind END AS "failureKind", error_message AS "failureMessage",
                    ${OVERLAPS_SQL} AS overlaps,
                    (extract(epoch FROM st.paused_until) * 1000)::float8 AS "pausedUntilMs",
                    (extract(epoch FROM st.circuit_open_until) * 1000)::float8 AS "circuitOpenUntilMs",
                    (extract(epoch FROM st.probing_until) * 1000)::float8 AS "probingUntilMs"
             FROM fetches LEFT JOIN source_states st USING (source_id)
             WHERE source_id = $1 AND batch = $2 AND slot = $3 AND status IN ${UNFINISHED}`,
      values: [key.sourceId, key.batch, key.slot, options.nowMs],
    });
    const row = result.rows[0];
    if (row === undefined) return { kind: 'finished' };
    if (row.status === 'running' && row.leased && !options.takeOver) return { kind: 'busy' };
    const failure = row.failureKind === null ? undefined : { kind: row.failureKind, message: row.failureMessage ?? '' };
    const members = await this.members(key);
    if (row.deadline * 1000 <= options.nowMs) return { kind: 'too_late', begun: row.attempts > 0, failure, members };
    if (row.attempts >= row.maxAttempts) return { kind: 'spent', failure, members };
    if (row.overlaps) return { kind: 'overload', failure, members };
    const state = {
      pausedUntilMs: row.pausedUntilMs ?? undefined,
      circuitOpenUntilMs: row.circuitOpenUntilMs ?? undefined,
    };
    const rest = restOf(state, options.nowMs);
    if (rest !== undefined) return { kind: 'source_unavailable', ...rest, deadline: row.deadline, failure, members };
    // Given back by its holder since our claim found it taken: whoever takes the next job of it goes on.
    if (state.circuitOpenUntilMs === undefined) return { kind: 'busy' };
    const probe = await this.probe(key, options);
    if (probe !== undefined) return probe;
    const untilMs = Math.max(row.probingUntilMs ?? 0, options.nowMs + options.leaseMs);
    return { kind: 'source_unavailable', reason: 'circuit_open', untilMs, deadline: row.deadline, failure, members };
  }

  /** The circuit is half-open: one fetch of the whole fleet goes and looks. Undefined when another is the one. */
  private async probe(key: FetchKey, options: ClaimOptions): Promise<Claim | undefined> {
    return (await beginProbe(this.pool, key.sourceId, options)) ? this.take(key, options, true) : undefined;
  }
}

/** Slots of one batch that are further apart than this, in seconds, cannot both be under way: a lease is a few seconds long. */
const OVERLAP_SECONDS = 60;

/** Whether a call for another slot of the batch is under way: $1 source, $2 batch, $3 slot, $4 now in milliseconds. */
const OVERLAPS_SQL = `EXISTS (
                 SELECT 1 FROM fetches other
                 WHERE other.source_id = $1 AND other.batch = $2 AND other.slot <> $3
                   AND other.slot BETWEEN $3::bigint - ${OVERLAP_SECONDS} AND $3::bigint + ${OVERLAP_SECONDS}
                   AND other.status = 'running' AND other.lease_until >= to_timestamp($4::float8 / 1000))`;

/**
 * The members of a batch in a slot follow from the schedules that held then: $1 source, $2 batch, $3 slot. Not among them is a
 * ticker whose slot has been recorded as part of a gap that nobody planned: a planner that was late had no time left for its window, while another
 * member's, of a longer interval, was still open. Ranges of a ticker never overlap, so only the last one that begins at or before the
 * slot can cover it.
 */
export const MEMBERS_SQL = `
  SELECT t.id AS "tickerId", t.ticker, ts.source_symbol AS "sourceSymbol",
         $3::bigint + least(s.interval_seconds, ${MAX_WINDOW_SECONDS}) AS deadline,
         t.quote, ts.quoted_in AS "quotedIn", s.rule_options AS "ruleOptions", ${REFUSAL_SQL} AS refusal
  FROM ticker_sources ts JOIN schedules s ON s.id = ts.schedule_id JOIN tickers t ON t.id = s.ticker_id
  LEFT JOIN refused_symbols r ON r.source_id = ts.source_id AND r.source_symbol = ts.source_symbol
  WHERE ts.source_id = $1 AND ts.batch = $2 AND s.from_slot <= $3 AND (s.to_slot IS NULL OR s.to_slot > $3)
    AND $3 % ts.interval_seconds = 0
    AND NOT coalesce((SELECT g.to_slot > $3 AND g.reason IN (${UNPLANNED_REASONS_SQL}) FROM gaps g
                      WHERE g.ticker_id = t.id AND g.from_slot <= $3 ORDER BY g.from_slot DESC LIMIT 1), false)
  ORDER BY t.id`;
