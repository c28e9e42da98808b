import { PRICE_FLAGS } from '@app/domain';
import type { Reader, Statement } from './read-database.js';

/** Oldest first, or newest first. */
export type Order = 'asc' | 'desc';

/** Which prices of a ticker. */
export interface PriceRange {
  readonly tickerId: number;
  /** First slot, inclusive. */
  readonly fromSlot: number;
  /** End, exclusive. */
  readonly toSlot: number;
}

/** A part of a range, already as JSON text. */
export interface PricePage {
  /** The prices as JSON objects with commas between them; empty when there are none. */
  readonly items: string;
  /** What is left of the range after this page; undefined when nothing is. */
  readonly rest: PriceRange | undefined;
}

/** The newest price of a ticker. */
export interface LatestPrice {
  readonly slot: number;
  /** Exactly the stored digits. */
  readonly price: string;
  readonly source: string;
  /** UNIX seconds, to the millisecond. */
  readonly observedAt: number;
  /** Bits of `PRICE_FLAGS`. */
  readonly flags: number;
  /** How a median came about; null for any other price. */
  readonly consensus: unknown;
}

/** Most prices in one page: about 90 kB of text. Five times as many would be a quarter faster and hold five times the memory per client. */
export const MAX_PAGE_ROWS = 1_000;

/** Reads the reference series. */
export class PriceReader {
  constructor(private readonly database: Reader) {}

  /** Up to `limit` prices of a range from its beginning (`asc`) or its end (`desc`); the next page is that of `rest`. */
  async page(range: PriceRange, order: Order, limit: number): Promise<PricePage> {
    const values = [range.tickerId, range.fromSlot, range.toSlot, Math.min(limit, MAX_PAGE_ROWS)];
    const [page] = await this.database.rows<PageRow>(order === 'asc' ? PAGE_ASCENDING : PAGE_DESCENDING, values);
    if (page?.items == null || page.lastSlot === null) return { items: '', rest: undefined };
    if (!page.more) return { items: page.items, rest: undefined };
    const rest = order === 'asc' ? { ...range, fromSlot: page.lastSlot + 1 } : { ...range, toSlot: page.lastSlot };
    return { items: page.items, rest };
  }

  /** The newest price of a ticker; undefined before its first. */
  async latest(tickerId: number): Promise<LatestPrice | undefined> {
    const rows = await this.database.rows<LatestPrice>(LATEST, [tickerId]);
    return rows[0];
  }
}

interface PageRow {
  readonly items: string | null;
  readonly lastSlot: number | null;
  readonly more: boolean;
}

/** SQL: the names of the flags of a price as a member of its JSON object; nothing for a price without any, as most are. */
const FLAGS_SQL = `CASE WHEN flags = 0 THEN '' ELSE ',"flags":["' || concat_ws('","', ${Object.entries(PRICE_FLAGS)
  .map(([name, bit]) => `CASE WHEN flags & ${bit} <> 0 THEN '${name}' END`)
  .join(', ')}) || '"]' END`;

/**
 * A page as one text, made by Postgres: the rows cross the wire once and are never objects. One row more than asked for
 * is looked at, to know whether anything follows. `date_part` gives the shortest text of the second with its
 * milliseconds; a price keeps the digits it was stored with, since `numeric` has no scale of its own here.
 */
function pageStatement(order: Order): Statement {
  const direction = order === 'asc' ? 'ASC' : 'DESC';
  return {
    name: `prices-page-${order}`,
    text: `SELECT string_agg('{"timestamp":' || slot || ',"price":"' || price || '","source":' || source ||
                    ',"observed_at":' || date_part('epoch', observed_at) || ${FLAGS_SQL} || '}', ',' ORDER BY slot ${direction})
                    FILTER (WHERE place <= $4) AS items,
                  ${order === 'asc' ? 'max' : 'min'}(slot) FILTER (WHERE place <= $4) AS "lastSlot",
                  count(*) > $4 AS more
           FROM (
             SELECT p.slot, p.price, p.observed_at, p.flags, coalesce(to_json(s.name)::text, 'null') AS source,
                    row_number() OVER (ORDER BY p.slot ${direction}) AS place
             FROM prices p LEFT JOIN sources s ON s.id = p.source_id
             WHERE p.ticker_id = $1 AND p.slot >= $2 AND p.slot < $3
             ORDER BY p.slot ${direction} LIMIT $4::bigint + 1
           ) page`,
  };
}

const PAGE_ASCENDING = pageStatement('asc');
const PAGE_DESCENDING = pageStatement('desc');

const LATEST: Statement = {
  name: 'latest-price',
  text: `SELECT l.slot, l.price::text AS price, s.name AS source, date_part('epoch', l.observed_at) AS "observedAt",
                l.flags, l.consensus
         FROM latest l LEFT JOIN sources s ON s.id = l.source_id WHERE l.ticker_id = $1`,
};
