import { RECENT_SLOTS } from '@app/domain';
import { snapshotColumnsSql, type SnapshotSample } from '../snapshots/snapshot-samples.sql.js';
import type { Reader, Statement } from './read-database.js';

/** Reads the newest samples. */
export class LatestSampleReader {
  /** @param assets ids of assets by their bases, for tickers that CoinGecko is not asked for. */
  constructor(
    private readonly database: Reader,
    private readonly assets: ReadonlyMap<string, string>,
  ) {}

  /**
   * The last sample of each source of every ticker in US dollars that is sampled, by asset and source: one of its last
   * {@link RECENT_SLOTS} slots, so that each is a short look along the primary key, also of a standby source that was never called.
   */
  async list(): Promise<SnapshotSample[]> {
    return this.database.rows<SnapshotSample>(LATEST, [JSON.stringify(Object.fromEntries(this.assets))]);
  }
}

const { columns, joins } = snapshotColumnsSql('$1');

/** Counted back from where planning has come, so that the last ones stand there as well when nobody plans. */
const LATEST: Statement = {
  name: 'latest-samples',
  text: `SELECT * FROM (
           SELECT ${columns}, t.ticker, s.source_id
           FROM schedules h
           JOIN tickers t ON t.id = h.ticker_id AND t.quote = 'usd'
           JOIN ticker_sources asked ON asked.schedule_id = h.id
           CROSS JOIN LATERAL (
             SELECT * FROM samples
             WHERE ticker_id = t.id AND source_id = asked.source_id
               AND slot < h.planned_to AND slot >= h.planned_to - ${RECENT_SLOTS} * asked.interval_seconds
             ORDER BY slot DESC LIMIT 1) s
           ${joins}
           WHERE h.to_slot IS NULL
         ) newest ORDER BY asset, source, ticker`,
};
