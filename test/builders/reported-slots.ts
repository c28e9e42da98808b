import { SampleRepository, type FetchResult, type Sample, type StoreOutcome } from '@app/storage';
import type pg from 'pg';
import { accepted, NOON } from './stored-schedules.js';

/** Sources of the tests: the four that every build knows, and two more. */
export const SOURCE_IDS = [1, 2, 3, 4, 5, 6] as const;

/** Makes the sources that a test names, whatever the build knows. */
export async function makeSources(pool: pg.Pool): Promise<void> {
  await pool.query(
    `INSERT INTO sources (id, name) SELECT id, 'source-' || id FROM unnest($1::smallint[]) AS id ON CONFLICT (id) DO NOTHING`,
    [SOURCE_IDS],
  );
}

/** Where and when a source tells something; default: at noon, three seconds after its slot began. */
export interface Report {
  readonly tickerId: number;
  readonly sourceId: number;
  readonly slot?: number;
  readonly batch?: string;
  readonly nowSeconds?: number;
  readonly by?: SampleRepository;
}

/** Slots in which sources tell prices, as workers would store them. */
export class ReportedSlots {
  private readonly samples: SampleRepository;

  constructor(private readonly pool: pg.Pool) {
    this.samples = new SampleRepository(pool);
  }

  /** A source tells a price, or whatever else became of it. */
  async report(reported: Report, given: string | Omit<Sample, 'tickerId'>): Promise<StoreOutcome> {
    const { tickerId, sourceId, slot = NOON, batch = 'btc_usd', nowSeconds = slot + 3, by = this.samples } = reported;
    const sample = typeof given === 'string' ? accepted(tickerId, given) : { ...given, tickerId };
    return by.store({ sourceId, batch, slot }, [sample], resultAt(slot), nowSeconds);
  }

  /** The window of a slot has ended, or a second of it has passed. */
  async pass(tickerId: number, slot: number, nowSeconds: number): Promise<void> {
    await this.samples.decide(slot, [tickerId], nowSeconds);
  }

  /** What stands of a slot: the samples by source, as `accepted 100` or `rejected jump`. */
  async samplesOf(tickerId: number, slot = NOON): Promise<Record<number, string>> {
    const result = await this.pool.query<{ source_id: number; text: string }>(
      `SELECT source_id, outcome || ' ' || coalesce(reason, price::text) AS text FROM samples
       WHERE ticker_id = $1 AND slot = $2 ORDER BY source_id`,
      [tickerId, slot],
    );
    return Object.fromEntries(result.rows.map((row) => [row.source_id, row.text]));
  }

  /** The price of a slot, its source and its flags; undefined while there is none. */
  async priceOf(
    tickerId: number,
    slot = NOON,
  ): Promise<{ price: string; source_id: number; flags: number; consensus: unknown } | undefined> {
    const result = await this.pool.query<{ price: string; source_id: number; flags: number; consensus: unknown }>(
      `SELECT price::text AS price, source_id, flags, consensus FROM prices WHERE ticker_id = $1 AND slot = $2`,
      [tickerId, slot],
    );
    return result.rows[0];
  }

  /** The price of each of some slots; null where there is none. */
  async pricesOf(tickerId: number, slots: readonly number[]): Promise<(string | null)[]> {
    return Promise.all(slots.map(async (slot) => (await this.priceOf(tickerId, slot))?.price ?? null));
  }
}

function resultAt(slot: number): FetchResult {
  return {
    status: 'answered',
    requestedAt: new Date(slot * 1000 + 100),
    receivedAt: new Date(slot * 1000 + 412),
    httpStatus: 200,
    latencyMs: 312,
  };
}
