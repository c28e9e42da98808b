import type { Reader, Statement } from './read-database.js';

/** A ticker whose last prices shall be drawn. */
export interface LineRequest {
  readonly tickerId: number;
  /** Width of a step in seconds: the line has one price a step, its last. */
  readonly stepSeconds: number;
}

/** A price of a line. */
export interface LinePoint {
  readonly slot: number;
  /** Exactly the stored digits. */
  readonly price: string;
}

/**
 * Reads prices thinned out, for a picture. Each step is one look into the index, so that what it costs follows from the number of
 * steps and not from how often a ticker is sampled.
 */
export class PriceLineReader {
  constructor(private readonly database: Reader) {}

  /**
   * The last price of each step of a range, oldest first; a step without a price has none.
   * @param fromSlot first slot, inclusive.
   * @param toSlot end, exclusive.
   * @returns by ticker; one without a price in the range is left out.
   */
  async lines(
    requests: readonly LineRequest[],
    fromSlot: number,
    toSlot: number,
  ): Promise<ReadonlyMap<number, readonly LinePoint[]>> {
    const rows = await this.database.rows<LineRow>(LINES, [
      requests.map(({ tickerId }) => tickerId),
      requests.map(({ stepSeconds }) => stepSeconds),
      fromSlot,
      toSlot,
    ]);
    return new Map(rows.map(({ tickerId, points }) => [tickerId, points]));
  }
}

interface LineRow {
  readonly tickerId: number;
  readonly points: readonly LinePoint[];
}

/** The bounds of the range stand beside those of the step, so that Postgres plans the partitions of the range alone. */
const LINES: Statement = {
  name: 'price-lines',
  text: `SELECT line.ticker_id AS "tickerId", json_agg(json_build_object('slot', p.slot, 'price', p.price::text) ORDER BY p.slot) AS points
         FROM unnest($1::int[], $2::int[]) AS line (ticker_id, step)
         CROSS JOIN LATERAL generate_series($3::bigint, $4::bigint - 1, line.step::bigint) AS step_start
         CROSS JOIN LATERAL (
           SELECT slot, price FROM prices
           WHERE ticker_id = line.ticker_id AND slot >= step_start AND slot < step_start + line.step AND slot >= $3 AND slot < $4
           ORDER BY slot DESC LIMIT 1
         ) p
         GROUP BY line.ticker_id`,
};
