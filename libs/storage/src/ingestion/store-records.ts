import { createHash } from 'node:crypto';
import type { AssetValues, RawRecord, ReadRecord } from '@app/domain';
import type pg from 'pg';
import { storableText } from '../database/storable-text.js';

/** The longest payload that a quarantine keeps, in characters. */
const MAX_KEPT_PAYLOAD = 64_000;

/** The reading of a list that is in hand; see migration 8. */
export interface Reading {
  /** The run that began it; null: sightings of records are not counted. */
  readonly from: number | null;
  /** The run that began the one before; null: there was none. */
  readonly before: number | null;
}

/** What became of raw records. */
export interface StoredRaw {
  /** Ids of those that are not as they were when they came last. */
  readonly changed: readonly string[];
  /** How many had come in the same reading. */
  readonly repeated: number;
  /** How many had come once, and not in the reading before. */
  readonly returned: number;
}

/** What a record was when it came last, and why it could not be read: one that can be read now, by another layout or clock, has changed. */
function seenHashOf(record: ReadRecord): Buffer {
  return hashOf('fault' in record ? `${record.payload}\0${record.fault}` : record.payload);
}

/** Takes records out of quarantine that can be read now. */
export async function release(client: pg.ClientBase, source: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await client.query({
    name: 'release-records',
    text: `DELETE FROM etl_quarantine WHERE source = $1 AND record_id = ANY($2)`,
    values: [source, ids],
  });
}

/** Stores records as they came. */
export async function storeRaw(
  client: pg.ClientBase,
  { source, runId, reading }: { readonly source: string; readonly runId: number; readonly reading: Reading },
  records: readonly ReadRecord[],
): Promise<StoredRaw> {
  const { rows } = await client.query<{ changed: string[]; repeated: number; returned: number }>({
    name: 'store-raw-records',
    text: `
      WITH given AS MATERIALIZED (
        SELECT g.*, r.seen_run_id AS seen, r.content_hash IS DISTINCT FROM g.content_hash AS is_changed
        FROM unnest($3::text[], $4::bytea[], $5::text[], $8::bytea[]) AS g(record_id, content_hash, payload, raw_hash)
        LEFT JOIN etl_records r ON r.source = $1 AND r.record_id = g.record_id
      ), kept AS (
        INSERT INTO etl_records (source, record_id, content_hash, seen_run_id, ingested_at)
        SELECT $1, record_id, content_hash, $2, extract(epoch FROM now())::int FROM given WHERE is_changed ORDER BY record_id
        ON CONFLICT (source, record_id) DO UPDATE SET content_hash = EXCLUDED.content_hash, seen_run_id = EXCLUDED.seen_run_id,
          ingested_at = EXCLUDED.ingested_at
      ), met AS (
        -- Never inserted: one that retention takes away meanwhile is new when it comes again.
        UPDATE etl_records r SET seen_run_id = $2 FROM given g
        WHERE $6::bigint IS NOT NULL AND NOT g.is_changed AND r.source = $1 AND r.record_id = g.record_id
      ), stored AS (
        INSERT INTO raw_records (source, record_id, ingested_at, run_id, content_hash, payload)
        SELECT $1, record_id, extract(epoch FROM now())::int, $2, raw_hash, payload::jsonb FROM given WHERE is_changed
        -- One that came twice within a second, each time another: the later one is what the asset is.
        ON CONFLICT (source, record_id, ingested_at, run_id) DO UPDATE
        SET content_hash = EXCLUDED.content_hash, payload = EXCLUDED.payload
      )
      SELECT coalesce(array_agg(record_id) FILTER (WHERE is_changed), '{}') AS changed,
        count(*) FILTER (WHERE seen >= $6)::int AS repeated,
        count(*) FILTER (WHERE seen < $7 AND $6 IS NOT NULL)::int AS returned FROM given`,
    values: [
      ...[source, runId, records.map(({ id }) => id)],
      ...[records.map(seenHashOf), records.map(({ payload }) => payload)],
      ...[reading.from, reading.before, records.map(({ payload }) => hashOf(payload))],
    ],
  });
  return rows[0] ?? { changed: [], repeated: 0, returned: 0 };
}

/** An asset of which an older record comes after a newer one keeps what the newer one said. */
export async function storeAssets(
  client: pg.ClientBase,
  source: string,
  assets: readonly AssetValues[],
): Promise<void> {
  if (assets.length === 0) return;
  await client.query({
    name: 'store-assets',
    text: `
      WITH given AS MATERIALIZED (
        SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::numeric[], $6::numeric[], $7::numeric[], $8::timestamptz[])
          WITH ORDINALITY AS g(asset_id, symbol, name, price_usd, market_cap, volume_24h, updated_at, place)
      ), valued AS (
        INSERT INTO asset_values (source, asset_id, updated_at, price_usd, market_cap, volume_24h)
        SELECT DISTINCT ON (asset_id, updated_at) $1, asset_id, updated_at, price_usd, market_cap, volume_24h FROM given
        ORDER BY asset_id, updated_at, place DESC
        ON CONFLICT (source, asset_id, updated_at) DO UPDATE
        SET price_usd = EXCLUDED.price_usd, market_cap = EXCLUDED.market_cap, volume_24h = EXCLUDED.volume_24h
      )
      INSERT INTO assets AS a (source, asset_id, symbol, name, price_usd, market_cap, volume_24h, updated_at)
      SELECT DISTINCT ON (asset_id) $1, asset_id, symbol, name, price_usd, market_cap, volume_24h, updated_at FROM given
      ORDER BY asset_id, updated_at DESC, place DESC
      ON CONFLICT (source, asset_id) DO UPDATE SET symbol = EXCLUDED.symbol, name = EXCLUDED.name, price_usd = EXCLUDED.price_usd,
        market_cap = EXCLUDED.market_cap, volume_24h = EXCLUDED.volume_24h, updated_at = EXCLUDED.updated_at
      WHERE EXCLUDED.updated_at >= a.updated_at`,
    values: [
      ...[source, assets.map(({ assetId }) => storableText(assetId)), assets.map(({ symbol }) => storableText(symbol))],
      ...[assets.map(({ name }) => storableText(name)), assets.map(({ priceUsd }) => priceUsd)],
      ...[assets.map(({ marketCap }) => marketCap), assets.map(({ volume24h }) => volume24h)],
      assets.map(({ updatedAt }) => updatedAt),
    ],
  });
}

/** Keeps records that could not be read, with why and where. */
export async function quarantine(
  client: pg.ClientBase,
  source: string,
  runId: number,
  faults: readonly (RawRecord & { readonly fault: string })[],
): Promise<void> {
  if (faults.length === 0) return;
  await client.query({
    name: 'quarantine-records',
    text: `INSERT INTO etl_quarantine (source, run_id, record_id, place, reason, payload, quarantined_at)
           SELECT $1, $2, record_id, place, reason, payload, now()
           FROM unnest($3::text[], $4::text[], $5::text[], $6::text[]) AS g(record_id, place, reason, payload)
           -- One that came twice, each time another.
           ON CONFLICT (source, run_id, record_id) DO UPDATE
           SET place = EXCLUDED.place, reason = EXCLUDED.reason, payload = EXCLUDED.payload, quarantined_at = EXCLUDED.quarantined_at`,
    values: [
      ...[source, runId, faults.map(({ id }) => id), faults.map(({ place }) => place)],
      faults.map(({ fault }) => storableText(fault)),
      faults.map(({ payload }) => storableText(payload.slice(0, MAX_KEPT_PAYLOAD).toWellFormed())),
    ],
  });
}

function hashOf(payload: string): Buffer {
  return createHash('sha256').update(payload).digest();
}
