import { GRACE_AFTER_WINDOW_SECONDS, MAX_WINDOW_SECONDS } from '@app/domain';
import type pg from 'pg';
import { inTransaction } from '../database/pool.js';
import { RATE_AWAITED_SECONDS } from '../slots/waiting-samples.js';
import { snapshotColumnsSql, type SnapshotSample } from './snapshot-samples.sql.js';

/** The samples of one minute, of which none will change any more. */
export interface DecidedMinute {
  /** The UNIX second at which it begins. */
  readonly minute: number;
  /** In no order. */
  readonly samples: readonly SnapshotSample[];
}

/**
 * What became of the next minute.
 * - `written`: it was handed out and marked as written.
 * - `undecided`: some slot of it may still get another sample; `sinceSeconds` after its end, which is negative before.
 * - `taken`: another process has it in hand.
 */
export type NextMinute =
  | { readonly kind: 'written'; readonly minute: number }
  | { readonly kind: 'undecided'; readonly minute: number; readonly sinceSeconds: number }
  | { readonly kind: 'taken' };

/** In the first days of a partition nothing is known of how much it holds, and it would be read from its beginning for each ticker. */
const BEGIN_BY_INDEX = 'BEGIN; SET LOCAL enable_seqscan = off';

/** The longest interval that a ticker may have, in seconds; its rate may be so much older. */
const LONGEST_INTERVAL_SECONDS = 86_400;

/** Length of a minute in seconds. */
const MINUTE_SECONDS = 60;

/** From so many seconds after its end on, the window and the grace of every slot of a minute are over. */
const GRACE_SECONDS = MAX_WINDOW_SECONDS + GRACE_AFTER_WINDOW_SECONDS - 1;

/** How far snapshots are written: one mark for all processes. Whoever locks it has the next minute in hand. */
export class SnapshotRepository {
  /** @param assets ids of assets by their bases, for tickers that CoinGecko is not asked for. */
  constructor(
    private readonly pool: pg.Pool,
    private readonly assets: ReadonlyMap<string, string>,
  ) {}

  /** Begins with the minute of now, where nothing was ever written. */
  async begin(): Promise<void> {
    await this.pool.query({
      name: 'begin-snapshots',
      text: `INSERT INTO snapshot_progress (written_to)
             SELECT floor(extract(epoch FROM clock_timestamp()) / ${MINUTE_SECONDS})::bigint * ${MINUTE_SECONDS}
             ON CONFLICT DO NOTHING`,
    });
  }

  /**
   * Hands out the next minute, when every slot of it is decided, and moves the mark behind it in the same transaction. A process that dies
   * in between leaves the minute to the next one, which is handed the same.
   * @param write keeps it; a minute that it fails for stays the next one.
   */
  async next(write: (minute: DecidedMinute) => Promise<void>): Promise<NextMinute> {
    return inTransaction(
      this.pool,
      async (client): Promise<NextMinute> => {
        const locked = await client.query<{ minute: number }>({
          name: 'lock-snapshots',
          text: 'SELECT written_to AS minute FROM snapshot_progress FOR UPDATE SKIP LOCKED',
        });
        const [next] = locked.rows;
        if (next === undefined) return { kind: 'taken' };
        const { minute } = next;
        const sinceSeconds = (await nowSeconds(client)) - (minute + MINUTE_SECONDS);
        if (sinceSeconds < GRACE_SECONDS || !(await isDecided(client, minute, sinceSeconds)))
          return { kind: 'undecided', minute, sinceSeconds };
        await write({ minute, samples: await this.samplesOf(client, minute) });
        await client.query({
          name: 'advance-snapshots',
          text: 'UPDATE snapshot_progress SET written_to = $1',
          values: [minute + MINUTE_SECONDS],
        });
        return { kind: 'written', minute };
      },
      BEGIN_BY_INDEX,
    );
  }

  private async samplesOf(client: pg.ClientBase, minute: number): Promise<SnapshotSample[]> {
    const { rows } = await client.query<SnapshotSample>(SAMPLES_SQL, [
      minute,
      minute + MINUTE_SECONDS,
      JSON.stringify(Object.fromEntries(this.assets)),
    ]);
    return rows;
  }
}

/** Read after the lock: whoever waited for it has waited. */
async function nowSeconds(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query<{ now: number }>({
    name: 'snapshot-clock',
    text: 'SELECT floor(extract(epoch FROM clock_timestamp()))::bigint AS now',
  });
  return rows[0]?.now ?? 0;
}

async function isDecided(client: pg.ClientBase, minute: number, sinceSeconds: number): Promise<boolean> {
  const end = minute + MINUTE_SECONDS;
  const { rows } = await client.query<{ isOpen: boolean }>(OPEN_SQL, [minute, end, end + sinceSeconds]);
  return rows[0]?.isOpen === false;
}

// The two below are not prepared: with the values at hand they are planned for the partitions of the minute alone.

/**
 * Whether a slot from $1 up to $2 (exclusive) may still get another sample at second $3: nobody has planned it yet, a fetch has no outcome,
 * or a sample waits for a rate that may still come, or has come and has not been followed up.
 */
const OPEN_SQL = `
  SELECT EXISTS (
    SELECT 1 FROM schedules WHERE planned_to < $2::bigint AND (to_slot IS NULL OR planned_to < to_slot)
  ) OR EXISTS (
    SELECT 1 FROM fetches WHERE status IN ('planned', 'queued', 'running', 'retry') AND slot >= $1::bigint AND slot < $2::bigint
  ) OR EXISTS (
    SELECT 1 FROM samples w
    WHERE w.reason = 'no_conversion_rate' AND w.slot >= $1::bigint AND w.slot < $2::bigint
      AND w.slot >= $3::bigint - ${RATE_AWAITED_SECONDS}
      AND ((NOT EXISTS (
          SELECT 1 FROM prices p WHERE p.ticker_id = w.ticker_id AND p.slot = w.slot AND p.slot >= $1::bigint AND p.slot < $2::bigint)
        AND NOT EXISTS (
          SELECT 1 FROM gaps g WHERE g.ticker_id = w.ticker_id AND g.from_slot <= w.slot AND g.to_slot > w.slot))
      OR EXISTS (
        SELECT 1 FROM tickers rt
        JOIN schedules rs ON rs.ticker_id = rt.id AND rs.from_slot <= w.slot AND (rs.to_slot IS NULL OR rs.to_slot > w.slot)
        JOIN prices p ON p.ticker_id = rt.id AND p.slot = w.slot - w.slot % rs.interval_seconds
          AND p.slot > $1::bigint - ${LONGEST_INTERVAL_SECONDS} AND p.slot < $2::bigint
        WHERE rt.ticker = w.rate_ticker))
  ) AS "isOpen"`;

const inMinute = (column: string): string => `${column} >= $1::bigint AND ${column} < $2::bigint`;
const { columns, joins } = snapshotColumnsSql('$3', inMinute);

/** The samples in US dollars from $1 up to $2 (exclusive), in no order: of each ticker a look along the primary key. */
const SAMPLES_SQL = `
  SELECT ${columns}
  FROM tickers t
  CROSS JOIN LATERAL (SELECT * FROM samples WHERE ticker_id = t.id AND ${inMinute('slot')} OFFSET 0) s
  ${joins}
  WHERE t.quote = 'usd'`;
