import { MAX_WINDOW_SECONDS, type SourceErrorKind } from '@app/domain';
import type pg from 'pg';
import { storableText } from './storable-text.js';

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
  readonly sourceName: string;
  /** UNIX second at which this ticker's own window ends; that of the fetch may be longer. */
  readonly deadline: number;
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
  | { readonly kind: 'settled' };

/** How to claim. */
export interface ClaimOptions {
  readonly nowMs: number;
  /** How long this attempt may take at most, in milliseconds; until then nobody else begins another. */
  readonly leaseMs: number;
  /** The one who had it is known to be gone (its queue lock was lost), so its lease does not count. */
  readonly takeOver: boolean;
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
}

const UNFINISHED = `('planned', 'queued', 'running', 'retry')`;

/** The life of a fetch between planning and its outcome. */
export class FetchRepository {
  constructor(private readonly pool: pg.Pool) {}

  /** Takes a fetch in hand for one attempt; raising `attempts` comes before the call, so that no call goes uncounted. */
  async claim(key: FetchKey, options: ClaimOptions): Promise<Claim> {
    const claimed = await this.pool.query<{ attempts: number; max_attempts: number; deadline: number }>({
      name: 'claim-fetch',
      text: `UPDATE fetches SET status = 'running', attempts = attempts + 1,
               requested_at = to_timestamp($4::float8 / 1000), lease_until = to_timestamp(($4::float8 + $5) / 1000)
             WHERE source_id = $1 AND batch = $2 AND slot = $3 AND attempts < max_attempts AND deadline * 1000 > $4
               AND (status IN ('planned', 'queued', 'retry')
                 OR (status = 'running' AND ($6 OR lease_until < to_timestamp($4::float8 / 1000))))
             RETURNING attempts, max_attempts, deadline`,
      values: [key.sourceId, key.batch, key.slot, options.nowMs, options.leaseMs, options.takeOver],
    });
    const row = claimed.rows[0];
    if (row === undefined) return this.explainRefusal(key, options);
    const members = await this.members(key);
    return { kind: 'claimed', attempt: row.attempts, maxAttempts: row.max_attempts, deadline: row.deadline, members };
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

  /** The tickers that a batch stands for in a slot, in the order of their ids. */
  async members(key: FetchKey): Promise<FetchMember[]> {
    const result = await this.pool.query<FetchMember>({
      name: 'fetch-members',
      text: MEMBERS_SQL,
      values: [key.sourceId, key.batch, key.slot],
    });
    return result.rows;
  }

  private async explainRefusal(key: FetchKey, options: ClaimOptions): Promise<Claim> {
    const result = await this.pool.query<FetchRow>({
      name: 'read-fetch',
      text: `SELECT status, attempts, max_attempts AS "maxAttempts", deadline,
                    coalesce(lease_until >= to_timestamp($4::float8 / 1000), false) AS leased,
                    CASE WHEN status = 'retry' THEN error_kind END AS "failureKind", error_message AS "failureMessage"
             FROM fetches WHERE source_id = $1 AND batch = $2 AND slot = $3 AND status IN ${UNFINISHED}`,
      values: [key.sourceId, key.batch, key.slot, options.nowMs],
    });
    const row = result.rows[0];
    if (row === undefined) return { kind: 'settled' };
    if (row.status === 'running' && row.leased && !options.takeOver) return { kind: 'busy' };
    const isOver = row.deadline * 1000 <= options.nowMs;
    // Given back by its holder since our claim found it taken: whoever takes the next job of it goes on.
    if (!isOver && row.attempts < row.maxAttempts) return { kind: 'busy' };
    const members = await this.members(key);
    const failure = row.failureKind === null ? undefined : { kind: row.failureKind, message: row.failureMessage ?? '' };
    if (isOver) return { kind: 'too_late', begun: row.attempts > 0, failure, members };
    return { kind: 'spent', failure, members };
  }
}

/**
 * The members of a batch in a slot follow from the schedules that held then: $1 source, $2 batch, $3 slot. Not among them is a
 * ticker whose slot has been recorded as part of a gap: a planner that was late had no time left for its window, while another
 * member's, of a longer interval, was still open.
 */
export const MEMBERS_SQL = `
  SELECT t.id AS "tickerId", t.ticker, ts.source_name AS "sourceName",
         $3::bigint + least(s.interval_seconds, ${MAX_WINDOW_SECONDS}) AS deadline
  FROM ticker_sources ts JOIN schedules s ON s.id = ts.schedule_id JOIN tickers t ON t.id = s.ticker_id
  WHERE ts.source_id = $1 AND ts.batch = $2 AND s.from_slot <= $3 AND (s.to_slot IS NULL OR s.to_slot > $3)
    AND $3 % ts.interval_seconds = 0
    AND NOT EXISTS (SELECT 1 FROM gaps g WHERE g.ticker_id = t.id AND g.from_slot <= $3 AND g.to_slot > $3)
  ORDER BY t.id`;
