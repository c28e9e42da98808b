import {
  afterFailure,
  HEALTHY,
  type CircuitReason,
  type CallFailure,
  type SourceErrorKind,
  type SourceHealth,
} from '@app/domain';
import type pg from 'pg';
import { inTransaction } from '../database/pool.js';
import { storableText } from '../database/storable-text.js';

/** How a source has behaved, as all workers together know it. */
export interface SourceState extends SourceHealth {
  readonly sourceId: number;
  /** Until then one fetch is finding out whether the source is there again. */
  readonly probingUntilMs: number | undefined;
  readonly lastSuccessAt: Date | undefined;
  readonly lastLatencyMs: number | undefined;
  readonly lastFailureAt: Date | undefined;
  readonly lastFailureMessage: string | undefined;
}

/** A call that was answered. */
export interface CallSuccess {
  readonly atMs: number;
  readonly latencyMs: number;
}

/** A call that failed, with its message; how many batches the source has, and whether others answer, is looked up. */
export interface NotedFailure extends Omit<CallFailure, 'batches' | 'othersAnswer'> {
  /** Without secrets. */
  readonly message: string;
}

/** What a failure changed. */
export interface HealthChange {
  readonly before: SourceHealth;
  readonly after: SourceHealth;
}

/** When a probe begins, and for how long it keeps others from being one, in milliseconds. */
export interface ProbeOptions {
  readonly nowMs: number;
  readonly leaseMs: number;
}

/** The circuit is half-open: one call of the whole fleet goes and looks. @returns whether this is the one. */
export async function beginProbe(
  pool: Pick<pg.Pool, 'query'>,
  sourceId: number,
  { nowMs, leaseMs }: ProbeOptions,
): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'begin-probe',
    text: `UPDATE source_states SET probing_until = to_timestamp(($2::float8 + $3) / 1000)
           WHERE source_id = $1 AND circuit_open_until <= to_timestamp($2::float8 / 1000)
             AND (paused_until IS NULL OR paused_until <= to_timestamp($2::float8 / 1000))
             AND (probing_until IS NULL OR probing_until <= to_timestamp($2::float8 / 1000))`,
    values: [sourceId, nowMs, leaseMs],
  });
  return rowCount !== 0;
}

/** A key that is missing is not found by waiting. */
const FOR_EVER = 'infinity';

/** A success that tells nothing new is written down no more often than this. */
const NOTE_SUCCESS_EVERY = `interval '1 second'`;

/**
 * How each source behaves, for the whole fleet. Who claims a fetch reads it in the claim's own statement; who made a call notes
 * how it ended.
 */
export class SourceStateRepository {
  constructor(private readonly pool: pg.Pool) {}

  /** The state of every source, by id. */
  async list(): Promise<SourceState[]> {
    const result = await this.pool.query<StateRow>(`${STATE_SQL} ORDER BY source_id`);
    return result.rows.map(stateOf);
  }

  /** The state of one source; undefined when nothing was ever noted of it. */
  async of(sourceId: number): Promise<SourceState | undefined> {
    const { rows } = await this.pool.query<StateRow>({
      name: 'read-source-state',
      text: `${STATE_SQL} WHERE source_id = $1`,
      values: [sourceId],
    });
    return rows[0] === undefined ? undefined : stateOf(rows[0]);
  }

  /** See {@link beginProbe}. */
  async beginProbe(sourceId: number, options: ProbeOptions): Promise<boolean> {
    return beginProbe(this.pool, sourceId, options);
  }

  /**
   * Notes that a source answered. One statement, which writes only when that changes something or a second has passed since the
   * last one: many calls a second must not queue for one row.
   * @returns whether the circuit of the source was open.
   */
  async noteSuccess(sourceId: number, { atMs, latencyMs }: CallSuccess): Promise<{ readonly recovered: boolean }> {
    const result = await this.pool.query<{ was_open: boolean }>({
      name: 'note-success',
      text: `WITH before AS (
               SELECT circuit_open_until IS NOT NULL AS was_open FROM source_states WHERE source_id = $1
             ), first AS (
               INSERT INTO source_states (source_id, last_success_at, last_latency_ms)
               SELECT $1, to_timestamp($2::float8 / 1000), $3 WHERE NOT EXISTS (SELECT 1 FROM before)
               ON CONFLICT DO NOTHING
             )
             UPDATE source_states s
             SET failures = 0, failing_since = NULL, failing_batches = '{}', circuit_openings = 0, circuit_open_until = NULL,
               circuit_reason = NULL, probing_until = NULL,
               pauses = CASE WHEN s.paused_until > at.it THEN s.pauses ELSE 0 END,
               paused_until = CASE WHEN s.paused_until > at.it THEN s.paused_until END,
               last_success_at = greatest(s.last_success_at, at.it), last_latency_ms = $3
             FROM (SELECT to_timestamp($2::float8 / 1000) AS it) at
             WHERE s.source_id = $1
               AND (s.failures > 0 OR s.circuit_openings > 0 OR s.circuit_open_until IS NOT NULL OR s.probing_until IS NOT NULL
                 OR (s.paused_until <= at.it) OR (s.pauses > 0 AND s.paused_until IS NULL)
                 OR s.last_success_at IS NULL OR s.last_success_at < at.it - ${NOTE_SUCCESS_EVERY})
             RETURNING (SELECT was_open FROM before)`,
      values: [sourceId, atMs, Math.round(latencyMs)],
    });
    return { recovered: result.rows[0]?.was_open === true };
  }

  /** Notes that a call failed, and what follows from that for the source. @param random 0 to 1. */
  async noteFailure(sourceId: number, failure: NotedFailure, random: number): Promise<HealthChange> {
    return inTransaction(this.pool, async (client) => {
      const before = await lockState(client, sourceId);
      const batches = isOfOneBatch(failure.kind) ? await countBatches(client, sourceId) : 1;
      const othersAnswer = await hasAnotherAnswered(client, sourceId, before.lastFailureAt);
      const after = afterFailure(before, { ...failure, batches, othersAnswer }, random);
      await client.query({
        name: 'note-failure',
        text: `UPDATE source_states
               SET paused_until = to_timestamp($2::float8 / 1000), pauses = $3, circuit_open_until = to_timestamp($4::float8 / 1000),
                 circuit_reason = $5, circuit_openings = $6, failures = $7, failing_since = to_timestamp($8::float8 / 1000),
                 failing_batches = $9, probing_until = CASE WHEN $10 THEN NULL ELSE probing_until END,
                 last_failure_at = to_timestamp($11::float8 / 1000), last_failure_kind = $12, last_failure_message = $13
               WHERE source_id = $1`,
        values: [
          sourceId,
          after.pausedUntilMs,
          after.pauses,
          after.circuitOpenUntilMs,
          after.circuitReason,
          after.circuitOpenings,
          after.failures,
          after.failingSinceMs,
          after.failingBatches,
          failure.isProbe,
          failure.atMs,
          failure.kind,
          storableText(failure.message.slice(0, MAX_MESSAGE_LENGTH)),
        ],
      });
      return { before, after };
    });
  }

  /** Lets a probe go whose call was not made after all: another fetch may be the next at once. */
  async endProbe(sourceId: number): Promise<void> {
    await this.pool.query({
      name: 'end-probe',
      text: 'UPDATE source_states SET probing_until = NULL WHERE source_id = $1',
      values: [sourceId],
    });
  }

  /**
   * Opens the circuits of the sources that answer nobody without a key, and have none, for good; those among the others that were
   * there for this are let off it.
   */
  async noteKeys({
    missing,
    present,
  }: {
    readonly missing: readonly number[];
    readonly present: readonly number[];
  }): Promise<void> {
    const reason: CircuitReason = 'needs_key';
    await this.pool.query(
      `INSERT INTO source_states AS st (source_id, circuit_open_until, circuit_reason, circuit_openings)
       SELECT id, '${FOR_EVER}', $2, 1 FROM sources WHERE id = ANY($1::smallint[])
       ON CONFLICT (source_id) DO UPDATE
         SET circuit_open_until = EXCLUDED.circuit_open_until, circuit_reason = EXCLUDED.circuit_reason, circuit_openings = EXCLUDED.circuit_openings`,
      [missing, reason],
    );
    await this.pool.query(
      `UPDATE source_states SET circuit_open_until = NULL, circuit_reason = NULL, circuit_openings = 0
       WHERE source_id = ANY($1::smallint[]) AND circuit_reason = $2`,
      [present, reason],
    );
  }
}

/** Longer messages are cut; the whole of it is with the fetch. */
const MAX_MESSAGE_LENGTH = 500;

interface StateRow {
  readonly source_id: number;
  readonly paused_until: number | null;
  readonly pauses: number;
  readonly circuit_open_until: number | null;
  readonly circuit_reason: CircuitReason | null;
  readonly circuit_openings: number;
  readonly failures: number;
  readonly failing_since: number | null;
  readonly failing_batches: string[];
  readonly probing_until: number | null;
  readonly last_success_at: Date | null;
  readonly last_latency_ms: number | null;
  readonly last_failure_at: Date | null;
  readonly last_failure_kind: SourceErrorKind | null;
  readonly last_failure_message: string | null;
}

const STATE_SQL = `
  SELECT source_id, (extract(epoch FROM paused_until) * 1000)::float8 AS paused_until, pauses,
         (extract(epoch FROM circuit_open_until) * 1000)::float8 AS circuit_open_until, circuit_reason, circuit_openings, failures,
         (extract(epoch FROM failing_since) * 1000)::float8 AS failing_since, failing_batches,
         (extract(epoch FROM probing_until) * 1000)::float8 AS probing_until,
         last_success_at, last_latency_ms, last_failure_at, last_failure_kind, last_failure_message
  FROM source_states`;

function stateOf(row: StateRow): SourceState {
  return {
    sourceId: row.source_id,
    pausedUntilMs: row.paused_until ?? undefined,
    pauses: row.pauses,
    circuitOpenUntilMs: row.circuit_open_until ?? undefined,
    circuitReason: row.circuit_reason ?? undefined,
    circuitOpenings: row.circuit_openings,
    failures: row.failures,
    failingSinceMs: row.failing_since ?? undefined,
    failingBatches: row.failing_batches,
    lastFailureKind: row.last_failure_kind ?? undefined,
    probingUntilMs: row.probing_until ?? undefined,
    lastSuccessAt: row.last_success_at ?? undefined,
    lastLatencyMs: row.last_latency_ms ?? undefined,
    lastFailureAt: row.last_failure_at ?? undefined,
    lastFailureMessage: row.last_failure_message ?? undefined,
  };
}

/** Failures are noted one after the other: each has to know of the one before. */
async function lockState(
  client: pg.ClientBase,
  sourceId: number,
): Promise<SourceHealth & Pick<SourceState, 'lastFailureAt'>> {
  const select = {
    name: 'lock-source-state',
    text: `${STATE_SQL} WHERE source_id = $1 FOR UPDATE`,
    values: [sourceId],
  };
  const found = await client.query<StateRow>(select);
  if (found.rows[0] !== undefined) return stateOf(found.rows[0]);
  await client.query('INSERT INTO source_states (source_id) VALUES ($1) ON CONFLICT DO NOTHING', [sourceId]);
  const made = await client.query<StateRow>(select);
  return made.rows[0] === undefined ? { ...HEALTHY, lastFailureAt: undefined } : stateOf(made.rows[0]);
}

async function hasAnotherAnswered(client: pg.ClientBase, sourceId: number, since: Date | undefined): Promise<boolean> {
  const result = await client.query<{ answered: boolean }>({
    name: 'others-answered',
    text: `SELECT EXISTS (SELECT 1 FROM source_states
             WHERE source_id <> $1 AND last_success_at > coalesce($2::timestamptz, '-infinity')) AS answered`,
    values: [sourceId, since],
  });
  return result.rows[0]?.answered === true;
}

function isOfOneBatch(kind: SourceErrorKind): boolean {
  return kind === 'not_found' || kind === 'drift';
}

async function countBatches(client: pg.ClientBase, sourceId: number): Promise<number> {
  const result = await client.query<{ batches: number }>({
    name: 'count-batches',
    text: `SELECT count(DISTINCT ts.batch)::int AS batches FROM ticker_sources ts JOIN schedules s ON s.id = ts.schedule_id
           WHERE ts.source_id = $1 AND s.to_slot IS NULL`,
    values: [sourceId],
  });
  return result.rows[0]?.batches ?? 0;
}
