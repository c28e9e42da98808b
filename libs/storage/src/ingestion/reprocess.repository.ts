import type { AssetValues, RawRecord, ReadRecord } from '@app/domain';
import type pg from 'pg';
import { storableText } from '../database/storable-text.js';
import { ensureValuePartitions, rawTableOf } from './asset-partitions.js';
import { quarantine, storeAssets } from './store-records.js';

/** A raw record as it is stored, with when and by which run it came. */
export interface StoredRawRecord extends RawRecord {
  /** UNIX seconds. */
  readonly ingestedAt: number;
  readonly runId: number;
}

/** Such a record as it is read today. */
export type RereadRecord = StoredRawRecord & ReadRecord;

/** Which raw records are read anew. */
export interface RereadRange {
  readonly source: string;
  /** When they came, in UNIX seconds: from, and before. */
  readonly from: number;
  readonly to: number;
}

/** Decimals in US dollars as text, null where there is none, and what the asset is called. */
export interface ShownValues {
  readonly symbol: string | null;
  readonly name: string | null;
  readonly priceUsd: string | null;
  readonly marketCap: string | null;
  readonly volume24h: string | null;
}

/** What is stored of an asset at a time, and what its record says today. */
export interface ValueDifference {
  readonly assetId: string;
  readonly updatedAt: Date;
  /** Null when nothing is stored. Symbol and name are those of `assets`, where it has this very time; null elsewhere. */
  readonly stored: ShownValues | null;
  readonly reread: ShownValues;
}

/** How the quarantine differs: records that can be read now, and records that no longer can. */
export interface QuarantineDifference {
  readonly readable: readonly string[];
  readonly unreadable: readonly (RawRecord & { readonly fault: string })[];
}

/** Raw records read at once. */
const RAW_BATCH = 1_000;

/** The last second that a raw record can come at, in 2038. */
const LAST_SECOND = 2 ** 31 - 1;

/** Values compared, and written, at once. */
const VALUE_BATCH = 500;

/**
 * Holds what raw records say today against what is stored. What they say is gathered in a temporary table of one connection: of several
 * that speak of one asset and time the last one that came, as when they came.
 */
export class ReprocessRepository {
  private constructor(
    private readonly client: pg.ClientBase,
    private readonly range: RereadRange,
  ) {}

  /** Opens it on a connection that nobody else uses meanwhile. */
  static async open(client: pg.ClientBase, range: RereadRange): Promise<ReprocessRepository> {
    await client.query('DROP TABLE IF EXISTS reread');
    await client.query(
      `CREATE TEMPORARY TABLE reread (asset_id text, updated_at timestamptz(3), symbol text, name text, price_usd numeric, market_cap numeric,
         volume_24h numeric, record_id text, ingested_at int, run_id bigint, PRIMARY KEY (asset_id, updated_at))`,
    );
    return new ReprocessRepository(client, range);
  }

  /** When the first and the last raw record of the source came that are kept; undefined when there is none. */
  async kept(): Promise<{ readonly first: Date; readonly last: Date } | undefined> {
    const { rows } = await this.client.query<{ first: Date | null; last: Date | null }>(
      `SELECT to_timestamp(min(ingested_at)) AS first, to_timestamp(max(ingested_at)) AS last FROM ${rawTableOf(this.range.source)}`,
    );
    const { first, last } = rows[0] ?? {};
    return first == null || last == null ? undefined : { first, last };
  }

  /** The raw records of the range in batches, each record's in the order in which they came. */
  async *rawRecords(): AsyncGenerator<StoredRawRecord[]> {
    const { source } = this.range;
    const [from, to] = [this.range.from, this.range.to].map((seconds) => Math.min(seconds, LAST_SECOND));
    let after: readonly unknown[] = ['', 0, 0];
    for (;;) {
      const { rows } = await this.client.query<StoredRawRecord>({
        name: 'read-raw-records',
        text: `SELECT record_id AS id, 'stored record ' || record_id AS place, payload::text, ingested_at AS "ingestedAt", run_id AS "runId"
               FROM raw_records WHERE source = $1 AND ingested_at >= $2 AND ingested_at < $3 AND (record_id, ingested_at, run_id) > ($4, $5, $6)
               ORDER BY record_id, ingested_at, run_id LIMIT ${RAW_BATCH}`,
        values: [source, from, to, ...after],
      });
      if (rows.length > 0) yield rows;
      const last = rows.at(-1);
      if (last === undefined || rows.length < RAW_BATCH) return;
      after = [last.id, last.ingestedAt, last.runId];
    }
  }

  /** Gathers what records say today. */
  async gather(records: readonly RereadRecord[]): Promise<void> {
    const read = records.flatMap((record) => ('asset' in record ? [{ ...record, ...record.asset }] : []));
    await this.client.query({
      name: 'gather-reread',
      text: `INSERT INTO reread AS r
             SELECT DISTINCT ON (asset_id, updated_at) * FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::numeric[],
               $6::numeric[], $7::numeric[], $8::text[], $9::int[], $10::bigint[])
               AS g(asset_id, updated_at, symbol, name, price_usd, market_cap, volume_24h, record_id, ingested_at, run_id)
             ORDER BY asset_id, updated_at, ingested_at DESC, run_id DESC, record_id DESC
             ON CONFLICT (asset_id, updated_at) DO UPDATE SET symbol = EXCLUDED.symbol, name = EXCLUDED.name, price_usd = EXCLUDED.price_usd,
               market_cap = EXCLUDED.market_cap, volume_24h = EXCLUDED.volume_24h, record_id = EXCLUDED.record_id,
               ingested_at = EXCLUDED.ingested_at, run_id = EXCLUDED.run_id
             WHERE (EXCLUDED.ingested_at, EXCLUDED.run_id, EXCLUDED.record_id) > (r.ingested_at, r.run_id, r.record_id)`,
      values: [
        ...[read.map(({ assetId }) => storableText(assetId)), read.map(({ updatedAt }) => updatedAt)],
        ...[read.map(({ symbol }) => storableText(symbol)), read.map(({ name }) => storableText(name))],
        ...[read.map(({ priceUsd }) => priceUsd), read.map(({ marketCap }) => marketCap)],
        ...[read.map(({ volume24h }) => volume24h), read.map(({ id }) => id)],
        ...[read.map(({ ingestedAt }) => ingestedAt), read.map(({ runId }) => runId)],
      ],
    });
  }

  /** Which of these records are in quarantine and can be read, or are not and cannot. @param isApplied whether the quarantine is mended. */
  async compareQuarantine(records: readonly RereadRecord[], isApplied: boolean): Promise<QuarantineDifference> {
    const { source } = this.range;
    const { rows } = await this.client.query<{ id: string; runId: number }>({
      name: 'find-quarantined',
      text: `SELECT q.record_id AS id, q.run_id AS "runId" FROM etl_quarantine q
             JOIN unnest($2::bigint[], $3::text[]) AS g(run_id, record_id) USING (run_id, record_id) WHERE q.source = $1`,
      values: [source, records.map(({ runId }) => runId), records.map(({ id }) => id)],
    });
    const known = new Set(rows.map(({ id, runId }) => `${runId} ${id}`));
    const isKnown = ({ id, runId }: StoredRawRecord): boolean => known.has(`${runId} ${id}`);
    const readable = records.filter((record) => 'asset' in record && isKnown(record));
    const unreadable = records.flatMap((record) => ('fault' in record && !isKnown(record) ? [record] : []));
    if (isApplied) {
      await this.client.query(
        `DELETE FROM etl_quarantine q USING unnest($2::bigint[], $3::text[]) AS g(run_id, record_id)
         WHERE q.source = $1 AND q.run_id = g.run_id AND q.record_id = g.record_id`,
        [source, readable.map(({ runId }) => runId), readable.map(({ id }) => id)],
      );
      for (const [runId, faults] of Map.groupBy(unreadable, (record) => record.runId))
        await quarantine(this.client, source, runId, faults);
    }
    return { readable: readable.map(({ id }) => id), unreadable };
  }

  /**
   * What differs of the values that were gathered, in batches; what differs only because a later record says otherwise of the same time
   * is left out.
   * @param read reads a raw record as it is read today.
   * @param isApplied whether each batch is also written, in one transaction that no batch of a run comes between.
   */
  async *differences(
    read: (record: RawRecord) => ReadRecord,
    isApplied: boolean,
  ): AsyncGenerator<readonly ValueDifference[]> {
    for (let after: Key | undefined = FIRST; after !== undefined;) {
      const from = after;
      after = await this.endOfBatch(from);
      if (!isApplied) yield shown(await this.differing([from, after], read));
      else yield await this.apply([from, after], read);
    }
  }

  private async endOfBatch({ assetId, updatedAt }: Key): Promise<Key | undefined> {
    const { rows } = await this.client.query<Key>(
      `SELECT asset_id AS "assetId", updated_at AS "updatedAt" FROM reread WHERE (asset_id, updated_at) > ($1, $2)
       ORDER BY asset_id, updated_at OFFSET ${VALUE_BATCH - 1} LIMIT 1`,
      [assetId, updatedAt],
    );
    return rows[0];
  }

  private async apply(range: Keys, read: (record: RawRecord) => ReadRecord): Promise<ValueDifference[]> {
    const { source } = this.range;
    const instants = (await this.differing(range, read)).map(({ updatedAt }) => updatedAt);
    if (instants.length === 0) return [];
    await ensureValuePartitions(this.client, instants, new Set());
    await this.client.query('BEGIN');
    try {
      await this.client.query(`SELECT FROM etl_checkpoints WHERE source = $1 FOR NO KEY UPDATE`, [source]);
      const differing = await this.differing(range, read);
      await storeAssets(this.client, source, differing.map(valuesOf));
      await this.client.query('COMMIT');
      return shown(differing);
    } catch (error) {
      await this.client.query('ROLLBACK');
      throw error;
    }
  }

  private async differing([from, to]: Keys, read: (record: RawRecord) => ReadRecord): Promise<DifferingRow[]> {
    const { rows } = await this.client.query<DifferingRow>({
      name: 'compare-reread',
      text: DIFFERING,
      values: [this.range.source, from.assetId, from.updatedAt, to?.assetId, to?.updatedAt],
    });
    return rows.filter((row) => !isSuperseded(row, read));
  }
}

/** By what values are ordered. */
interface Key {
  readonly assetId: string;
  readonly updatedAt: Date | string;
}

const FIRST: Key = { assetId: '', updatedAt: '-infinity' };

/** Values after the first key, up to the second; undefined: to the end. */
type Keys = readonly [Key, Key | undefined];

interface DifferingRow extends ValueDifference {
  readonly updatedAt: Date;
  readonly recordId: string;
  /** What came of the same record next; null when nothing did. */
  readonly later: string | null;
}

// Looked up by key one by one, whatever the planner thinks of the size of the tables.
const DIFFERING = `
  SELECT t.asset_id AS "assetId", t.updated_at AS "updatedAt", t.record_id AS "recordId", later.payload AS later,
    CASE WHEN v.asset_id IS NOT NULL THEN json_build_object('symbol', a.symbol, 'name', a.name, 'priceUsd', v.price_usd::text,
      'marketCap', v.market_cap::text, 'volume24h', v.volume_24h::text) END AS stored,
    json_build_object('symbol', t.symbol, 'name', t.name, 'priceUsd', t.price_usd::text, 'marketCap', t.market_cap::text,
      'volume24h', t.volume_24h::text) AS reread
  FROM reread t
  LEFT JOIN LATERAL (
    SELECT * FROM asset_values v WHERE v.source = $1 AND v.asset_id = t.asset_id AND v.updated_at = t.updated_at LIMIT 1
  ) v ON true
  LEFT JOIN LATERAL (SELECT max(updated_at) AS newest FROM assets n WHERE n.source = $1 AND n.asset_id = t.asset_id) n ON true
  LEFT JOIN LATERAL (
    SELECT * FROM assets a WHERE a.source = $1 AND a.asset_id = t.asset_id AND a.updated_at = t.updated_at LIMIT 1
  ) a ON true
  CROSS JOIN LATERAL (
    SELECT (v.asset_id IS NULL OR (v.price_usd, v.market_cap, v.volume_24h) IS DISTINCT FROM (t.price_usd, t.market_cap, t.volume_24h)
      OR n.newest IS NULL OR n.newest < t.updated_at OR (a.asset_id IS NOT NULL AND
        (a.symbol, a.name, a.price_usd, a.market_cap, a.volume_24h) IS DISTINCT FROM
        (t.symbol, t.name, t.price_usd, t.market_cap, t.volume_24h))) AS so
  ) differs
  LEFT JOIN LATERAL (
    SELECT r.payload::text FROM raw_records r WHERE differs.so AND r.source = $1 AND r.record_id = t.record_id
      AND r.ingested_at >= t.ingested_at AND (r.ingested_at, r.run_id) > (t.ingested_at, t.run_id)
    ORDER BY r.ingested_at, r.run_id LIMIT 1
  ) later ON true
  WHERE differs.so AND (t.asset_id, t.updated_at) > ($2, $3) AND ($4::text IS NULL OR (t.asset_id, t.updated_at) <= ($4, $5::timestamptz))
  ORDER BY t.asset_id, t.updated_at`;

/** Whether the next record of the same asset says otherwise of the very time. */
function isSuperseded(
  { recordId, later, assetId, updatedAt }: DifferingRow,
  read: (record: RawRecord) => ReadRecord,
): boolean {
  if (later === null) return false;
  const next = read({ id: recordId, place: '', payload: later });
  return 'asset' in next && next.asset.assetId === assetId && next.asset.updatedAt.getTime() === updatedAt.getTime();
}

function shown(rows: readonly DifferingRow[]): ValueDifference[] {
  return rows.map(({ assetId, updatedAt, stored, reread }) => ({ assetId, updatedAt, stored, reread }));
}

function valuesOf({ assetId, updatedAt, reread }: DifferingRow): AssetValues {
  const { symbol, name, priceUsd, marketCap, volume24h } = reread;
  return {
    ...{ assetId, updatedAt, symbol: symbol ?? '', name: name ?? '' },
    ...{ priceUsd: priceUsd ?? undefined, marketCap: marketCap ?? undefined, volume24h: volume24h ?? undefined },
  };
}
