import type { Rule } from '@app/domain';
import type { Reader, Statement } from './read-database.js';

/** A ticker as readers of prices need it: its newest schedule and how far its prices have come. */
export interface ListedTicker {
  readonly id: number;
  readonly ticker: string;
  readonly base: string;
  readonly quote: string;
  /** Whether it is being sampled. */
  readonly enabled: boolean;
  /** How often it is sampled, or was last. */
  readonly intervalSeconds: number;
  readonly rule: Rule;
  /** Names of its sources in order of preference. */
  readonly sources: readonly string[];
  /** The first slot that was ever expected; null when it was disabled before the first. */
  readonly firstSlot: number | null;
  /** Slot, exact digits and receipt (UNIX seconds) of the newest price; null before the first. */
  readonly lastSlot: number | null;
  readonly lastPrice: string | null;
  readonly lastObservedAt: number | null;
}

/** Reads the catalogue. */
export class TickerReader {
  constructor(private readonly database: Reader) {}

  /** Every ticker that was ever catalogued, by name. */
  async list(): Promise<ListedTicker[]> {
    return this.database.rows<ListedTicker>(LIST, []);
  }
}

const LIST: Statement = {
  name: 'list-tickers',
  text: `SELECT t.id, t.ticker, t.base, t.quote, newest.to_slot IS NULL AS enabled,
                newest.interval_seconds AS "intervalSeconds", newest.rule, first.from_slot AS "firstSlot",
                l.slot AS "lastSlot", l.price::text AS "lastPrice", date_part('epoch', l.observed_at) AS "lastObservedAt",
                (SELECT coalesce(json_agg(s.name ORDER BY ts.position), '[]')
                 FROM ticker_sources ts JOIN sources s ON s.id = ts.source_id WHERE ts.schedule_id = newest.id) AS sources
         FROM tickers t
         JOIN LATERAL (SELECT * FROM schedules WHERE ticker_id = t.id ORDER BY from_slot DESC LIMIT 1) newest ON true
         JOIN LATERAL (SELECT min(from_slot) AS from_slot FROM schedules
                       WHERE ticker_id = t.id AND to_slot IS DISTINCT FROM from_slot) first ON true
         LEFT JOIN latest l ON l.ticker_id = t.id
         ORDER BY t.ticker`,
};
