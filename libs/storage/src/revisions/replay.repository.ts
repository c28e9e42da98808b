import { MAX_WINDOW_SECONDS, type JudgedMember, type Outcome, type SampleReason } from '@app/domain';
import type pg from 'pg';
import { UNPLANNED_REASONS_SQL } from '../slots/gap-reasons.sql.js';
import { readBodies } from '../read/payload.reader.js';
import { ReadDatabase } from '../read/read-database.js';

/** Fetches of one batch at one source. */
export interface ReplayBatch {
  readonly sourceId: number;
  readonly source: string;
  readonly batch: string;
}

/** An answer that was stored. */
export interface StoredAnswer {
  readonly slot: number;
  readonly requestedAt: Date;
  readonly receivedAt: Date;
  readonly httpStatus: number;
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly parserVersion: string;
  readonly sha256: string;
  /** Length of the body as it came; null when the body is not there any more, or never was. */
  readonly bytes: number | null;
}

/** A sample as it stands in the table. */
export interface StoredSample {
  readonly outcome: Outcome;
  readonly reason: SampleReason | null;
  readonly price: string | null;
  readonly raw: string | null;
  readonly inverted: boolean;
  readonly sourceTime: Date | null;
  readonly rate: string | null;
  readonly rateUncertainty: string | null;
  readonly rateTicker: string | null;
  readonly flags: number;
  readonly marketCap: string | null;
  readonly volume24h: string | null;
  readonly revision: number;
}

/** A ticker that was asked for in a slot, and what is stored of it. */
export interface ReplayMember extends JudgedMember {
  readonly slot: number;
  readonly sourceSymbol: string;
  /** Undefined when there is none, or it comes from another call than the one whose answer is kept. */
  readonly sample: StoredSample | undefined;
  /** The price that converts the sample today, when it is to be converted. */
  readonly rateNow: string | null;
  /** How far the true price may lie from it; null: half a unit of its last digit. */
  readonly rateUncertaintyNow: string | null;
  /** How long before the slot that of the rate began. */
  readonly rateAgeSeconds: number | null;
}

interface MemberRow extends Omit<ReplayMember, 'sample'>, Omit<StoredSample, 'outcome'> {
  readonly outcome: Outcome | null;
}

/** Reads what was asked and answered, in portions of a bounded size. */
export class ReplayRepository {
  private readonly database: ReadDatabase;

  constructor(private readonly pool: pg.Pool) {
    this.database = new ReadDatabase(pool);
  }

  /** The batches of some sources; of all without a list. Those that give rates come before those that are converted. */
  async batches(sourceIds?: readonly number[]): Promise<ReplayBatch[]> {
    const result = await this.pool.query<ReplayBatch>(
      `SELECT ts.source_id AS "sourceId", o.name AS source, ts.batch
       FROM ticker_sources ts JOIN sources o ON o.id = ts.source_id
       WHERE $1::smallint[] IS NULL OR ts.source_id = ANY($1)
       GROUP BY ts.source_id, o.name, ts.batch ORDER BY bool_or(ts.quoted_in IS NOT NULL), ts.source_id, ts.batch`,
      [sourceIds ?? null],
    );
    return result.rows;
  }

  /** The next answers of a batch from a slot on, oldest first; their bodies come apart. */
  async answers(
    { sourceId, batch }: ReplayBatch,
    fromSlot: number,
    toSlot: number,
    limit: number,
  ): Promise<StoredAnswer[]> {
    const result = await this.pool.query<StoredAnswer>({
      name: 'replay-answers',
      text: `SELECT f.slot, f.requested_at AS "requestedAt", f.received_at AS "receivedAt", f.http_status AS "httpStatus", f.endpoint,
                    f.headers, f.parser_version AS "parserVersion", encode(f.payload_sha256, 'hex') AS sha256, p.bytes
             FROM fetches f LEFT JOIN payloads p ON p.sha256 = f.payload_sha256
             WHERE f.source_id = $1 AND f.batch = $2 AND f.slot >= $3 AND f.slot < $4
               AND f.payload_sha256 IS NOT NULL AND f.status IN ('answered', 'failed') AND f.requested_at IS NOT NULL AND f.received_at IS NOT NULL
             ORDER BY f.slot LIMIT $5`,
      values: [sourceId, batch, fromSlot, toSlot, limit],
    });
    return result.rows;
  }

  /** The bodies of answers as they came, by their SHA-256. */
  async bodies(sha256s: readonly string[]): Promise<Map<string, string>> {
    const bodies = await readBodies(this.database, sha256s, MAX_BODY_BYTES);
    return new Map([...bodies].map(([sha256, body]) => [sha256, body.toString('utf8')]));
  }

  /** Who was asked for in some slots of a batch, with what is stored of them; in order of slot and ticker. */
  async members({ sourceId, batch }: ReplayBatch, slots: readonly number[]): Promise<ReplayMember[]> {
    const result = await this.pool.query<MemberRow>({
      name: 'replay-members',
      text: MEMBERS_OF_SLOTS_SQL,
      values: [sourceId, batch, slots],
    });
    return result.rows.map((row) => ({ ...row, sample: row.outcome === null ? undefined : (row as StoredSample) }));
  }
}

/** What a length of bodies in Postgres can be at most, in bytes. */
const MAX_BODY_BYTES = 2 ** 31 - 1;

/**
 * The members of batch $2 of source $1 in the slots $3, by the schedules that held then. A sample belongs to the kept answer when it was
 * observed with it: a fetch that was called once more for one ticker leaves the samples of the others as they were.
 */
const MEMBERS_OF_SLOTS_SQL = `
  SELECT asked.slot, t.id AS "tickerId", t.ticker, ts.source_symbol AS "sourceSymbol", t.quote, ts.quoted_in AS "quotedIn",
         s.rule_options AS "ruleOptions", asked.slot + least(s.interval_seconds, ${MAX_WINDOW_SECONDS}) AS deadline,
         g.outcome, g.reason, g.price::text AS price, g.raw, g.inverted, g.source_time AS "sourceTime", g.rate::text AS rate,
         g.rate_uncertainty::text AS "rateUncertainty", g.rate_ticker AS "rateTicker", g.flags, g.market_cap::text AS "marketCap", g.volume_24h::text AS "volume24h", g.revision,
         rate.price AS "rateNow", rate.uncertainty AS "rateUncertaintyNow", asked.slot - rate.slot AS "rateAgeSeconds"
  FROM unnest($3::bigint[]) AS asked(slot)
  JOIN ticker_sources ts ON ts.source_id = $1 AND ts.batch = $2 AND asked.slot % ts.interval_seconds = 0
  JOIN schedules s ON s.id = ts.schedule_id AND s.from_slot <= asked.slot AND (s.to_slot IS NULL OR s.to_slot > asked.slot)
  JOIN tickers t ON t.id = s.ticker_id
  JOIN fetches f ON f.source_id = $1 AND f.batch = $2 AND f.slot = asked.slot
  LEFT JOIN samples g ON g.ticker_id = t.id AND g.slot = asked.slot AND g.source_id = $1 AND g.batch = $2
    AND g.observed_at = f.received_at
  LEFT JOIN LATERAL (
    SELECT p.price::text AS price, p.uncertainty::text AS uncertainty, p.slot
    FROM tickers rt
    JOIN schedules rs ON rs.ticker_id = rt.id AND rs.from_slot <= asked.slot AND (rs.to_slot IS NULL OR rs.to_slot > asked.slot)
    JOIN prices p ON p.ticker_id = rt.id AND p.slot = asked.slot - asked.slot % rs.interval_seconds
    WHERE rt.ticker = g.rate_ticker
  ) rate ON true
  WHERE NOT EXISTS (SELECT 1 FROM gaps u WHERE u.ticker_id = t.id AND u.from_slot <= asked.slot AND u.to_slot > asked.slot
                      AND u.reason IN (${UNPLANNED_REASONS_SQL}))
  ORDER BY asked.slot, t.id`;
