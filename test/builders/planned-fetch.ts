import type { FetchJob } from '@app/queue';
import { PlanRepository, type Pool } from '@app/storage';
import { planSlots } from '../../apps/scheduler/src/planning/plan-slots.js';

/** Plans every ticker of the catalogue at a second, as a scheduler would, and marks the fetches as taken by the queue. */
export async function planFetches(pool: Pool, second: number): Promise<FetchJob[]> {
  const plans = new PlanRepository(pool);
  const { plan } = await plans.planDue(second, (due) => planSlots(due, { nowSeconds: second }));
  await plans.markEnqueued(plan.fetches, second * 1000);
  const names = await pool.query<{ id: number; name: string }>('SELECT id, name FROM sources');
  return plan.fetches.map(({ sourceId, batch, slot }) => {
    const source = names.rows.find((row) => row.id === sourceId)?.name ?? '';
    return { sourceId, source, batch, slot };
  });
}

/** The row of a fetch, as far as tests look at it. */
export interface FetchState {
  readonly status: string;
  readonly attempts: number;
  readonly error_kind: string | null;
  readonly http_status: number | null;
}

/** What Postgres knows of a fetch. */
export async function fetchState(pool: Pool, { sourceId, batch, slot }: FetchJob): Promise<FetchState | undefined> {
  const result = await pool.query<FetchState>(
    'SELECT status, attempts, error_kind, http_status FROM fetches WHERE source_id = $1 AND batch = $2 AND slot = $3',
    [sourceId, batch, slot],
  );
  return result.rows[0];
}

/** The samples of a slot by ticker and source: outcome, reason, price text, text on the wire. */
export async function samplesOf(pool: Pool, slot: number) {
  const result = await pool.query<{
    ticker: string;
    outcome: string;
    reason: string | null;
    price: string | null;
    raw: string | null;
  }>(
    `SELECT t.ticker, s.outcome, s.reason, s.price::text AS price, s.raw FROM samples s JOIN tickers t ON t.id = s.ticker_id
     WHERE s.slot = $1 ORDER BY t.ticker, s.source_id`,
    [slot],
  );
  return result.rows;
}

/** The prices of a slot by ticker. */
export async function pricesOf(pool: Pool, slot: number): Promise<Record<string, string>> {
  const result = await pool.query<{ ticker: string; price: string }>(
    'SELECT t.ticker, p.price::text AS price FROM prices p JOIN tickers t ON t.id = p.ticker_id WHERE p.slot = $1',
    [slot],
  );
  return Object.fromEntries(result.rows.map(({ ticker, price }) => [ticker, price]));
}

/**
 * An interval of at least so many seconds whose slot has begun just now: a window is open for 15 s at the most. Of 10,000 intervals the one
 * with the youngest slot, since not every second begins one of them.
 */
export function intervalBeginningAt(second: number, leastSeconds: number): number {
  const intervals = Array.from({ length: 10_000 }, (_, index) => index + leastSeconds);
  return intervals.reduce((best, interval) => (second % interval < second % best ? interval : best));
}
