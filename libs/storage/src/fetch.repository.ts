import type pg from 'pg';

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
  /** The window is over. `begun`: somebody called before and never reported. */
  | { readonly kind: 'too_late'; readonly begun: boolean; readonly members: readonly FetchMember[] }
  /** Every attempt has been spent, by somebody who never reported. */
  | { readonly kind: 'spent'; readonly members: readonly FetchMember[] }
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

  /** Puts a fetch back for another attempt, with what went wrong. */
  async release(key: FetchKey, failure: { readonly kind: string; readonly message: string }): Promise<void> {
    await this.pool.query({
      name: 'release-fetch',
      text: `UPDATE fetches SET status = 'retry', lease_until = NULL, error_kind = $4, error_message = $5,
               enqueued_at = clock_timestamp()
             WHERE source_id = $1 AND batch = $2 AND slot = $3 AND status = 'running'`,
      values: [key.sourceId, key.batch, key.slot, failure.kind, failure.message],
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
                    coalesce(lease_until >= to_timestamp($4::float8 / 1000), false) AS leased
             FROM fetches WHERE source_id = $1 AND batch = $2 AND slot = $3 AND status IN ${UNFINISHED}`,
      values: [key.sourceId, key.batch, key.slot, options.nowMs],
    });
    const row = result.rows[0];
    if (row === undefined) return { kind: 'settled' };
    if (row.status === 'running' && row.leased && !options.takeOver) return { kind: 'busy' };
    const members = await this.members(key);
    if (row.deadline * 1000 <= options.nowMs) return { kind: 'too_late', begun: row.attempts > 0, members };
    return { kind: 'spent', members };
  }
}

/** The members of a batch in a slot follow from the schedules that held then: $1 source, $2 batch, $3 slot. */
export const MEMBERS_SQL = `
  SELECT t.id AS "tickerId", t.ticker, ts.source_name AS "sourceName"
  FROM ticker_sources ts JOIN schedules s ON s.id = ts.schedule_id JOIN tickers t ON t.id = s.ticker_id
  WHERE ts.source_id = $1 AND ts.batch = $2 AND s.from_slot <= $3 AND (s.to_slot IS NULL OR s.to_slot > $3)
    AND $3 % ts.interval_seconds = 0
  ORDER BY t.id`;
