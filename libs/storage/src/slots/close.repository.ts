import { GRACE_AFTER_WINDOW_SECONDS, type MissReason, type Outcome, type SampleReason } from '@app/domain';
import type pg from 'pg';
import { MEMBERS_SQL, type FetchKey, type FetchMember } from '../fetches/fetch.repository.js';
import { BEGIN_BY_KEY, inTransaction } from '../database/pool.js';
import { isTransientDatabaseError } from '../database/transient-error.js';
import { SampleRepository, storeSamples, type DecidedPrice, type Sample, type Decisions } from './sample.repository.js';
import { lockSlot } from './lock-slot.js';
import type { DecidedSlot } from './decide-tickers.js';
import { followUp, inParts, readStrandedSlots } from './waiting-samples.js';

/** A fetch that was closed because nobody reported its outcome in time. */
export interface ClosedFetch {
  readonly source: string;
  readonly batch: string;
  readonly slot: number;
  /** Those that got their outcome by it: all of its members, unless somebody else had stored a sample. */
  readonly tickers: readonly string[];
  readonly outcome: Outcome;
  readonly reason: SampleReason;
}

interface OverdueRow extends FetchKey {
  readonly source: string;
  readonly status: string;
  readonly attempts: number;
  readonly errorKind: string | null;
  readonly errorMessage: string | null;
}

/** For how long after its window a job is taken out of its queue, in seconds: the closer comes once a second. */
const EXPIRED_FOR_SECONDS = 3;

/** Gives an outcome to what nobody reported: the promise is that every expected slot has a price or a reason. */
export class CloseRepository {
  private readonly samples: SampleRepository;

  /** @param onDecided called with what becomes of slots, including refused prices and revised samples, after each commit. */
  constructor(
    private readonly pool: pg.Pool,
    private readonly onDecided: (decisions: Decisions) => void = () => undefined,
  ) {
    this.samples = new SampleRepository(pool);
  }

  /**
   * Decides slots whose window is over while a better source has still not reported, since nobody waits for it any more, and those
   * in which a sample waits for a rate in vain or was forgotten by a worker that ended.
   */
  async decideExpired(nowSeconds: number, limit: number): Promise<DecidedPrice[]> {
    const expired = await this.pool.query<{ slot: number; tickerIds: number[] }>({
      name: 'expired-undecided',
      text: `SELECT f.slot, array_agg(DISTINCT s.ticker_id) AS "tickerIds"
             FROM fetches f
             JOIN ticker_sources ts ON ts.source_id = f.source_id AND ts.batch = f.batch AND f.slot % ts.interval_seconds = 0
             JOIN schedules s ON s.id = ts.schedule_id AND s.from_slot <= f.slot AND (s.to_slot IS NULL OR s.to_slot > f.slot)
             JOIN samples given ON given.ticker_id = s.ticker_id AND given.slot = f.slot
               AND (given.outcome = 'accepted' OR given.reason = 'jump')
             WHERE f.status IN ('planned', 'queued', 'running', 'retry') AND f.deadline <= $1
               AND NOT EXISTS (SELECT 1 FROM prices p WHERE p.ticker_id = s.ticker_id AND p.slot = f.slot)
             GROUP BY f.slot ORDER BY f.slot LIMIT $2`,
      values: [nowSeconds, limit],
    });
    const decided: DecidedPrice[] = [];
    const undecided = [...expired.rows, ...(await readStrandedSlots(this.pool, nowSeconds, limit))];
    for (const { slot, tickerIds } of inParts(undecided)) {
      const decisions = await this.samples.decide(slot, tickerIds, nowSeconds);
      this.onDecided(decisions);
      decided.push(...decisions.decided);
    }
    return decided;
  }

  /**
   * Fetches whose window has ended in the last seconds and that no worker has begun: their jobs bring no price any more, and left in
   * the queue each of them would use up a place of the source's limit, so that a queue that once fell behind never caught up.
   */
  async expiredUnbegun(
    nowSeconds: number,
    limit: number,
  ): Promise<{ readonly source: string; readonly batch: string; readonly slot: number }[]> {
    const { rows } = await this.pool.query<{ source: string; batch: string; slot: number }>({
      name: 'expired-unbegun',
      text: `SELECT s.name AS source, f.batch, f.slot FROM fetches f JOIN sources s ON s.id = f.source_id
             WHERE f.status IN ('planned', 'queued') AND f.deadline <= $1 AND f.deadline > $1::bigint - ${EXPIRED_FOR_SECONDS}
             ORDER BY f.slot LIMIT $2`,
      values: [nowSeconds, limit],
    });
    return rows;
  }

  /** Closes fetches past their grace, oldest first. @returns what was closed; as many as `limit` when more may be left. */
  async closeOverdue(nowSeconds: number, limit: number): Promise<ClosedFetch[]> {
    const overdue = await this.pool.query<FetchKey>({
      name: 'overdue-fetches',
      text: `SELECT source_id AS "sourceId", batch, slot FROM fetches
             WHERE status IN ('planned', 'queued', 'running', 'retry') AND deadline + ${GRACE_AFTER_WINDOW_SECONDS} <= $1
             ORDER BY slot LIMIT $2`,
      values: [nowSeconds, limit],
    });
    const closed: ClosedFetch[] = [];
    const faults: unknown[] = [];
    for (const key of overdue.rows) {
      try {
        const done = await inTransaction(this.pool, (client) => closeOne(client, key, nowSeconds), BEGIN_BY_KEY);
        if (done === undefined) continue;
        closed.push(done.closed);
        this.onDecided(await followUp(this.pool, done.decisions, key.slot, nowSeconds));
      } catch (error) {
        if (isTransientDatabaseError(error)) throw error;
        // One that cannot be closed keeps no other open.
        faults.push(error);
      }
    }
    if (faults.length > 0) throw new AggregateError(faults, `${faults.length} fetches could not be closed`);
    return closed;
  }
}

async function closeOne(
  client: pg.ClientBase,
  key: FetchKey,
  nowSeconds: number,
): Promise<{ readonly closed: ClosedFetch; readonly decisions: DecidedSlot } | undefined> {
  const members = await client.query<FetchMember>({
    name: 'fetch-members',
    text: MEMBERS_SQL,
    values: [key.sourceId, key.batch, key.slot],
  });
  // The same order of locks as a worker's store: first the slot, then the fetch row.
  await lockSlot(
    client,
    key.slot,
    members.rows.map((member) => member.tickerId),
  );
  const locked = await client.query<OverdueRow>({
    name: 'lock-overdue-fetch',
    text: `SELECT f.source_id AS "sourceId", s.name AS source, f.batch, f.slot, f.status, f.attempts,
                  f.error_kind AS "errorKind", f.error_message AS "errorMessage"
           FROM fetches f JOIN sources s ON s.id = f.source_id
           WHERE f.source_id = $1 AND f.batch = $2 AND f.slot = $3 AND f.status IN ('planned', 'queued', 'running', 'retry')
           FOR UPDATE OF f SKIP LOCKED`,
    values: [key.sourceId, key.batch, key.slot],
  });
  const fetch = locked.rows[0];
  if (fetch === undefined) return undefined;
  const ended = endOf(fetch);
  const samples: Sample[] = members.rows.map((member) => ({ tickerId: member.tickerId, ...ended }));
  const { errorKind, errorMessage } = fetch;
  const result = {
    status: 'closed',
    errorKind: errorKind ?? undefined,
    errorMessage: errorMessage ?? undefined,
  } as const;
  const { kept, decisions } = await storeSamples(client, key, { samples, result, nowSeconds });
  const tickers = members.rows.filter(({ tickerId }) => kept.has(tickerId)).map((member) => member.ticker);
  return { closed: { source: fetch.source, batch: key.batch, slot: key.slot, tickers, ...ended }, decisions };
}

/** What the last known state of an unfinished fetch says about why there is no answer. */
function endOf(fetch: OverdueRow): { outcome: Outcome; reason: SampleReason } {
  if (fetch.status === 'retry' && fetch.errorKind !== null) {
    return { outcome: 'failed', reason: fetch.errorKind as SampleReason };
  }
  const reasons: Record<string, MissReason> = { planned: 'not_enqueued', queued: 'not_taken' };
  return { outcome: 'missed', reason: reasons[fetch.status] ?? 'lost' };
}
